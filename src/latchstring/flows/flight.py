"""A message on its way, and what one round of the worker writes down about those there are."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import msgspec

from latchstring.domain.audit.event import DeliveryFailed
from latchstring.domain.delivery.message import Message, State
from latchstring.domain.delivery.verdict import Report, Verdict

LEASE = timedelta(seconds=5)
"""How long a message is its worker's alone, unless it says in time that it still lives."""

_RENEW_SECONDS = 1.5
_NEVER_ARRIVES = frozenset({State.FAILED, State.EXPIRED})


class Flight(msgspec.Struct, eq=False):
    """A message that this worker holds and sends."""

    message: Message
    held_until: float
    """On the steady clock: when the outbox may give the message to somebody else."""
    task: asyncio.Task[None] | None = None
    watch: asyncio.TimerHandle | None = None
    lost: bool = False

    @property
    def renew_at(self) -> float:
        """When to say that we still send it."""
        return self.held_until - LEASE.total_seconds() + _RENEW_SECONDS


class Round(msgspec.Struct, frozen=True):
    """What one transaction is to do, and what came of it."""

    verdicts: list[tuple[Message, Verdict]]
    renewals: list[Flight]
    most: int
    reports: list[Report] = msgspec.field(default_factory=list)
    lost: list[Flight] = msgspec.field(default_factory=list)
    found: list[Message] = msgspec.field(default_factory=list)
    claimed: list[Message] = msgspec.field(default_factory=list)


def failures_among(reports: Sequence[Report]) -> list[DeliveryFailed]:
    """Return the events of messages that will never arrive."""
    return [_failure(report) for report in reports if report.state in _NEVER_ARRIVES]


def _failure(report: Report) -> DeliveryFailed:
    message = report.message
    return DeliveryFailed(
        identifier_digest=message.identifier_digest,
        channel=message.channel.value,
        state=report.state.value,
        # Relays quote whom they refuse; events outlive the message and know nobody by address.
        reason=report.verdict.last_error.replace(message.recipient, "[…]"),
    )
