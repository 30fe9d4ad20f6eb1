"""R-27, R-28: the next version comes while people sign in, and dies within a migration."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from chaos.crowd import Crowd, asked_between, unproven, with_codes
from chaos.databases import SQLITE, Database, ServerDatabase, SqliteFile
from chaos.figures import Figure, at_least, at_most, exactly, none_of
from chaos.ledger import OK
from chaos.next_version import NUMBER, make_next_version
from chaos.nodes import Node
from chaos.registry import procedure
from chaos.stage import Stage
from tests.support.postgresql import SUPERUSER

_ROOT = Path(__file__).resolve().parents[2]
_BOOK = "select number, count(*) from schema_migrations group by number"
_CHECKSUMS = "select number, checksum from schema_migrations order by number"
_TABLES = "select tablename from pg_tables where schemaname = 'public'"
_EXPECTED = {200, 403}
_WAITS = '"migration_waits"'
_BESIDE_A_READER_SECONDS = 1.5


@procedure(
    "R-27",
    "three nodes start at once on an empty database; each is brought to the next version under "
    "load, the first while a reader (a backup, say) holds every table, and one back",
    bound="one migrates, all come up; no 5xx, 0 lost; both versions read each other's rows; while "
    "the migration waits for the reader, people sign in and nobody waits longer than 1.5 s",
    on_sqlite="one server is stopped, started as the next version, stopped, and started as the one "
    "of before",
    bound_on_sqlite="0 lost; both versions read each other's rows",
)
async def rolled_forward_and_back(stage: Stage) -> list[Figure]:
    """Two versions run side by side for as long as it takes."""
    if stage.database.kind == SQLITE:
        return await _one_after_the_other(stage)
    following = make_next_version(stage.folder)
    nodes = [stage.node() for _ in range(3)]
    await asyncio.gather(*(node.start() for node in nodes))
    first = dict(await stage.database.rows(_BOOK))
    holders = await with_codes(stage, nodes, 12)
    serving = list(nodes)
    async with Crowd(stage, serving):
        meanwhile = await _replaced_beside_a_reader(stage, serving, nodes[0], following)
        await _tried(stage, serving, nodes[0], holders)
        for node in nodes[1 : stage.scale.pick(short=1, full=3)]:
            await _replaced(stage, serving, node, following)
            await _tried(stage, serving, node, holders)
        await _replaced(stage, serving, nodes[0], {})
        await _tried(stage, serving, nodes[0], holders)
    await stage.settled()
    last = dict(await stage.database.rows(_BOOK))
    return [
        *await _outcome(stage, holders),
        *meanwhile,
        none_of(
            "migrations done twice", [n for n, count in first.items() if count != 1], len(first)
        ),
        exactly("migrations that the next version added", len(last) - len(first), 1),
        Figure("the next version's is done" if NUMBER in last else "not done", "", NUMBER in last),
    ]


async def _replaced_beside_a_reader(
    stage: Stage, serving: list[Node], node: Node, environment: dict[str, str]
) -> list[Figure]:
    """Bring the first node to the next version while somebody reads every table for long.

    The migration wants a whole table, and whoever asks for that table after it waits behind it.
    """
    began = time.monotonic()
    async with _a_reader(stage):
        replacing = asyncio.create_task(_replaced(stage, serving, node, environment))
        while not (waits := _WAITS in node.log) and not replacing.done():
            await asyncio.sleep(0.02)
        await asyncio.sleep(stage.scale.seconds(short=0.1, full=10))
        ended, waited = time.monotonic(), waits and not replacing.done()
    await replacing
    asked = asked_between(stage, began, ended)
    slowest = max((entry.seconds for entry in asked), default=0.0)
    return [
        Figure(
            "the migration waited for a reader" if waited else "no migration waited", "", waited
        ),
        at_least("starts and answers meanwhile", sum(e.status in _EXPECTED for e in asked), 10),
        at_most("slowest of them", slowest, _BESIDE_A_READER_SECONDS * stage.scale.patience, " s"),
    ]


@asynccontextmanager
async def _a_reader(stage: Stage) -> AsyncIterator[None]:
    """Read every table in a transaction that stays open."""
    assert isinstance(stage.database, ServerDatabase)
    connection = await asyncpg.connect(stage.database.cluster.url(stage.database.name, SUPERUSER))
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            for (table,) in await connection.fetch(_TABLES):
                await connection.fetch(f'select count(*) from "{table}"')  # noqa: S608 - our own names
            yield
    finally:
        await connection.close()


async def _replaced(
    stage: Stage, serving: list[Node], node: Node, environment: dict[str, str]
) -> None:
    """Take a node out of the rotation, let another version take its place, and put it back."""
    serving.remove(node)
    await asyncio.sleep(0.2)
    await node.stop()
    node.environment = environment
    await node.start()
    serving.append(node)
    await asyncio.sleep(stage.scale.seconds(short=0.2, full=5))


async def _tried(
    stage: Stage, serving: Sequence[Node], node: Node, holders: Sequence[tuple[str, str]]
) -> None:
    """Let a code of before be used at this node, and a new one of it anywhere."""
    open_ = unproven(stage, holders)
    person, code = next(each for each in holders if each[0] in open_)
    await stage.driver.verify(person, code, node)
    other = next(each for each in serving if each is not node)
    await stage.driver.sign_in(stage.driver.person("across"), node, other)
    await stage.driver.sign_in(stage.driver.person("across"), other, node)


async def _outcome(stage: Stage, holders: Sequence[tuple[str, str]]) -> list[Figure]:
    statuses = [e.name for e in stage.ledger.entries if e.status not in _EXPECTED]
    used = len(holders) - len(unproven(stage, holders))
    return [
        *await stage.ledger_check(),
        none_of("answers other than 200 and 403", statuses, len(stage.ledger.entries)),
        at_least("codes of one version used at another", used, 2),
        none_of(
            "logins across versions that failed",
            [e.name for e in stage.ledger.entries if "across" in e.person and e.status != OK],
        ),
    ]


async def _one_after_the_other(stage: Stage) -> list[Figure]:
    """One server per file: each version stops before the other starts."""
    following = make_next_version(stage.folder)
    [node] = await stage.started()
    holders = await with_codes(stage, [node], 4)
    for number, environment in enumerate((following, {})):
        await node.stop()
        node.environment = environment
        await node.start()
        await stage.driver.verify(*holders[number], node)
        await stage.driver.sign_in(stage.driver.person("across"), node)
    await stage.settled()
    return await _outcome(stage, holders)


@procedure(
    "R-28",
    "kill -9 after each statement of the migrations",
    bound="the next start finishes; the schema equals that of a clean installation",
)
async def killed_while_migrating(stage: Stage) -> list[Figure]:
    """A schema is of one version or of the next, never between."""
    clean = await _empty(stage, "clean")
    total = int((await _migrated(stage, clean, 0)).stdout)
    wanted = await _schema(clean)
    step = stage.scale.pick(short=max(1, total // 3), full=1)
    deaths = list(range(1, total, step))
    odd: list[str] = []
    survivors = 0
    for number in deaths:
        database = await _empty(stage, f"killed_{number}")
        killed = await _migrated(stage, database, number)
        survivors += killed.returncode >= 0
        again = await _migrated(stage, database, 0)
        if again.returncode != 0 or await _schema(database) != wanted:
            odd.append(f"after statement {number}: {again.stderr[-300:] or 'another schema'}")
    return [
        none_of("starts that did not finish the schema", odd, len(deaths)),
        exactly("processes that were not killed", survivors, 0),
        at_least("statements", total, 20),
    ]


async def _empty(stage: Stage, name: str) -> Database:
    if stage.database.kind == SQLITE:
        return SqliteFile(stage.folder / name / "latchstring.db")
    assert isinstance(stage.database, ServerDatabase)
    database = ServerDatabase(stage.database.cluster, f"{stage.database.name}_{name}")
    await asyncio.to_thread(database.cluster.create_database, database.name)
    return database


async def _migrated(
    stage: Stage, database: Database, dies_after: int
) -> "subprocess.CompletedProcess[str]":
    node = stage.node(database_url=database.url)
    command = [sys.executable, "-m", "chaos.migrating", str(node.configuration), str(dies_after)]
    return await asyncio.to_thread(
        subprocess.run, command, cwd=_ROOT, capture_output=True, text=True, check=False
    )


async def _schema(database: Database) -> str:
    """Return the schema as the database writes it, with what the book says."""
    if isinstance(database, ServerDatabase):
        url = database.cluster.url(database.name)
        text = await asyncio.to_thread(database.cluster.run, "pg_dump", "--schema-only", url)
        # Newer ones wrap a dump in a word that differs each time.
        text = "\n".join(line for line in text.splitlines() if not line.startswith("\\"))
    else:
        rows = await database.rows("select name, sql from sqlite_master order by name")
        text = "\n".join(f"{name}: {sql}" for name, sql in rows)
    return f"{text}\n{await database.rows(_CHECKSUMS)}"
