"""Who signs in, and by which of the two variants."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

NEW_SHARE = 0.2
"""One login in five is somebody's first."""
KNOWN_AT_LEAST = 8
"""So many come back per virtual user; until then everybody is new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One way to sign in."""

    name: str
    connection: str
    field: str
    """The member of the start's body that names the person."""
    scope: str
    person: Callable[[int], str]
    """Makes the address or number of the person with this serial."""

    @property
    def has_id_token(self) -> bool:
        """Whether an ID token is signed."""
        return "openid" in self.scope.split()


FULL = Variant(
    name="full",
    connection="email",
    field="email",
    scope="openid email",
    person=lambda serial: f"person.{serial}@bench.example",
)
LEAN = Variant(
    name="lean",
    connection="sms",
    field="phone_number",
    scope="phone",
    # German mobile numbers, of which there are enough; they are told to our own sink alone.
    person=lambda serial: f"+4915{1_000_000_00 + serial:09}",
)
VARIANTS = (FULL, LEAN)


@dataclass(slots=True)
class Crowd:
    """The people whom one virtual user signs in, one after the other."""

    variant: Variant
    serials: Callable[[], int]
    known: list[str] = field(default_factory=list)

    def next(self, chance: random.Random) -> tuple[str, bool]:
        """Return somebody, and whether it is their first time."""
        if len(self.known) < KNOWN_AT_LEAST or chance.random() < NEW_SHARE:
            return self.variant.person(self.serials()), True
        return chance.choice(self.known), False
