"""Which scopes exist here, and which of the asked ones are granted."""

from collections.abc import Iterable

OPENID = "openid"
OFFLINE_ACCESS = "offline_access"
SCOPES = (OPENID, "profile", "email", "phone", OFFLINE_ACCESS)
"""Those of OpenID Connect that mean something here; an API has its own beside them."""

DEFAULT = OPENID


def granted(asked: str | None, of_api: Iterable[str] = (), *, offline: bool = False) -> str:
    """Return the scopes we grant, each once, in the order asked; asking for none means openid.

    Unknown words are ignored (OpenID Connect Core 3.1.2.1). ``offline`` allows refresh tokens.
    """
    known = {*SCOPES, *of_api} - (set() if offline else {OFFLINE_ACCESS})
    words = (asked or "").split() or [DEFAULT]
    return " ".join(dict.fromkeys(word for word in words if word in known))
