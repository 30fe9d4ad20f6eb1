"""Who signs in: four times in five somebody whom the database knows, else somebody new."""

import random
from dataclasses import dataclass, field

NEW_SHARE = 0.2


def address(serial: int) -> str:
    """Return the address of the person with this serial; the first ones are loaded in advance."""
    return f"person.{serial}@bench.example"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is about to sign in."""

    address: str
    is_new: bool


@dataclass(slots=True)
class People:
    """Everybody who may sign in at one contestant's; nobody twice at the same time."""

    known: int
    """How many are in the database from the beginning."""

    created: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random("latchstring"))
    _busy: set[Person] = field(default_factory=set)

    def take(self) -> Person:
        """Return somebody who is not signing in just now."""
        if self.chance.random() >= NEW_SHARE:
            return self.take_known()
        self.created += 1
        return Person(address(self.known + self.created - 1), is_new=True)

    def take_known(self) -> Person:
        """Return somebody who is in the database and not signing in just now.

        Raises ``LookupError`` where everybody is: the server is far behind, and to wait here would
        keep the sinks of this process from ever hearing of it.
        """
        if len(self._busy) >= self.known:
            message = f"all {self.known} people are signing in"
            raise LookupError(message)
        while True:
            person = Person(address(self.chance.randrange(self.known)), is_new=False)
            if person not in self._busy:
                self._busy.add(person)
                return person

    def give_back(self, person: Person) -> None:
        """Let somebody sign in again."""
        self._busy.discard(person)
