"""Which messages a request asks for: `to` for tests, `q` for people, `after` to wait for news."""

from collections.abc import Iterable

import msgspec
from starlette.datastructures import QueryParams

from latchstring.domain.delivery.senders.inbox import InboxMessage


class Search(msgspec.Struct, frozen=True):
    """A wish: recipient exactly `to`, `words` somewhere, number above `after`."""

    to: str = ""
    words: str = ""
    after: int = 0

    @classmethod
    def of(cls, params: QueryParams) -> "Search":
        """Read the wish from a query string; what makes no sense asks for nothing less."""
        # Numbers reach an `+`-prefixed phone as a space when a hand-written URL forgets %2B.
        to = params.get("to", "").strip().casefold()
        after = params.get("after", "")
        usable = after.isascii() and after.isdigit() and len(after) < len("1000000000")
        return cls(
            to=f"+{to}" if to.isdigit() else to,
            words=params.get("q", "").strip().casefold(),
            after=int(after) if usable else 0,
        )

    def __bool__(self) -> bool:
        """Tell whether this asks for less than everything."""
        return bool(self.to or self.words or self.after)

    def among(self, messages: Iterable[InboxMessage]) -> list[InboxMessage]:
        """Return the messages that fit, in the order they came in."""
        return [message for message in messages if self._fits(message)]

    def _fits(self, message: InboxMessage) -> bool:
        if message.number <= self.after:
            return False
        if self.to and message.recipient.casefold() != self.to:
            return False
        haystack = f"{message.recipient}\n{message.subject}\n{message.text}".casefold()
        return self.words in haystack
