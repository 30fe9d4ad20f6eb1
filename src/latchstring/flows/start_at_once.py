"""A whole start in one statement, where the database can: one round trip, and a shared commit.

The steps are those of ``StartPasswordless``, which remains the truth: whatever cannot be told in
one statement, or met somebody else in the way, is done step by step. That it pays is measured in
bench/.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from latchstring.base.ids import new_id
from latchstring.base.secrets import random_token
from latchstring.db import records, statements
from latchstring.db.database import AtOnce
from latchstring.domain.audit.event import ChallengeIssued, details_of
from latchstring.domain.challenges.budget import Browser, Budget, day_before, month_before
from latchstring.domain.challenges.challenge import Challenge, Terms
from latchstring.domain.delivery.message import Message
from latchstring.domain.limits.limit import Exhausted, Limit

Limits = Sequence[tuple[Limit, str]]
Started = Message | Exhausted | None

SQL = statements.load(__package__, "start_at_once.sql")


class WholeStart(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a start writes, as it is for somebody welcome with guesses left."""

    challenge: Challenge
    message: Message
    terms: Terms
    limits: Limits
    event: ChallengeIssued
    sign_up: bool
    request_id: str
    ip: str


class _Row(msgspec.Struct, frozen=True):
    decoy: bool | None
    limit_name: str | None
    limit_ends_at: datetime | None


async def start_at_once(at_once: AtOnce, start: WholeStart, budget: Budget) -> Started:
    """Return the message as it was written, or the limit that is used up; nothing: step by step."""
    statement = SQL["start"] if len(start.limits) == 1 else SQL["start_within_limits"]
    row = await at_once(statement, _Row, _values(start, budget))
    if row is None:
        return None
    if row.limit_name is not None and row.limit_ends_at is not None:
        limit, key = next(found for found in start.limits if found[0].name == row.limit_name)
        return Exhausted(limit, key, row.limit_ends_at)
    if row.decoy is None:
        return None
    return msgspec.structs.replace(start.message, decoy=True) if row.decoy else start.message


def _values(start: WholeStart, budget: Budget) -> dict[str, object]:
    challenge, message, event = start.challenge, start.message, details_of(start.event)
    now = challenge.created_at
    return {
        "id": challenge.id,
        "identifier_digest": challenge.identifier_digest,
        "connection": challenge.connection,
        "identifier": challenge.identifier,
        "client_id": challenge.client_id,
        "send": challenge.send,
        "code_digest": challenge.code_digest,
        "decoy_digest": random_token(),  # has the form of a digest, and no answer has it
        "code_length": challenge.code_length,
        "key_version": challenge.key_version,
        "max_attempts": challenge.max_attempts,
        "return_to": challenge.return_to,
        "address_digest": challenge.address_digest,
        "created_at": now,
        "code_expires_at": challenge.code_expires_at,
        "link_expires_at": challenge.link_expires_at,
        "others_live": start.terms.live - 1,
        **(_one_limit if len(start.limits) == 1 else _many_limits)(start.limits, now),
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
        "attempts": message.attempts,
        "due_at": message.due_at,
        "lease_owner": message.lease_owner,
        "give_up_at": message.give_up_at,
        "event_id": new_id("evt", now),
        "event_type": type(start.event).__name__,
        "details": event,
        "decoy_details": {**event, "decoy": True},
        "request_id": start.request_id or None,
        "ip": start.ip,
    }


def _one_limit(limits: Limits, now: datetime) -> dict[str, object]:
    ((limit, key),) = limits
    return {
        "limit_key": limit.digest_of(key),
        "limit_name": limit.name,
        "limit_count": limit.allowed,
        "limit_end": now + limit.window,
    }


def _many_limits(limits: Limits, now: datetime) -> dict[str, object]:
    """Return them as lists in text: neither digests nor names hold a comma."""
    ends = (str(records.to_milliseconds(now + limit.window)) for limit, _ in limits)
    return {
        "limit_keys": ",".join(limit.digest_of(key) for limit, key in limits),
        "limit_names": ",".join(limit.name for limit, _ in limits),
        "limit_counts": ",".join(str(limit.allowed) for limit, _ in limits),
        "limit_ends": ",".join(ends),
    }
