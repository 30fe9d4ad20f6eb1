"""Turn an ended challenge into a user, signed in if asked; the same for code and link."""

from datetime import datetime
from enum import StrEnum

import msgspec

from latchstring.base.ids import ChallengeId, UserId
from latchstring.base.origin import Origin
from latchstring.db.database import Transaction
from latchstring.domain.audit import store as audit
from latchstring.domain.audit.event import IdentifierVerified, UserCreated
from latchstring.domain.challenges.challenge import Challenge, EndedBy
from latchstring.domain.delivery import store as delivery
from latchstring.domain.identities import store as identities
from latchstring.domain.identities.identifier import SMS, Identifier
from latchstring.domain.identities.user import Standing
from latchstring.domain.limits import store as limits
from latchstring.flows.open_session import Opened, OpenSession, SessionRequest
from latchstring.flows.start_passwordless import ADDRESS_LIMIT


class Method(StrEnum):
    """Which form of the secret came back."""

    CODE = "code"
    LINK = "link"


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """A challenge that this very transaction ended with a right answer."""

    challenge: Challenge
    identifier: Identifier
    method: Method
    standing: Standing | None
    """The person behind the identifier, as this transaction found them."""

    origin: Origin
    session: SessionRequest | None
    ended: list[ChallengeId]
    """Everything that this success ended, the challenge itself among it."""

    @property
    def others(self) -> list[ChallengeId]:
        """What was ended beside it: a message of theirs would bring a dead code."""
        return [challenge_id for challenge_id in self.ended if challenge_id != self.challenge.id]

    @property
    def amr(self) -> tuple[str, ...]:
        """How it was proven."""
        return amr_of(self.identifier, self.method)


def amr_of(identifier: Identifier, method: Method) -> tuple[str, ...]:
    """Return it in the words of RFC 8176; ``email`` is ours, it has none for it."""
    channel = "sms" if identifier.connection == SMS else "email"
    return ("otp", channel) if method is Method.CODE else (channel,)


class VerifiedUser(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who proved an identifier just now."""

    user_id: UserId
    identifier: Identifier
    amr: tuple[str, ...]
    created: bool
    at: datetime
    challenge: Challenge
    opened: Opened | None


class AcceptChallenge(msgspec.Struct, frozen=True):
    """Finds or makes the user, inside the transaction that ended the challenge."""

    open_session: OpenSession

    async def __call__(self, tx: Transaction, proof: Proof, *, now: datetime) -> VerifiedUser:
        """Return the user; the caller made sure that it may sign in."""
        challenge, identifier = proof.challenge, proof.identifier
        if challenge.address_digest is not None:
            # A start that is verified was no flood.
            await limits.give_back(tx, ADDRESS_LIMIT, challenge.address_digest, now)
        await delivery.withdraw_of_challenges(tx, proof.others, reason=EndedBy.USED, now=now)
        if proof.standing is None:
            user_id = await identities.create(tx, identifier, now)
        else:
            user_id = proof.standing.user_id
        created = proof.standing is None
        await identities.note_sign_in(tx, user_id, now)
        await _record(tx, proof, user_id, created=created, now=now)
        opened = None
        if proof.session is not None:
            opened = await self.open_session(tx, proof.session, user_id, proof.amr, now=now)
        return VerifiedUser(
            user_id=user_id,
            identifier=identifier,
            amr=proof.amr,
            created=created,
            at=now,
            challenge=challenge,
            opened=opened,
        )


async def _record(
    tx: Transaction, proof: Proof, user_id: UserId, *, created: bool, now: datetime
) -> None:
    digest, connection = proof.identifier.digest, proof.identifier.connection
    if created:
        made = UserCreated(user_id=user_id, identifier_digest=digest, connection=connection)
        await audit.record(tx, made, proof.origin, now=now)
    verified = IdentifierVerified(
        identifier_digest=digest,
        user_id=user_id,
        client_id=proof.challenge.client_id,
        connection=connection,
        method=proof.method,
    )
    await audit.record(tx, verified, proof.origin, now=now)
