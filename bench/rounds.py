"""The run: cold starts, a discarded warm-up, then rounds in which server and floor take turns."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import apsw

from bench.load import Load, Window
from bench.people import VARIANTS, Variant
from bench.server import Server, a_server
from bench.sinks import Sinks, sinks

_SETTLE_SECONDS = 0.2
"""After the last answer the worker still writes down what it sent."""
_LARGEST_PART = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long to measure what."""

    seconds: float
    rounds: int
    users: tuple[int, ...]
    cold_starts: int
    folder: Path


@dataclass(slots=True)
class Cell:
    """A variant under a number of virtual users: one value per round, and every latency."""

    variant: Variant
    users: int
    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    """Milliseconds per login."""
    floor_rates: list[float] = field(default_factory=list)
    floor_cpu: list[float] = field(default_factory=list)
    total: Window = field(default_factory=Window)


@dataclass(slots=True)
class Result:
    """Everything that was measured."""

    cells: list[Cell]
    first_start: float = 0.0
    cold_starts: list[float] = field(default_factory=list)
    memory_idle: float = 0.0
    memory_after: float = 0.0
    parts: dict[str, float] = field(default_factory=dict)
    logins: int = 0
    created: int = 0


class BenchFailed(Exception):
    """A figure could not be trusted, so there is none."""


async def run(plan: Plan) -> Result:
    """Measure; raise ``BenchFailed`` if a single login failed or left other rows than it should."""
    result = Result([Cell(variant, users) for variant in VARIANTS for users in plan.users])
    async with sinks() as edges, _floor(plan.folder / "floor.db") as floor:
        ports = {"smtp_port": edges.smtp_port, "gateway_port": edges.gateway_port}
        with a_server(plan.folder, **ports) as server:
            await _start(plan, server, result)
            await _measure(plan, server, edges, floor, result)
        _check_rows(server, result)
        messages = min(_LARGEST_PART, result.logins)
        result.parts = await _parts(server, messages)
    return result


async def _start(plan: Plan, server: Server, result: Result) -> None:
    """Start it again and again, and leave the last one running."""
    result.first_start = await asyncio.to_thread(server.start)
    for _ in range(plan.cold_starts):
        await asyncio.to_thread(server.stop)
        result.cold_starts.append(await asyncio.to_thread(server.start))
    await asyncio.sleep(1)
    result.memory_idle = server.memory()


async def _measure(
    plan: Plan, server: Server, edges: Sinks, floor: "Floor", result: Result
) -> None:
    most = max(plan.users)
    loads = {v: Load(v, edges.codes, port=server.port, users=most) for v in VARIANTS}
    for load in loads.values():
        _add(result, await load.run(most, plan.seconds))
    await floor.run(plan.seconds / 2)
    for _ in range(plan.rounds):
        for cell in result.cells:
            await _pair(plan, server, loads[cell.variant], floor, cell)
    for cell in result.cells:
        _add(result, cell.total)
    result.memory_after = server.memory()


async def _pair(plan: Plan, server: Server, load: Load, floor: "Floor", cell: Cell) -> None:
    """Measure the server, then at once the floor."""
    before = server.cpu_seconds()
    window = await load.run(cell.users, plan.seconds)
    await asyncio.sleep(_SETTLE_SECONDS)
    used = server.cpu_seconds() - before
    _refuse_errors(window)
    cell.rates.append(window.logins / window.seconds)
    cell.cpu.append(used / window.logins * 1000)
    for name in ("logins", "created"):
        setattr(cell.total, name, getattr(cell.total, name) + getattr(window, name))
    for name in ("starts", "arrivals", "verifies"):
        getattr(cell.total, name).extend(getattr(window, name))
    bare = await floor.run(plan.seconds / 3)
    cell.floor_rates.append(bare["logins"] / bare["seconds"])
    cell.floor_cpu.append(bare["cpu"] / bare["logins"] * 1000)


def _add(result: Result, window: Window) -> None:
    _refuse_errors(window)
    result.logins += window.logins
    result.created += window.created


def _refuse_errors(window: Window) -> None:
    if window.errors or not window.logins:
        raise BenchFailed("; ".join(window.errors) or "no login in this time")


def _check_rows(server: Server, result: Result) -> None:
    """Refuse figures of logins that are not all in the database."""
    connection = apsw.Connection(str(server.database))
    expected = {
        "select count(*) from access_tokens": result.logins,
        "select count(*) from users": result.created,
        "select count(*) from messages where state = 'handed_over'": result.logins,
    }
    for question, count in expected.items():
        found = connection.execute(question).fetchone()
        if found != (count,):
            raise BenchFailed(f"{question}: {found}, expected {count}")
    connection.close()


@dataclass(frozen=True, slots=True)
class Floor:
    """The floor's process."""

    process: asyncio.subprocess.Process

    async def run(self, seconds: float) -> dict[str, float]:
        """Let it write for so long."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{seconds}\n".encode())
        answer: dict[str, float] = json.loads(await self.process.stdout.readline())
        return answer


@asynccontextmanager
async def _floor(path: Path) -> AsyncIterator[Floor]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.floor", str(path), stdin=pipe, stdout=pipe
    )
    try:
        yield Floor(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


async def _parts(server: Server, count: int) -> dict[str, float]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.parts",
        str(server.configuration),
        str(count),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise BenchFailed("the parts could not be measured")
    # The program logs to standard error; the last line is ours.
    found: dict[str, float] = json.loads(output.splitlines()[-1])
    return found


def ratios(cell: Cell, less: float = 0.0) -> list[float]:
    """Return server CPU by floor CPU, round by round; ``less`` milliseconds count as not ours."""
    return [(used - less) / bare for used, bare in zip(cell.cpu, cell.floor_cpu, strict=True)]
