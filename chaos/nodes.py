"""Server processes: started as an operator starts them, and ended as no operator would."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from chaos.wire import NoAnswer, Wire, get

PROGRAM: Sequence[str] = (sys.executable, "-c", "from latchstring.main import run; run()")
_LOOK_SECONDS = 0.01
_MIB = 2**20


class NotReady(Exception):
    """A node did not come up."""


@dataclass(slots=True, eq=False)
class Node:
    """One server: its configuration, its port, its process with everything below it."""

    name: str
    configuration: Path
    port: int
    program: Sequence[str] = PROGRAM
    environment: Mapping[str, str] = field(default_factory=dict)
    metrics: Wire | None = None
    role: str = "serve"
    """The command that it runs: a server, or a worker that delivers only."""
    process: subprocess.Popen[bytes] | None = None
    wire: Wire = field(init=False)

    def __post_init__(self) -> None:
        """Make the wire that asks it."""
        self.wire = Wire(self.port)

    @property
    def log_file(self) -> Path:
        """What it says, over all its runs."""
        return self.configuration.with_suffix(".log")

    @property
    def log(self) -> str:
        """Everything that it has said."""
        if not self.log_file.exists():
            return ""
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    async def start(self, patience: float = 30.0) -> float:
        """Start it and return how many seconds it took until it was ready."""
        began = time.monotonic()
        self.launch()
        await self.until_ready(patience)
        return time.monotonic() - began

    def launch(self, *arguments: str) -> None:
        """Start it and wait for nothing."""
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.program, self.role, "--config", str(self.configuration), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_clean() | dict(self.environment),
                start_new_session=True,
            )

    async def until_ready(self, patience: float = 30.0) -> None:
        """Wait until it can do its work; raise ``NotReady`` where it ends or takes too long."""
        deadline = time.monotonic() + patience
        while await self.status("/readyz") != 200:
            if self.process is not None and self.process.poll() is not None:
                raise NotReady(f"{self.name} ended: {self.last_words()}")
            if time.monotonic() > deadline:
                raise NotReady(f"{self.name} is not ready after {patience:.0f} s")
            await asyncio.sleep(_LOOK_SECONDS)

    async def status(
        self, path: str, patience: float = 5.0, headers: Mapping[str, str] | None = None
    ) -> int:
        """Return the status of an answer, 0 for none."""
        try:
            return (await self.wire.ask(get(path, headers), patience=patience)).status
        except NoAnswer:
            return 0

    async def measured(self) -> dict[str, float]:
        """Return what its metrics say, the ones without labels."""
        assert self.metrics is not None
        try:
            text = (await self.metrics.ask(get("/metrics"))).body.decode()
        except NoAnswer:
            return {}
        lines = (line.split() for line in text.splitlines() if not line.startswith("#"))
        return {words[0]: float(words[1]) for words in lines if len(words) >= 2}

    def kill(self) -> None:
        """End it and everything below it without a chance to say anything."""
        self.wire.close()
        if self.metrics is not None:
            self.metrics.close()
        if self.process is None:
            return
        with suppress(psutil.NoSuchProcess):
            for each in self.tree():  # the first one first: it would start the others again
                with suppress(psutil.NoSuchProcess):
                    each.kill()
        self.process.kill()
        self.process.wait(20)
        self.process = None

    def signal(self, number: int) -> None:
        """Send its first process a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    async def stop(self, patience: float = 40.0) -> int:
        """Ask it to stop and return its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return await self.ended(patience)

    async def ended(self, patience: float = 40.0) -> int:
        """Wait for its end and return its exit code; raise ``TimeoutError`` otherwise."""
        assert self.process is not None
        async with asyncio.timeout(patience):
            while (code := self.process.poll()) is None:
                await asyncio.sleep(_LOOK_SECONDS)
        self.process = None
        self.wire.close()
        return code

    def tree(self) -> list[psutil.Process]:
        """Return its processes, the first one first."""
        assert self.process is not None
        root = psutil.Process(self.process.pid)
        return [root, *root.children(recursive=True)]

    def memory(self) -> float:
        """Return the proportional set size of all its processes in MiB."""
        return float(sum(each.memory_full_info().pss for each in self.tree())) / _MIB

    def files(self) -> int:
        """Return how many files and connections all its processes have open."""
        return int(sum(each.num_fds() for each in self.tree()))

    def last_words(self) -> str:
        """Return the end of its log."""
        return self.log[-1500:]

    def command(
        self, *arguments: str, stdin: str = "", patience: float = 60.0
    ) -> subprocess.CompletedProcess[str]:
        """Run an administrative command on its configuration."""
        return subprocess.run(
            [*self.program, *arguments, "--config", str(self.configuration)],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=patience,
            check=False,
            env=_clean() | dict(self.environment),
        )


def _clean() -> dict[str, str]:
    """Return this process's environment without configuration of the program's."""
    return {name: v for name, v in os.environ.items() if not name.startswith("LATCHSTRING_")}
