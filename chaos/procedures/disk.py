"""R-20, R-38: the disk below the database is full; two servers want one file."""

import asyncio
import os
import resource
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from chaos.databases import SQLITE, SqliteFile
from chaos.driver import at_once
from chaos.figures import Figure, at_least, at_most, none_of, told
from chaos.ledger import OK
from chaos.nodes import Node
from chaos.registry import procedure
from chaos.stage import Stage

_SIZE = 8 << 20
_UNAVAILABLE = 503


@procedure(
    "R-20",
    "the 8 MiB disk with the database and the log is filled, and freed",
    bound="every acknowledged row is there; 503, never 500; back ≤ 5 s without a restart",
    databases=(SQLITE,),
)
async def disk_full(stage: Stage) -> list[Figure]:
    """What cannot be written is refused; what was acknowledged stays."""
    folder = stage.folder / "disk"
    with a_small_disk(folder) as disk:
        stage.database = SqliteFile(folder / "var" / "latchstring.db")
        node = stage.node(at=folder)
        await node.start()
        before = await _some_logins(stage, node, 12)
        disk.fill(node)
        full = await _until_refused(stage, node)
        alive, ready = await node.status("/livez"), await _soon(node, _UNAVAILABLE)
        disk.free(node)
        freed = time.monotonic()
        back = await _until_accepted(stage, node, patience=30)
        after = await _some_logins(stage, node, 12)
        await stage.settled()
        figures = await stage.ledger_check()
        whole = await stage.database.integrity()
        same = node.process is not None and node.process.poll() is None
        node.kill()
    return [
        *figures,
        at_least("logins before", before, 12),
        none_of("answers on the full disk that were not 503", full - {_UNAVAILABLE}),
        none_of("answers with a fault of ours", stage.ledger.wrong_statuses),
        Figure(f"live meanwhile {alive}, ready {ready}", "200, 503", (alive, ready) == (200, 503)),
        at_most(
            "first success after space came back", back - freed, 5 * stage.scale.patience, " s"
        ),
        at_least("logins afterwards", after, 12),
        Figure(f"integrity {whole}", "ok", whole == "ok"),
        Figure("the process is the same" if same else "the process ended", "same", same),
        told(disk.kind),
    ]


class Disk(Protocol):
    """Something that can be full."""

    kind: str

    def fill(self, node: Node) -> None:
        """Leave not one byte."""

    def free(self, node: Node) -> None:
        """Give all of it back."""


class SmallDisk:
    """A few mebibytes of memory, mounted; needs the rights of root."""

    kind = "an 8 MiB disk of its own"

    def __init__(self, folder: Path) -> None:
        """Fill it by a file in this folder."""
        self._filler = folder / "filler"

    def fill(self, node: Node) -> None:  # noqa: ARG002 - the disk is full for everybody
        """Write until there is no space."""
        with self._filler.open("wb", buffering=0) as file:
            for size in (1 << 16, 1 << 12, 1):
                with suppress(OSError):
                    while file.write(b"x" * size) == size:
                        pass

    def free(self, node: Node) -> None:  # noqa: ARG002 - as above
        """Remove the file."""
        self._filler.unlink()


class ForbiddenDisk:
    """What an ordinary user can do: no file of the node may grow (EFBIG instead of ENOSPC)."""

    kind = "no root: the node's files may not grow instead"

    def fill(self, node: Node) -> None:
        """Let every write to a file fail."""
        for each in node.tree():
            _, hard = resource.prlimit(each.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(each.pid, resource.RLIMIT_FSIZE, (0, hard))

    def free(self, node: Node) -> None:
        """Let them succeed again."""
        for each in node.tree():
            _, hard = resource.prlimit(each.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(each.pid, resource.RLIMIT_FSIZE, (hard, hard))


@contextmanager
def a_small_disk(folder: Path) -> Iterator[Disk]:
    """Give a folder on a disk that can be filled without harm to anybody."""
    folder.mkdir()
    if os.geteuid() != 0:
        yield ForbiddenDisk()
        return
    options = f"size={_SIZE},mode=700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def _some_logins(stage: Stage, node: Node, count: int) -> int:
    people = [stage.driver.person("disk") for _ in range(count)]
    done = await asyncio.gather(*(stage.driver.sign_in(person, node) for person in people))
    return sum(done)


async def _until_refused(stage: Stage, node: Node) -> set[int]:
    """Ask until the disk is known to be full, and on; return the statuses other than 200."""
    seen: set[int] = set()

    async def live(_client: int) -> None:
        refusals = 0
        for _ in range(400):
            entry = await stage.driver.start(stage.driver.person("full"), node)
            if entry.status != OK:
                seen.add(entry.status)
                refusals += 1
            if refusals >= 5:
                return

    await at_once(4, live)
    return seen


async def _soon(node: Node, wanted: int) -> int:
    """Return what readiness says, after at most three seconds."""
    for _ in range(30):
        if (status := await node.status("/readyz")) == wanted:
            return status
        await asyncio.sleep(0.1)
    return await node.status("/readyz")


async def _until_accepted(stage: Stage, node: Node, patience: float) -> float:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if (await stage.driver.start(stage.driver.person("back"), node)).status == OK:
            return time.monotonic()
        await asyncio.sleep(0.02)
    return deadline


@procedure(
    "R-38",
    "a second server is started on the same SQLite file",
    bound="it refuses with one sentence; the first serves on",
    databases=(SQLITE,),
)
async def second_server(stage: Stage) -> list[Figure]:
    """One server per file: the second one says so and leaves everything as it was."""
    first, second = stage.node(), stage.node()
    await first.start()
    before = await stage.driver.sign_in(stage.driver.person("one"), first)
    second.launch()
    code = await second.ended(20)
    after = await stage.driver.sign_in(stage.driver.person("one"), first)
    words = second.log.strip()
    one_line = "\n" not in words and "Traceback" not in words
    return [
        *await stage.ledger_check(),
        Figure(f"exit code {code}", "not 0", code != 0),
        Figure(f"said: {words}", "one sentence", one_line and "Another server" in words),
        Figure("the first serves on" if after else "the first is gone", "", before and after),
        none_of("answers with a fault of ours", stage.ledger.wrong_statuses),
    ]
