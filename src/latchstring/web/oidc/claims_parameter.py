"""The ``claims`` parameter: claims asked for by name (OpenID Connect Core 5.5)."""

from typing import Any

import msgspec

from latchstring.domain.tokens.claims import CLAIMS
from latchstring.web.oidc import texts

_MEMBERS = ("id_token", "userinfo")


class RequestedClaims(msgspec.Struct, frozen=True, kw_only=True):
    """What of the parameter means something here."""

    kept: str | None = None
    """The claims we know, by member, without what was said of them: JSON of bounded size."""

    subject: str | None = None
    """Whom the ID token must be about, where that was said."""

    essential_acr: bool = False
    """Whether certain classes of authentication were demanded; none is ever claimed here."""


def read(text: str | None) -> RequestedClaims:
    """Return what was asked for; raise ``ValueError`` for what is no claims request."""
    if text is None:
        return RequestedClaims()
    asked = _object(text)
    members = {name: _member(asked, name) for name in _MEMBERS}
    known = {
        name: dict.fromkeys(claim for claim in CLAIMS if claim in member)
        for name, member in members.items()
    }
    kept = {name: claims for name, claims in known.items() if claims}
    subject = (members["id_token"].get("sub") or {}).get("value")
    if subject is not None and (not isinstance(subject, str) or texts.fault_of("sub", subject)):
        raise ValueError(_MEMBERS)
    return RequestedClaims(
        kept=msgspec.json.encode(kept).decode() if kept else None,
        subject=subject,
        essential_acr=_demands(members["id_token"].get("acr") or {}),
    )


def _object(text: str) -> dict[str, Any]:
    try:
        asked = msgspec.json.decode(text)
    except RecursionError:
        raise ValueError(_MEMBERS) from None
    if not isinstance(asked, dict):
        raise ValueError(_MEMBERS)  # noqa: TRY004 - a wrong value that came, no wrong use of ours
    return asked


def _member(asked: dict[str, Any], name: str) -> dict[str, dict[str, Any] | None]:
    member = asked.get(name)
    if member is None:
        return {}
    if not isinstance(member, dict):
        raise ValueError(name)  # noqa: TRY004 - as above
    if not all(wish is None or isinstance(wish, dict) for wish in member.values()):
        raise ValueError(name)
    return member


def _demands(acr: dict[str, Any]) -> bool:
    return acr.get("essential") is True and bool(acr.get("value") or acr.get("values"))
