"""What was asked and answered, and whether the world agrees with it afterwards.

At the end of each run: every send that was acknowledged has a message; copies of a message are
equal; nobody has more messages than they can have asked for; every success consumed one code; no
code succeeded twice.
"""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from chaos.figures import Figure, none_of
from chaos.messages import Message, Messages
from chaos.wire import Answer, NoAnswer

START = "start"
VERIFY = "verify"
OK = 200
_REFUSED, _FAULTS = 400, 500


@dataclass(slots=True, eq=False)
class Entry:
    """One request and what became of it."""

    number: int
    kind: str
    person: str
    code: str
    asked_at: float
    node: str
    answered_at: float = 0.0
    status: int = 0
    """0: no answer, and nobody knows whether the server acted."""
    retry_after: int | None = None
    reason: str = ""
    reply: dict[str, object] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """How long it took until the answer, or until there was none."""
        return self.answered_at - self.asked_at

    @property
    def name(self) -> str:
        """Who it was about and how it ended, without the code."""
        return f"{self.kind} {self.person}: {self.status or self.reason}"


@dataclass(slots=True, eq=False)
class Ledger:
    """All requests of one run."""

    entries: list[Entry] = field(default_factory=list)

    def open(self, kind: str, person: str, *, code: str = "", node: str = "") -> Entry:
        """Write down that something is about to be asked."""
        entry = Entry(len(self.entries), kind, person, code, time.monotonic(), node)
        self.entries.append(entry)
        return entry

    def close(self, entry: Entry, outcome: Answer | NoAnswer) -> Entry:
        """Write down what came of it."""
        entry.answered_at = time.monotonic()
        if isinstance(outcome, NoAnswer):
            entry.reason = str(outcome)
        else:
            entry.status, entry.retry_after = outcome.status, outcome.retry_after
            entry.reply = outcome.json()
        return entry

    def of(self, kind: str, *, status: int | None = None) -> list[Entry]:
        """Return the requests of a kind, or those that were answered so."""
        return [
            entry for entry in self.entries if entry.kind == kind and status in (None, entry.status)
        ]

    @property
    def acknowledged(self) -> list[Entry]:
        """Sends that were answered with success."""
        return self.of(START, status=OK)

    @property
    def successes(self) -> list[Entry]:
        """Answers that proved somebody."""
        return self.of(VERIFY, status=OK)

    @property
    def wrong_statuses(self) -> set[int]:
        """Statuses that no failure of ours may have."""
        return {entry.status for entry in self.entries if entry.status >= 500} - {503}


def lost(ledger: Ledger, messages: Messages) -> list[str]:
    """Return, once per missing message, the people who had fewer messages than acknowledgments."""
    messages.refresh()
    expected = Counter(entry.person for entry in ledger.acknowledged)
    return [
        person
        for person, count in expected.items()
        for _ in range(count - len({message.id for message in messages.of(person)}))
    ]


def uncalled_for(ledger: Ledger, messages: Messages) -> list[str]:
    """Return, once per message too many, the people who had more than they can have asked for.

    A message that is sent again under another id is no copy to ``duplicates``: here it is noticed.
    Of a start without an answer, or with a fault of ours, nobody knows whether it was carried out.
    Whoever was asked for past the ledger (``chaos.blast``) was asked for once.
    """
    messages.refresh()
    possible = Counter(
        entry.person for entry in ledger.of(START) if not _REFUSED <= entry.status < _FAULTS
    )
    known = {entry.person for entry in ledger.of(START)}
    return [
        person
        for person, came in messages.to.items()
        for _ in range(
            len({message.id for message in came}) - (possible[person] if person in known else 1)
        )
    ]


def duplicates(messages: Messages) -> list[str]:
    """Return the ids of messages that came more than once, once per copy too many."""
    seen: set[str] = set()
    again = []
    for message in messages.all:
        if message.id in seen:
            again.append(message.id)
        seen.add(message.id)
    return again


def changed(messages: Messages) -> list[str]:
    """Return the ids of messages of which two copies differ."""
    first: dict[str, Message] = {}
    return [
        message.id
        for message in messages.all
        if first.setdefault(message.id, message).digest != message.digest
    ]


def check(
    ledger: Ledger,
    messages: Messages,
    consumed: Mapping[str, int],
    *,
    excused: set[str] | None = None,
) -> list[Figure]:
    """Return the figures of the ledger check.

    ``consumed``: how often the database says that a person's codes were used. ``excused``: people
    whose message was dropped as it should be (it had expired).
    """
    missing = [person for person in lost(ledger, messages) if person not in (excused or set())]
    sent = len(ledger.acknowledged)
    figures = [
        none_of("acknowledged sends lost", missing, sent),
        none_of("messages whose copies differ", changed(messages)),
        none_of("messages nobody asked for", uncalled_for(ledger, messages)),
    ]
    if ledger.of(VERIFY):
        figures.append(none_of("wrong successes", wrong_successes(ledger, messages, consumed)))
    return figures


def wrong_successes(ledger: Ledger, messages: Messages, consumed: Mapping[str, int]) -> list[str]:
    """Return successes that no code of that person explains, or that share one."""
    wins = Counter((entry.person, entry.code) for entry in ledger.successes)
    per_person = Counter(entry.person for entry in ledger.successes)
    unknown = Counter(entry.person for entry in ledger.of(VERIFY, status=0))
    found = [
        f"{person}: {wins[person, code]} with one code"
        for person, code in wins
        if wins[person, code] > 1
    ]
    for person, code in wins:
        if code not in {message.code for message in messages.of(person)}:
            found.append(f"{person}: a code that was never sent")
    for person, count in per_person.items():
        used = consumed.get(person, 0)
        # A success may have been lost on its way to us, but none may lack its code.
        if not count <= used <= count + unknown[person]:
            found.append(f"{person}: {count} successes, {used} codes consumed")
    return found
