"""Who is here: connections that wait for their clients, requests that wait for us; and no more.

Two bounds keep the house useful for those inside. Connections: when all places are taken, the
client that has kept us waiting longest must go, so that silence never keeps speech out. Requests:
what comes on top of those at work is told to come back, in a few microseconds, and not heard again
before then.
"""

from collections.abc import Callable
from typing import Protocol

from uvicorn.server import ServerState

from latchstring.main.ground import MOST_CONNECTIONS
from latchstring.web.http.busy import Refusal

MOST_AT_WORK = 512
"""Requests that were begun; well above what it takes to keep database and processor busy, well
below what a person would wait for."""


Refuse = Callable[[str], Refusal | None]
"""Says what to answer at a path there is no time for; nothing where there must be time."""


class Guest(Protocol):
    """A connection."""

    def leave(self) -> None:
        """Be gone, without a word."""


class Crowd(ServerState):
    """uvicorn's connections and tasks, and who of them keeps us waiting."""

    def __init__(self, refuse: Refuse) -> None:
        """Take what is said where there is no time."""
        super().__init__()
        self.refuse = refuse
        self.is_leaving = False
        self.arriving = 0
        """Connections that were taken and are not made yet: they may have to shake hands first."""

        self._waiting: dict[Guest, None] = {}

    @property
    def is_busy(self) -> bool:
        """Whether one more request would be one too many."""
        return len(self.tasks) >= MOST_AT_WORK

    @property
    def is_full(self) -> bool:
        """Whether nobody can come in, because nobody who is here only waits."""
        return self._is_crowded and not self._waiting

    def expect(self) -> None:
        """Make a place for one more, if need be that of whoever has kept us waiting longest."""
        if self._is_crowded and self._waiting:
            longest = next(iter(self._waiting))
            self.forget(longest)
            self.connections.discard(longest)
            longest.leave()
        self.arriving += 1

    @property
    def _is_crowded(self) -> bool:
        return len(self.connections) + self.arriving >= MOST_CONNECTIONS

    def wait_for(self, guest: Guest) -> None:
        """Note that it is the client's turn."""
        self._waiting.pop(guest, None)
        self._waiting[guest] = None

    def forget(self, guest: Guest) -> None:
        """Note that the client has said what it had to say, or is gone."""
        self._waiting.pop(guest, None)
