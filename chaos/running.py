"""Runs one procedure on one database, from an empty folder to its result."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from chaos.databases import SQLITE, Database, ServerDatabase, SqliteFile
from chaos.nodes import PROGRAM
from chaos.registry import Procedure
from chaos.report import Result
from chaos.scale import Scale
from chaos.stage import a_stage
from tests.support.postgresql import Cluster

_LONGEST_SECONDS = 1800.0


async def run(
    procedure: Procedure,
    kind: str,
    scale: Scale,
    folder: Path,
    cluster: Cluster | None = None,
    *,
    program: Sequence[str] = PROGRAM,
) -> Result:
    """Return what came of it; trouble on the way is a result too.

    A cluster that is handed in is lent: without one, or for a procedure that hurts the server, the
    run has its own. Another program is one that does it wrong, and must fall short.
    """
    began = time.monotonic()
    assert procedure.run is not None
    try:
        async with (
            asyncio.timeout(_LONGEST_SECONDS),
            _database(procedure, kind, folder, cluster) as database,
            a_stage(folder, scale, database, program) as stage,
        ):
            figures = await procedure.run(stage)
    except Exception as trouble:  # noqa: BLE001 - the other procedures are still to run
        words = f"{type(trouble).__name__}: {trouble}"
        return Result(
            procedure=procedure,
            database=kind,
            trouble=" ".join(words.split()),
            seconds=time.monotonic() - began,
        )
    seconds = time.monotonic() - began
    return Result(procedure=procedure, database=kind, figures=figures, seconds=seconds)


@asynccontextmanager
async def _database(
    procedure: Procedure, kind: str, folder: Path, lent: Cluster | None
) -> AsyncIterator[Database]:
    if kind == SQLITE:
        yield SqliteFile(folder / "var" / "latchstring.db")
        return
    cluster = lent if lent is not None and not procedure.hurts_server else None
    own = a_cluster() if cluster is None else None
    server = own or cluster
    assert server is not None
    try:
        if own is not None:
            await asyncio.to_thread(own.create)
        name = f"chaos_{secrets.token_hex(4)}"
        await asyncio.to_thread(server.create_database, name)
        yield ServerDatabase(server, name)
        if own is None:
            await asyncio.to_thread(server.drop_database, name)
    finally:
        if own is not None:
            await asyncio.to_thread(own.close)


def a_cluster(**settings: str) -> Cluster:
    """Return a server like one in production, that also listens on loopback; not started yet."""
    return Cluster({"max_connections": "200"} | settings, tcp=True)
