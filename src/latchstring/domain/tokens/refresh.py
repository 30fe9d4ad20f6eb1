"""Refresh tokens: a family of them from one sign-in, of which one works at a time.

A token is the family's id, its generation in it, the key's version and a 128-bit tag that only the
key file can make. So the table holds no token, not even a digest; a forged one is refused before
the database is asked; and the newest can be made again for a client that lost our answer.
"""

import secrets
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from latchstring.base.errors import Forbidden
from latchstring.base.ids import ClientId, FamilyId, SessionId, UserId
from latchstring.base.secrets import Keyring, UnknownKey, decode, encode, equal

GRACE = timedelta(seconds=10)
"""How long the token before the newest is taken for a client that lost our answer: it gets the
newest once more. Later, somebody has a copy, and the family ends (RFC 9700 section 4.14.2)."""

_LABEL = "refresh"
_ID_BYTES = 15
_GENERATION_BYTES = 4
_TAG_BYTES = 16
LENGTH = 48


class RefreshRefused(Forbidden):
    """Unknown or invalid refresh token."""


class Lifetime(msgspec.Struct, frozen=True):
    """How long a family lives unused, and at most."""

    idle: timedelta
    absolute: timedelta


class RefreshFamily(msgspec.Struct, frozen=True, kw_only=True):
    """What a sign-in allows a client to have again and again, and how often it has had it."""

    id: FamilyId
    client_id: ClientId
    user_id: UserId
    session_id: SessionId | None
    code_digest: str | None
    """The authorization code it came from: a replay of that code ends it."""

    scope: str
    audience: str | None
    auth_time: datetime
    amr: tuple[str, ...]
    generation: int
    """Of the token that works now."""

    rotated_at: datetime
    idle_ends_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    created_at: datetime
    claims: str | None
    """Claims that the client asked for by name, as JSON."""

    def is_live(self, now: datetime) -> bool:
        """Whether its newest token still works."""
        return self.ended_at is None and now < self.idle_ends_at and now < self.ends_at


class Standing(StrEnum):
    """What a genuine token that did not rotate its family is."""

    OVER = "over"
    FOREIGN = "another client's"
    REPEATED = "repeated"
    REUSED = "reused"


class Presented(msgspec.Struct, frozen=True):
    """A token that this installation made; its family may long be over."""

    family_id: FamilyId
    generation: int


def standing(
    family: RefreshFamily, presented: Presented, client_id: ClientId, *, now: datetime
) -> Standing:
    """Return why a token did not rotate its family.

    A generation that is yet to come is from a future that a restored database does not know: as bad
    as a reused one.
    """
    if family.client_id != client_id:
        return Standing.FOREIGN
    if not family.is_live(now):
        return Standing.OVER
    if presented.generation == family.generation - 1 and now - family.rotated_at < GRACE:
        return Standing.REPEATED
    return Standing.REUSED


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """The sign-in that a family comes of."""

    client_id: ClientId
    user_id: UserId
    session_id: SessionId | None
    code_digest: str | None
    scope: str
    audience: str | None
    auth_time: datetime
    amr: tuple[str, ...]
    claims: str | None = None


def open_family(basis: Basis, lifetime: Lifetime, *, now: datetime) -> RefreshFamily:
    """Return a new family; its first token is of generation 0."""
    return RefreshFamily(
        id=FamilyId(encode(secrets.token_bytes(_ID_BYTES))),
        client_id=basis.client_id,
        user_id=basis.user_id,
        session_id=basis.session_id,
        code_digest=basis.code_digest,
        scope=basis.scope,
        audience=basis.audience,
        auth_time=basis.auth_time,
        amr=basis.amr,
        generation=0,
        rotated_at=now,
        idle_ends_at=now + lifetime.idle,
        ends_at=now + lifetime.absolute,
        ended_at=None,
        created_at=now,
        claims=basis.claims,
    )


def token_of(family_id: FamilyId, generation: int, keyring: Keyring) -> str:
    """Return the token of a generation, as the client holds it: 48 characters."""
    return _token(family_id, generation, keyring, keyring.current)


def read(token: str, keyring: Keyring) -> Presented | None:
    """Return what a token names, or nothing for a mangled or forged one."""
    if len(token) != LENGTH or not token.isascii():
        return None
    try:
        raw = decode(token)
        family_id = FamilyId(encode(raw[:_ID_BYTES]))
        generation = int.from_bytes(raw[_ID_BYTES : _ID_BYTES + _GENERATION_BYTES])
        version = raw[_ID_BYTES + _GENERATION_BYTES]
        genuine = _token(family_id, generation, keyring, version)
    except (ValueError, UnknownKey):
        return None
    return Presented(family_id, generation) if equal(token, genuine) else None


def _token(family_id: FamilyId, generation: int, keyring: Keyring, version: int) -> str:
    named = decode(family_id) + generation.to_bytes(_GENERATION_BYTES)
    tag = keyring.mac(_LABEL, named, version=version)[:_TAG_BYTES]
    return encode(named + bytes([version]) + tag)
