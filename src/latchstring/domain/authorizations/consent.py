"""Consent: what a person lets somebody else's application know and do."""

from datetime import datetime

import msgspec

from latchstring.base.ids import ClientId, UserId
from latchstring.domain.authorizations.scopes import OPENID

NO_API = ""
"""The audience of what is for our own userinfo endpoint."""

_SCOPE_OF_CLAIM = {
    "name": "profile",
    "nickname": "profile",
    "updated_at": "profile",
    "email": "email",
    "email_verified": "email",
    "phone_number": "phone",
    "phone_number_verified": "phone",
}
"""A claim that is asked for by name is no smaller thing than the scope that brings it."""


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """One scope that a person granted one application."""

    user_id: UserId
    client_id: ClientId
    audience: str
    scope: str
    granted_at: datetime


def scopes_in_question(scope: str, claims: str | None) -> tuple[str, ...]:
    """Return the scopes a request needs consent to, also those of claims it asks for by name.

    Whoever asks for nothing still learns who comes back.
    """
    named = msgspec.json.decode(claims) if claims else {}
    implied = [
        _SCOPE_OF_CLAIM[name]
        for member in named.values()
        for name in member
        if name in _SCOPE_OF_CLAIM
    ]
    return tuple(dict.fromkeys([OPENID, *scope.split(), *implied]))
