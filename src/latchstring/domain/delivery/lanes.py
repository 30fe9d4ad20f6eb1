"""Who may be sent next, so that mail to slow places never holds up the rest.

A message starts in one of few fast places. After two seconds it counts as slow and moves over to
the slow places, which frees the fast one for others. A lane (one recipient domain; all text
messages) may fill half of the slow places: past that its messages wait in the outbox.
"""

import msgspec

from latchstring.base.ids import MessageId
from latchstring.domain.delivery.message import Channel, Message

FAST_PLACES = 16
SLOW_PLACES = 32
"""Together what one relay lets a client open at once; Postfix's default is 50."""
SLOW_AFTER_SECONDS = 2.0
LONGEST_TURN = 10.0


def lane_of(message: Message) -> str:
    """Return what is slow together: a recipient's domain, or the one gateway."""
    if message.channel is Channel.SMS:
        return "sms"
    return message.recipient.rpartition("@")[2]


class _Sending(msgspec.Struct):
    lane: str
    since: float
    slow: bool = False


class Lanes(msgspec.Struct):
    """The places and who is in them. Times are seconds of any one steady clock."""

    fast: int = FAST_PLACES
    slow: int = SLOW_PLACES
    slow_after: float = SLOW_AFTER_SECONDS
    _sending: dict[MessageId, _Sending] = msgspec.field(default_factory=dict)
    _turned_away: dict[str, int] = msgspec.field(default_factory=dict)

    @property
    def room(self) -> int:
        """How many more messages may start now."""
        return self.fast - sum(not sending.slow for sending in self._sending.values())

    def admits(self, lane: str) -> bool:
        """Whether this lane may start another message."""
        held = sum(sending.slow and sending.lane == lane for sending in self._sending.values())
        return held < max(1, self.slow // 2)

    def turn_away(self, lane: str) -> float:
        """Return for how many times the usual wait a message of a full lane is put back.

        The more were turned away since one got in, the longer: a huge backlog must not be taken
        out of the outbox and put back all the time.
        """
        count = self._turned_away[lane] = self._turned_away.get(lane, 0) + 1
        return min(LONGEST_TURN, 1 + count / (4 * self.slow))

    def enter(self, message_id: MessageId, lane: str, now: float) -> None:
        """Take a fast place."""
        self._turned_away.pop(lane, None)
        self._sending[message_id] = _Sending(lane, now)

    def leave(self, message_id: MessageId) -> None:
        """Give up whatever place the message had."""
        self._sending.pop(message_id, None)

    def age(self, now: float) -> None:
        """Move what has been sending for too long over to the slow places, while there are any."""
        free = self.slow - sum(sending.slow for sending in self._sending.values())
        for sending in self._sending.values():
            if free > 0 and not sending.slow and now - sending.since >= self.slow_after:
                sending.slow = True
                free -= 1
