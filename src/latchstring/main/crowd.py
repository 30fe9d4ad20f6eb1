"""Who is here: connections that wait for their clients, requests that wait for us; and no more.

Two bounds keep the house useful for those inside. Connections: when all places are taken, the
client that has been silent longest must go, so that silence never keeps speech out; where nobody is
silent, some go with their next answer, so that everybody has a turn. Requests: what comes on top
of those at work is told to come back, in a few microseconds, and not heard again before then.
"""

import time
from collections.abc import Callable
from typing import Protocol

from uvicorn.server import ServerState

from latchstring.main.ground import MOST_CONNECTIONS
from latchstring.web.http.busy import Refusal

MOST_AT_WORK = 512
"""Requests that were begun; well above what it takes to keep database and processor busy, well
below what a person would wait for."""

SILENT_SECONDS = 1.0
"""Who has said nothing for less may be in the middle of a word."""

_TURNS = 4
"""Places that are wanted each time somebody is found waiting outside."""

Refuse = Callable[[str], Refusal | None]
"""Says what to answer at a path there is no time for; nothing where there must be time."""


class Guest(Protocol):
    """A connection."""

    def leave(self) -> None:
        """Be gone, without a word."""


class Crowd(ServerState):
    """uvicorn's connections and tasks, and who of them keeps us waiting."""

    def __init__(self, refuse: Refuse, steady: Callable[[], float] = time.monotonic) -> None:
        """Take what is said where there is no time."""
        super().__init__()
        self.refuse = refuse
        self.is_leaving = False
        self.arriving = 0
        """Connections that were taken and are not made yet: they may have to shake hands first."""

        self._steady = steady
        self._silent: dict[Guest, float] = {}
        """Since when; whoever has been silent longest comes first."""

        self._wanted = 0

    @property
    def is_busy(self) -> bool:
        """Whether one more request would be one too many."""
        return len(self.tasks) >= MOST_AT_WORK

    def make_place(self) -> bool:
        """Tell whether one more may come in, if need be for one that is silent."""
        if len(self.connections) + self.arriving < MOST_CONNECTIONS:
            return True
        longest = next(iter(self._silent), None)
        if longest is None or self._steady() - self._silent[longest] < SILENT_SECONDS:
            self._wanted = _TURNS
            return False
        self.forget(longest)
        self.connections.discard(longest)
        longest.leave()
        return True

    def takes_turns(self) -> bool:
        """Tell whether this connection is to end with its next answer, because others wait."""
        if not self._wanted:
            return False
        self._wanted -= 1
        return True

    def wait_for(self, guest: Guest) -> None:
        """Note that it is the client's turn."""
        self._silent.pop(guest, None)
        self._silent[guest] = self._steady()

    def forget(self, guest: Guest) -> None:
        """Note that the client has said what it had to say, is not listened to, or is gone."""
        self._silent.pop(guest, None)
