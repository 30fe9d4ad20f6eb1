"""What has arrived at the edges, read from their record: the only thing that a run believes."""

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path

_LOOK_SECONDS = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One copy of a mail or text that an edge has taken."""

    kind: str
    at: float
    """On the steady clock."""
    to: str
    id: str
    code: str
    link: str
    digest: str
    """Of all its bytes: two copies of one message must not differ."""


@dataclass(slots=True, eq=False)
class Messages:
    """All messages so far, oldest first."""

    path: Path
    all: list[Message] = field(default_factory=list)
    to: dict[str, list[Message]] = field(default_factory=dict)
    """By recipient, for those who have any."""
    _read: int = 0

    def refresh(self) -> None:
        """Take in what has come since; a line that is not whole yet is left for later."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            file.seek(self._read)
            new = file.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            message = Message(**json.loads(line))
            self.all.append(message)
            self.to.setdefault(message.to, []).append(message)

    def of(self, person: str) -> list[Message]:
        """Return what a person has received, oldest first."""
        return self.to.get(person, [])

    async def wait_for(self, person: str, *, count: int = 1, patience: float = 15.0) -> Message:
        """Return a person's newest message once they have so many different ones."""
        async with asyncio.timeout(patience):
            while len({message.id for message in self.of(person)}) < count:
                await asyncio.sleep(_LOOK_SECONDS)
                self.refresh()
        return self.to[person][-1]

    async def wait_for_all(self, people: set[str], *, patience: float) -> set[str]:
        """Wait until each of them has a message; return who has none when patience ends."""
        deadline = asyncio.get_running_loop().time() + patience
        self.refresh()
        while missing := {person for person in people if person not in self.to}:
            if asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(_LOOK_SECONDS * 4)
            self.refresh()
        return missing
