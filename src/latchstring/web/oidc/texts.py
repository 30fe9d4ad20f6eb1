"""How long a parameter's text may be, and what may not stand in it."""

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST = {
    "claims": 4096,
    "ui_locales": 256,
    "state": 4096,
    "id_token_hint": 8192,
    "nonce": 1024,
    "login_hint": 320,
}
_LONG = 2048
_JSON = frozenset({"claims"})
"""May be written on several lines; its reader allows control characters nowhere else."""


def fault_of(name: str, value: str | None) -> str | None:
    """Return what is wrong with a value that would be kept, shown or sent on."""
    text = value or ""
    control = _CONTROL.search(text) if name not in _JSON else None
    if len(text) > _LONGEST.get(name, _LONG) or control:
        return f"{name} is too long or has control characters."
    return None
