"""R-22, R-23, R-24: a copy taken while people sign in, and what comes back with it."""

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from chaos.databases import SQLITE, Database, ServerDatabase, SqliteFile
from chaos.driver import at_rate
from chaos.figures import Figure, at_least, at_most, exactly, none_of, told
from chaos.ledger import OK, START, Entry
from chaos.nodes import Node
from chaos.people import add_users
from chaos.procedures.signing import key_ids, rotated, until_published, until_switched
from chaos.registry import procedure
from chaos.relying_party import RelyingParty, kid
from chaos.stage import Stage
from chaos.tokens import (
    OFFLINE,
    REFUSED,
    RS256,
    Held,
    refresh,
    several_signed_in,
    signed_in,
    two_applications,
    userinfo,
)

_HALVES = {
    "challenges without their message": "select count(*) from challenges c "
    "where not exists (select 1 from messages m where m.challenge_id = c.id)",
    "messages without their challenge": "select count(*) from messages m "
    "where not exists (select 1 from challenges c where c.id = m.challenge_id)",
    "users without an identifier": "select count(*) from users u "
    "where not exists (select 1 from identifiers i where i.user_id = u.id)",
    "sign-ins without their event": "select (select coalesce(sum(sign_ins), 0) from users) - "
    "(select count(*) from events where type = 'IdentifierVerified')",
}
"""What one transaction writes together must be in a backup together."""

_SET_BACK = """
update refresh_families set generation = generation - 1, rotated_at = created_at
where user_id in (select i.user_id from identifiers i where i.identifier in ({people}))
"""


@procedure(
    "R-22",
    "`latchstring backup` twenty times while 200 starts a second and logins go on",
    bound="each opens, is whole, and is one moment: all before it, nothing after it",
)
async def backup_while_writing(stage: Stage) -> list[Figure]:
    """A backup is the database at one moment between its beginning and its end."""
    rounds = stage.scale.pick(short=1, full=20)
    rate = stage.scale.pick(short=30.0, full=200.0)
    [node] = await stage.started()
    over = asyncio.Event()
    writing = asyncio.create_task(_write(stage, node, rate, over))
    await asyncio.sleep(stage.scale.pick(short=0.5, full=3.0))
    troubles: list[str] = []
    seconds: list[float] = []
    for number in range(rounds):
        began = time.monotonic()
        file = stage.folder / f"backup-{number}.db"
        done = await asyncio.to_thread(node.command, "backup", str(file))
        seconds.append(time.monotonic() - began)
        if done.returncode != 0:
            troubles.append(f"backup {number}: {done.stderr.strip() or done.stdout.strip()}")
            continue
        troubles += _troubles(file, began, list(stage.ledger.entries))
    over.set()
    await writing
    await stage.settled(60)
    return [
        *await stage.ledger_check(),
        none_of("backups that are not one moment", troubles, rounds),
        at_least("sends meanwhile", len(stage.ledger.acknowledged), rounds * rate / 4),
        none_of("starts that failed", [e.name for e in stage.ledger.of(START) if e.status != OK]),
        told(f"slowest {max(seconds):.1f} s"),
    ]


async def _write(stage: Stage, node: Node, rate: float, over: asyncio.Event) -> None:
    async def act(number: int) -> None:
        person = stage.driver.person("write")
        if (await stage.driver.start(person, node)).status == OK and number % 10 == 0:
            code = await stage.driver.code_of(person, patience=30)
            await stage.driver.verify(person, code, node)

    while not over.is_set():
        await at_rate(rate, 0.5, act)


def _troubles(file: Path, began: float, entries: Sequence[Entry]) -> list[str]:
    """Return what is wrong with a backup that was begun at this moment."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as backup:
        [(whole,)] = backup.execute("pragma integrity_check").fetchall()
        there = {row[0] for row in backup.execute("select identifier from challenges")}
        halves = {name: backup.execute(sql).fetchone()[0] for name, sql in _HALVES.items()}
    found = [f"{file.name}: {name}: {count}" for name, count in halves.items() if count]
    if whole != "ok":
        found.append(f"{file.name}: {whole}")
    sends = [entry for entry in entries if entry.kind == START and entry.status == OK]
    lacking = [entry for entry in sends if entry.person not in there]
    early = [entry for entry in lacking if entry.answered_at < began]
    if early:
        found.append(f"{file.name}: {len(early)} sends from before it are missing")
    newest = max((entry.asked_at for entry in sends if entry.person in there), default=0.0)
    if any(entry.answered_at < newest for entry in lacking):
        found.append(f"{file.name}: it has a send and lacks one that was over before")
    return found


@procedure(
    "R-23",
    "the newest backup of a million users is restored where nothing was",
    bound="serving ≤ 60 s after; everybody there; logins work",
)
async def restore_rehearsal(stage: Stage) -> list[Figure]:
    """What is never tried does not work on the day."""
    count = stage.scale.pick(short=2_000, full=1_000_000)
    [node] = await stage.started()
    known = stage.driver.person("known")
    await stage.driver.sign_in(known, node)
    await node.stop()
    await add_users(stage.database, count)
    users = await _count(stage.database, "users")
    file = stage.folder / "backup.db"
    began = time.monotonic()
    done = await asyncio.to_thread(node.command, "backup", str(file), patience=600)
    backed_up = time.monotonic() - began
    new = await _restored(stage, file)
    ready = time.monotonic() - new.began
    signed_in = await stage.driver.sign_in(known, new.node)
    size = file.stat().st_size / 2**20 if done.returncode == 0 else 0
    bound = 60 * max(1.0, stage.scale.patience / 4)
    return [
        exactly("exit code of backup", done.returncode, 0),
        exactly("exit code of restore", new.code, 0),
        at_most("restored and serving after", ready, bound, " s"),
        exactly("users", await _count(new.database, "users"), users),
        exactly("identifiers", await _count(new.database, "identifiers"), users),
        Figure("a login works" if signed_in else "a login fails", "works", signed_in),
        told(f"backup {backed_up:.1f} s, {size:,.0f} MiB"),
    ]


class _New:
    """The installation that a backup became."""

    def __init__(self, node: Node, database: Database, code: int, began: float) -> None:
        self.node, self.database, self.code, self.began = node, database, code, began


async def _restored(stage: Stage, file: Path) -> _New:
    """Restore into a new database and start a node on it."""
    database: Database = SqliteFile(stage.folder / "new" / "latchstring.db")
    if stage.database.kind != SQLITE:
        assert isinstance(stage.database, ServerDatabase)
        database = ServerDatabase(stage.database.cluster, f"{stage.database.name}_new")
        await asyncio.to_thread(database.cluster.create_database, database.name)
    node = stage.node(database_url=database.url)
    began = time.monotonic()
    done = await asyncio.to_thread(node.command, "restore", str(file), patience=600)
    if done.returncode != 0:
        raise RuntimeError(f"restore: {done.stderr.strip() or done.stdout.strip()}")
    await node.start(60)
    return _New(node, database, done.returncode, began)


async def _count(database: Database, table: str) -> int:
    [(count,)] = await database.rows(f"select count(*) from {table}")  # noqa: S608 - our own names
    return int(count)


@procedure(
    "R-24",
    "a backup; then codes are used, refresh tokens rotated, mail is sent, somebody is blocked, "
    "signing keys are rotated; the backup is restored. Beside it, rows of refresh tokens are set "
    "back by other means, which end nothing",
    bound="used codes and tokens of then stay dead, refresh tokens of before and after the backup "
    "alike; nothing is sent again; blocked people and the signing keys of then are back, as the "
    "documentation says; no signed token fails to verify for it. A refresh token that is newer "
    "than its row is refused and ends its family",
)
async def restore_replays(stage: Stage) -> list[Figure]:
    """What happened after the backup is forgotten, but nothing that it ended comes to life."""
    rounds = stage.scale.pick(short=3, full=50)
    [node] = await stage.started(more=two_applications())
    people = [stage.driver.person("replay") for _ in range(rounds)]
    codes = {person: await _started(stage, node, person) for person in people}
    blocked = stage.driver.person("blocked")
    await stage.driver.verify(blocked, await _started(stage, node, blocked), node)
    families = await several_signed_in(stage, [node], rounds, {"scope": OFFLINE})
    signatures = await _signatures(stage, node)
    file, waiting = stage.folder / "backup.db", [stage.driver.person("wait") for _ in people]
    code = await _backed_up_with_a_queue(stage, node, waiting, file)
    used = [await stage.driver.verify(person, code, node) for person, code in codes.items()]
    await asyncio.to_thread(node.command, "users", "block", blocked)
    newer = [Held.of(await refresh(stage, node, each)) for each in families]
    await signatures.rotate(stage, node)
    set_back = await _families_set_back(stage, node)
    await node.stop()
    before = len(stage.messages.all)
    new = await _restored(stage, file)
    queued = {person: stage.messages.of(person)[0].code for person in waiting}
    again, late = [
        [await stage.driver.verify(person, code, new.node) for person, code in found.items()]
        for found in (codes, queued)
    ]
    await asyncio.sleep(stage.scale.pick(short=1.0, full=6.0))
    stage.messages.refresh()
    resent = [message.to for message in stage.messages.all[before:]]
    back = await stage.driver.sign_in(blocked, new.node)
    return [
        exactly("exit code of backup", code, 0),
        none_of("codes that failed the first time", [e for e in used if e.status != OK], rounds),
        none_of("used codes accepted again", [e.name for e in again if e.status == OK], rounds),
        none_of("codes of the queue of then accepted", [e.name for e in late if e.status == OK]),
        none_of("mails of then sent again", resent, rounds),
        *await _still_good(stage, new.node, [*newer, *families]),
        *set_back,
        Figure("the blocked person is back" if back else "still blocked", "back", back),
        *await signatures.compared(stage, new.node),
        none_of("answers with a fault of ours", stage.ledger.wrong_statuses),
    ]


async def _still_good(stage: Stage, node: Node, held: Sequence[Held]) -> list[Figure]:
    """Show a restored installation tokens of before and after its backup: figures of it."""
    opened = [each for each in held if await userinfo(node, each.access_token) == OK]
    traded = [await refresh(stage, node, each) for each in held]
    wrong = [entry.name for entry in traded if entry.status != REFUSED]
    return [
        none_of("access tokens of then accepted", opened, len(held)),
        none_of("refresh tokens of before and after it not refused", wrong, len(held)),
    ]


async def _families_set_back(stage: Stage, node: Node) -> list[Figure]:
    """Rotate, put the rows back as they were, and show the newest tokens first: figures of it."""
    count = stage.scale.pick(short=2, full=20)
    older = await several_signed_in(stage, [node], count, {"scope": OFFLINE})
    newest = [Held.of(await refresh(stage, node, each)) for each in older]
    people = ", ".join(f"'{each.person}'" for each in older)
    await stage.database.run(_SET_BACK.format(people=people))
    shown = [await refresh(stage, node, each) for each in (*newest, *older)]
    return [
        none_of(
            "refresh tokens newer than their row, or of its family, not refused",
            [entry.name for entry in shown if entry.status != REFUSED],
            len(shown),
        )
    ]


@dataclass(frozen=True, slots=True)
class _Signatures:
    """What was published when the backup was made, and signed tokens since then."""

    keys: set[str]
    held: list[Held]

    async def rotate(self, stage: Stage, node: Node) -> None:
        """Let the next key sign, and have it sign something."""
        await rotated(node, "--now")
        await until_switched(stage, [node], {kid(each.id_token) for each in self.held})
        self.held.append(await signed_in(stage, node, RS256))

    async def compared(self, stage: Stage, node: Node) -> list[Figure]:
        """Return the figures for the keys of the restored installation."""
        held = [*self.held, await signed_in(stage, node, RS256)]
        signers = [kid(each.id_token) for each in held]
        reader = RelyingParty(node, RS256["client_id"], RS256["audience"])
        refused = [reason for each in held for reason in await reader.refuses(each)]
        return [
            exactly("keys that signed until the restore", len(set(signers[:-1])), 2),
            _as_then("the key that signs after it", {signers[-1]}, {signers[0]}),
            _as_then("keys published after it", await key_ids(node), self.keys),
            none_of("signed tokens refused after it", refused, 2 * len(held)),
        ]


async def _signatures(stage: Stage, node: Node) -> _Signatures:
    await rotated(node)  # refused: the next key is published from now on
    await until_published(stage, [node])
    return _Signatures(await key_ids(node), [await signed_in(stage, node, RS256)])


def _as_then(what: str, found: set[str], then: set[str]) -> Figure:
    same = found == then
    return Figure(f"{what}: {'as then' if same else sorted(found)}", "as then", same)


async def _backed_up_with_a_queue(
    stage: Stage, node: Node, waiting: Sequence[str], file: Path
) -> int:
    """Back up while mail waits for the relay, which then takes it; return the exit code."""
    await stage.edges.mail_listens(listens=False)
    for person in waiting:
        await stage.driver.start(person, node)
    done = await asyncio.to_thread(node.command, "backup", str(file))
    await stage.edges.mail_listens(listens=True)
    await stage.messages.wait_for_all(set(waiting), patience=60)
    return done.returncode


async def _started(stage: Stage, node: Node, person: str) -> str:
    await stage.driver.start(person, node)
    return await stage.driver.code_of(person)
