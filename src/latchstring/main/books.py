"""The numbers of several server processes; none goes down when a process is replaced."""

import msgspec

from latchstring.main.tally import Tally
from latchstring.web.http.metrics import Snapshot

SUPERVISOR = "supervisor"


class Books(msgspec.Struct, eq=False):
    """What each process said last, and what those before it had said at their end."""

    own: Tally = msgspec.field(default_factory=Tally)
    _before: dict[int, Snapshot] = msgspec.field(default_factory=dict)
    _latest: dict[int, Snapshot] = msgspec.field(default_factory=dict)

    def note(self, number: int, numbers: Snapshot) -> None:
        """Take what a process says."""
        self._latest[number] = numbers

    def close(self, number: int) -> None:
        """Add what a process that ended had said last to what stays."""
        latest = self._latest.pop(number, None)
        if latest is not None:
            self._before[number] = self._before.get(number, Snapshot()).plus(latest)

    def read(self) -> dict[str, Snapshot]:
        """Return all of it, by process."""
        found = {SUPERVISOR: self.own.snapshot()}
        for number in sorted({*self._before, *self._latest}):
            latest = self._latest.get(number, Snapshot())
            sums = self._before.get(number, Snapshot()).plus(latest)
            found[str(number)] = Snapshot(sums.counters, sums.durations, latest.gauges)
        return found
