"""Who is signed in here: kept in memory, so that the cookie holds a random key and nothing else."""

import secrets
from dataclasses import dataclass, field
from typing import Any

KEPT = 1000


@dataclass(frozen=True, slots=True)
class Person:
    """What the sign-in server said about somebody, and its proof."""

    claims: dict[str, Any]
    userinfo: dict[str, Any]
    id_token: str


@dataclass(slots=True)
class People:
    """The latest thousand sign-ins, until this process ends."""

    _by_key: dict[str, Person] = field(default_factory=dict)

    def remember(self, person: Person) -> str:
        """Keep a person under a new key, and let go of the oldest when there are too many."""
        key = secrets.token_urlsafe(32)
        self._by_key[key] = person
        while len(self._by_key) > KEPT:
            del self._by_key[next(iter(self._by_key))]
        return key

    def find(self, key: str | None) -> Person | None:
        """Return the person of this key."""
        return self._by_key.get(key or "")

    def forget(self, key: str | None) -> Person | None:
        """Return the person of this key for the last time."""
        return self._by_key.pop(key or "", None)
