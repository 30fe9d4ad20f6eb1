"""The process of the edges, seen from a run: start it, give it orders, end it."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.edges.proxy import Faults
from chaos.edges.rules import Rule

RECORD = "messages.jsonl"
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(slots=True, eq=False)
class EdgeProcess:
    """Where the edges listen, and how to make them misbehave."""

    process: asyncio.subprocess.Process
    mail_port: int = 0
    text_port: int = 0

    async def mail(self, *rules: Rule, name: str = "") -> None:
        """Replace the relay's rules; none makes it kind again."""
        await self._order("mail_rules", rules=[rule.as_json() for rule in rules], name=name)

    async def texts(self, *rules: Rule) -> None:
        """Replace the gateway's rules."""
        await self._order("text_rules", rules=[rule.as_json() for rule in rules])

    async def mail_listens(self, *, listens: bool, name: str = "") -> None:
        """Open the relay's port, or close it and everything that goes through it."""
        await self._order("mail_listens", listens=listens, name=name)

    async def secret_relay(self, name: str, certificate: Path, key: Path) -> int:
        """Run another relay with TLS and return its port; one of that name is replaced."""
        files = {"certificate": str(certificate), "key": str(key)}
        return int((await self._order("secret_relay", name=name, **files))["port"])

    async def mail_sessions(self) -> int:
        """Return how many connections the relay has now."""
        return int((await self._order("sessions"))["sessions"])

    async def longest_drip(self) -> float:
        """Return how many seconds a client of the relay has borne an answer in drips."""
        return float((await self._order("sessions"))["longest_drip"])

    async def proxy(self, name: str, target: int | str) -> int:
        """Put a piece of network in front of a port or socket; return the port to use instead."""
        return int((await self._order("proxy", name=name, target=target))["port"])

    async def retarget(self, name: str, target: int | str) -> None:
        """Let new connections lead to somebody else, as a changed name or address would."""
        await self._order("retarget", name=name, target=target)

    async def network(self, name: str, faults: Faults | None = None) -> None:
        """Break the network, or mend it."""
        await self._order("faults", name=name, faults=(faults or Faults()).as_json())

    async def reset(self, name: str) -> None:
        """Cut every connection."""
        await self._order("reset", name=name)

    async def half_close(self, name: str) -> None:
        """Close one direction of every connection."""
        await self._order("half_close", name=name)

    async def connections(self, name: str) -> int:
        """Return how many connections go through a proxy now."""
        return int((await self._order("connections", name=name))["open"])

    async def _order(self, kind: str, **order: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": kind, **order}).encode() + b"\n")
        return await self.answer()

    async def answer(self) -> dict[str, Any]:
        """Return the next line that the process says."""
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), 20)
        if not line:
            raise RuntimeError("the edges have gone: see what they said above")
        found: dict[str, Any] = json.loads(line)
        return found


@asynccontextmanager
async def edges(folder: Path) -> AsyncIterator[EdgeProcess]:
    """Run the edges, their record in this folder."""
    command: Sequence[str] = (sys.executable, "-m", "chaos.edges", str(folder))
    process = await asyncio.create_subprocess_exec(
        *command, cwd=_ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    found = EdgeProcess(process)
    try:
        ports = await found.answer()
        found.mail_port, found.text_port = int(ports["mail"]), int(ports["texts"])
        yield found
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
