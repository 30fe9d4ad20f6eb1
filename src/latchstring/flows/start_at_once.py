"""A whole start in one statement, where the database can: one round trip, and a shared commit.

The steps are those of ``StartPasswordless``, which remains the truth: whatever cannot be told in
one statement, or met somebody else in the way, is done step by step. That it pays is measured in
bench/.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from latchstring.base.ids import new_id
from latchstring.base.secrets import Keyring, random_token
from latchstring.db import records, statements
from latchstring.db.database import AtOnce
from latchstring.domain.audit.event import ChallengeIssued, details_of
from latchstring.domain.challenges.budget import Browser, Budget, day_before, month_before
from latchstring.domain.challenges.challenge import LONG_CODE, Challenge, Terms
from latchstring.domain.challenges.secret import answer_digest, code_of
from latchstring.domain.delivery.message import Message
from latchstring.domain.limits.limit import Exhausted, Limit

SQL = statements.load(__package__, "start_at_once.sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeStart:
    """Everything a start writes, as it is for somebody welcome with guesses left."""

    challenge: Challenge
    message: Message
    terms: Terms
    limits: Sequence[tuple[Limit, str]]
    event: ChallengeIssued
    sign_up: bool
    request_id: str
    ip: str


@dataclass(frozen=True, slots=True)
class _Row:
    decoy: bool | None
    code_length: int | None
    limit_name: str | None
    limit_ends_at: datetime | None


async def start_at_once(
    at_once: AtOnce, start: WholeStart, budget: Budget, keyring: Keyring
) -> Message | Exhausted | None:
    """Return the message as it was written, or the limit that is used up; nothing: step by step."""
    row = await at_once(SQL["start"], _Row, _values(start, budget, keyring))
    if row is None:
        return None
    if row.limit_name is not None and row.limit_ends_at is not None:
        limit, key = next(found for found in start.limits if found[0].name == row.limit_name)
        return Exhausted(limit, key, row.limit_ends_at)
    if row.decoy is None or row.code_length is None:
        return None
    inputs = {**start.message.inputs, "code_length": row.code_length}
    return replace(start.message, decoy=row.decoy, inputs=inputs)


def _values(start: WholeStart, budget: Budget, keyring: Keyring) -> dict[str, object]:
    challenge, message = start.challenge, start.message
    now = challenge.created_at
    long_length = max(challenge.code_length, LONG_CODE)
    return {
        **records.values_of(challenge),
        "long_length": long_length,
        "long_digest": _digest(challenge, long_length, keyring),
        "decoy_digest": _no_digest(challenge, keyring),
        "others_live": start.terms.live - 1,
        "limit_keys": ",".join(limit.digest_of(key) for limit, key in start.limits),
        "limit_names": ",".join(limit.name for limit, _ in start.limits),
        "limit_counts": ",".join(str(limit.allowed) for limit, _ in start.limits),
        "limit_ends": ",".join(
            str(records.to_milliseconds(now + limit.window)) for limit, _ in start.limits
        ),
        "sign_up": start.sign_up,
        "browser": Browser.STRANGER,
        "day_ago": day_before(now),
        "month_ago": month_before(now),
        "wrong_per_day": budget.per_day,
        "wrong_per_month": budget.per_month,
        "message_id": message.id,
        "template": message.template,
        "language": message.language,
        "inputs": message.inputs,
        "long_inputs": {**message.inputs, "code_length": long_length},
        "attempts": message.attempts,
        "due_at": message.due_at,
        "lease_owner": message.lease_owner,
        "give_up_at": message.give_up_at,
        "event_id": new_id("evt"),
        "event_type": type(start.event).__name__,
        "details": details_of(start.event),
        "decoy_details": details_of(replace(start.event, decoy=True)),
        "request_id": start.request_id or None,
        "ip": start.ip,
    }


def _digest(challenge: Challenge, length: int, keyring: Keyring) -> str:
    version = challenge.key_version
    code = code_of(challenge.id, length=length, version=version, keyring=keyring)
    return answer_digest(challenge.identifier_digest, code, version=version, keyring=keyring)


def _no_digest(challenge: Challenge, keyring: Keyring) -> str:
    """Return what no answer fits."""
    return answer_digest(
        challenge.identifier_digest,
        random_token(),
        version=challenge.key_version,
        keyring=keyring,
    )
