"""A code redeemed in one statement, where the database can: one round trip, and a shared commit.

The steps are those of ``RedeemCode``, which remains the truth: whatever is no plain success and no
plain wrong answer, or met somebody else in the way, is done step by step. That it pays is measured
in bench/.
"""

from datetime import datetime
from functools import cache

import msgspec

from latchstring.base.ids import (
    ChallengeId,
    ClientId,
    ConnectionName,
    IdentifierDigest,
    UserId,
    new_id,
)
from latchstring.base.secrets import Keyring
from latchstring.db import records, statements
from latchstring.db.database import AtOnce
from latchstring.domain.audit.event import (
    ChallengeRefused,
    Event,
    IdentifierVerified,
    UserCreated,
    details_of,
)
from latchstring.domain.challenges.budget import (
    Browser,
    Budget,
    day_before,
    hour_of,
    month_before,
)
from latchstring.domain.challenges.secret import answer_digest, cleaned_answer
from latchstring.domain.identities.identifier import EMAIL
from latchstring.domain.tokens.access import AccessToken
from latchstring.domain.tokens.claims import Person
from latchstring.flows.accept_challenge import Method
from latchstring.flows.verify_passwordless import Reason, Refused, VerifyRequest

SQL = statements.load(__package__, "redeem_at_once.sql")


class Redeemed(msgspec.Struct, frozen=True):
    """Whom a right code proved."""

    person: Person
    address_digest: str | None
    """The address limit that the start counted against, to be given back."""


class _Row(msgspec.Struct, frozen=True):
    challenge_id: ChallengeId | None
    address_digest: str | None
    user_id: UserId | None
    updated_at: datetime | None
    email: str | None
    email_verified_at: datetime | None
    phone: str | None
    phone_verified_at: datetime | None
    attempts_left: int | None


class WholeRedemption(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a redemption may write."""

    verification: VerifyRequest
    token: AccessToken
    """As it is for the person; whose it is, the statement finds out."""

    wants_person: bool


async def redeem_at_once(
    at_once: AtOnce, wanted: WholeRedemption, budget: Budget, keyring: Keyring
) -> Redeemed | Refused | None:
    """Return whom the code proved, or a refusal that was counted; nothing: step by step."""
    values = _values(wanted, budget, keyring)
    row = await at_once(SQL["redeem"], _Row, values)
    if row is None:
        return None
    if row.challenge_id is not None:
        return Redeemed(_person(row, wanted), row.address_digest)
    if row.attempts_left is not None:
        reason = Reason.WRONG if row.attempts_left else Reason.TOO_MANY
        return Refused(reason, row.attempts_left, counted=True)
    return None


def _person(row: _Row, wanted: WholeRedemption) -> Person:
    token, identifier = wanted.token, wanted.verification.identifier
    if row.user_id is None or row.updated_at is None:
        is_email = identifier.connection == EMAIL
        return Person(
            subject=token.user_id,
            updated_at=token.created_at,
            email=identifier.value if is_email else None,
            email_verified=is_email,
            phone_number=None if is_email else identifier.value,
            phone_number_verified=not is_email,
        )
    return Person(
        subject=row.user_id,
        updated_at=row.updated_at,
        email=row.email,
        email_verified=row.email_verified_at is not None,
        phone_number=row.phone,
        phone_number_verified=row.phone_verified_at is not None,
    )


def _values(wanted: WholeRedemption, budget: Budget, keyring: Keyring) -> dict[str, object]:
    request, token = wanted.verification, wanted.token
    identifier, now = request.identifier, token.created_at
    digest, code = identifier.digest, cleaned_answer(request.code)
    return {
        "identifier_digest": digest,
        "connection": identifier.connection,
        "identifier": identifier.value,
        "client_id": request.client_id,
        "now": now,
        "browser": Browser.STRANGER,
        "day_ago": day_before(now),
        "month_ago": month_before(now),
        "hour_at": hour_of(now),
        "wrong_per_day": budget.per_day,
        "wrong_per_month": budget.per_month,
        "sign_up": request.connection.sign_up,
        "answer_digests": ",".join(
            answer_digest(digest, code, version=version, keyring=keyring)
            for version in keyring.versions
        ),
        "newest_key": max(keyring.versions),
        "new_user_id": token.user_id,
        "token_digest": token.token_digest,
        "token_expires_at": token.expires_at,
        "scope": token.scope,
        "request_id": request.origin.request_id or None,
        "ip": request.origin.ip,
        "created_event_id": new_id("evt", now),
        "event_id": new_id("evt", now),
        **_details(identifier.connection),
        "wants_person": wanted.wants_person,
    }


@cache
def _details(connection: ConnectionName) -> dict[str, object]:
    """Return what the events tell beside their indexed fields: it depends on nothing else."""
    nobody, nothing, nowhere = UserId(""), IdentifierDigest(""), ClientId("")
    created = UserCreated(user_id=nobody, identifier_digest=nothing, connection=connection)
    verified = IdentifierVerified(
        user_id=nobody,
        identifier_digest=nothing,
        client_id=nowhere,
        connection=connection,
        method=Method.CODE,
    )
    wrong, too_many = (
        ChallengeRefused(
            identifier_digest=nothing, client_id=nowhere, connection=connection, reason=reason
        )
        for reason in (Reason.WRONG, Reason.TOO_MANY)
    )
    events: dict[str, Event] = {
        "created_details": created,
        "verified_details": verified,
        "wrong_details": wrong,
        "too_many_details": too_many,
    }
    return {name: records.to_column(details_of(event)) for name, event in events.items()}
