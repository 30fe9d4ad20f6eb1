"""The challenge record and its rules."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec

from latchstring.base.ids import (
    AuthorizationId,
    ChallengeId,
    ClientId,
    ConnectionName,
    IdentifierDigest,
)
from latchstring.base.secrets import Keyring, equal, random_token
from latchstring.base.settings import Send
from latchstring.domain.challenges import secret

LONG_CODE = 10
"""Digits of a code once the identifier's guess budget is used up."""


class EndedBy(StrEnum):
    """Why a challenge is over before its time."""

    USED = "used"
    """Answered, or another one of the same identifier was."""

    SUPERSEDED = "superseded"
    VOIDED = "voided"


class LinkState(StrEnum):
    """What a magic link can still do."""

    LIVE = "live"
    USED = "used"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    VOIDED = "voided"


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a connection asks of a new challenge."""

    send: Send
    code_length: int
    code_lifetime: timedelta
    link_lifetime: timedelta
    max_attempts: int
    live: int


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    """One pending proof. Terms are copied onto it: a later change of settings does not touch it."""

    id: ChallengeId
    identifier_digest: IdentifierDigest
    connection: ConnectionName
    identifier: str
    client_id: ClientId
    authorization_id: AuthorizationId | None
    send: Send
    code_digest: str
    code_length: int
    key_version: int
    max_attempts: int
    attempts: int
    decoy: bool
    return_to: dict[str, Any] | None
    address_digest: str | None
    created_at: datetime
    code_expires_at: datetime
    link_expires_at: datetime
    ended_at: datetime | None
    ended_by: EndedBy | None
    opened_at: datetime | None

    @property
    def attempts_left(self) -> int:
        """Wrong answers it still bears."""
        return max(0, self.max_attempts - self.attempts)

    def is_answerable(self, now: datetime) -> bool:
        """Whether a code could still answer it."""
        return self.ended_at is None and self.code_expires_at > now and self.attempts_left > 0

    def link_state(self, now: datetime) -> LinkState:
        """Return what its link can still do; wrong codes never touch a link."""
        if self.ended_by is not None:
            return LinkState(self.ended_by.value)
        return LinkState.LIVE if self.link_expires_at > now else LinkState.EXPIRED


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """For whom and for what a challenge is issued."""

    identifier_digest: IdentifierDigest
    connection: ConnectionName
    identifier: str
    client_id: ClientId
    authorization_id: AuthorizationId | None = None
    return_to: dict[str, Any] | None = None
    address_digest: str | None = None
    decoy: bool = False
    id: ChallengeId | None = None
    """Given where the request may be repeated; else each challenge has a new one."""


def issue(subject: Subject, terms: Terms, keyring: Keyring, *, now: datetime) -> Challenge:
    """Return a new challenge. A decoy looks the same, and no answer fits it."""
    challenge_id = subject.id or secret.new_challenge_id()
    version = keyring.current
    code = secret.code_of(challenge_id, length=terms.code_length, version=version, keyring=keyring)
    fits = random_token() if subject.decoy else code
    return Challenge(
        id=challenge_id,
        identifier_digest=subject.identifier_digest,
        connection=subject.connection,
        identifier=subject.identifier,
        client_id=subject.client_id,
        authorization_id=subject.authorization_id,
        send=terms.send,
        code_digest=secret.answer_digest(
            subject.identifier_digest, fits, version=version, keyring=keyring
        ),
        code_length=terms.code_length,
        key_version=version,
        max_attempts=terms.max_attempts,
        attempts=0,
        decoy=subject.decoy,
        return_to=subject.return_to,
        address_digest=subject.address_digest,
        created_at=now,
        code_expires_at=now + terms.code_lifetime,
        link_expires_at=now + terms.link_lifetime,
        ended_at=None,
        ended_by=None,
        opened_at=None,
    )


class Answer(msgspec.Struct, frozen=True):
    """A code somebody typed, cleaned, and the client it was typed for."""

    client_id: ClientId
    code: str


def answered_by(
    challenges: Iterable[Challenge], answer: Answer, keyring: Keyring
) -> Challenge | None:
    """Return the challenge that the answer fits, if any.

    Every one of them is compared, in constant time, whether or not an earlier one fitted. Another
    client's code never fits: it would hand a sign-in from one application to another.
    """
    digests: dict[int, str] = {}
    found = None
    for challenge in challenges:
        version = challenge.key_version
        if version not in keyring.versions:
            continue  # its key line was taken out of the file: nothing can fit it any more
        if version not in digests:
            digests[version] = secret.answer_digest(
                challenge.identifier_digest, answer.code, version=version, keyring=keyring
            )
        fits = equal(challenge.code_digest, digests[version])
        if fits and challenge.client_id == answer.client_id:
            found = challenge
    return found
