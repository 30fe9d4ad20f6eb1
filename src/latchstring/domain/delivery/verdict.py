"""What an attempt to send means for its message: the end of it, or another attempt."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from latchstring.domain.delivery.message import Message, State
from latchstring.domain.delivery.schedule import next_attempt
from latchstring.domain.delivery.senders import SendError


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """How a message ended."""

    state: State
    last_error: str = ""
    provider_answer: str = ""


class Again(msgspec.Struct, frozen=True, kw_only=True):
    """A message goes back into the queue until a moment; ``tried``: this was an attempt."""

    due_at: datetime
    last_error: str = ""
    tried: bool = True


Verdict = Settlement | Again


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a message, told after it is durable. No code, no link; mind the recipient."""

    message: Message
    verdict: Verdict
    at: datetime

    @property
    def state(self) -> State:
        """Where the message stands now."""
        return self.verdict.state if isinstance(self.verdict, Settlement) else State.QUEUED


def without_sending(message: Message, now: datetime) -> Settlement | None:
    """Return the end of a message that must not be sent; nothing for one that may be."""
    if message.decoy:
        return Settlement(state=State.SUPPRESSED)
    if now >= message.give_up_at:
        return Settlement(state=State.EXPIRED, last_error=message.last_error)
    return None


def after_failure(
    message: Message, error: SendError, *, reason: str, now: datetime, draw: Callable[[], float]
) -> Verdict:
    """Return what a failed attempt leads to; ``reason`` is what may be stored about it."""
    if error.permanent:
        return Settlement(state=State.FAILED, last_error=reason)
    again = next_attempt(
        now,
        attempts=message.attempts,
        give_up_at=message.give_up_at,
        draw=draw,
        not_before=error.retry_after,
    )
    if again is None:
        return Settlement(state=State.EXPIRED, last_error=reason)
    return Again(due_at=again, last_error=reason)
