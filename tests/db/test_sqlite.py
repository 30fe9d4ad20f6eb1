"""One writer, one commit for many; what is answered is durable, what fails leaves nothing."""

import asyncio
import os
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import apsw
import pytest

from latchstring.base.errors import Unavailable
from latchstring.db import sqlite, statements
from latchstring.db.database import Undone
from latchstring.db.sqlite import SqliteDatabase, held_alone

pytestmark = pytest.mark.at("sqlite")  # what is said of files here

SQL = statements.parse("""
-- add --
-- A row.
insert into configuration_version (id, version) values (1, :version)
on conflict (id) do update set version = configuration_version.version + :version

-- count --
-- A row, and what it says then.
insert into configuration_version (id, version) values (1, :version)
on conflict (id) do update set version = configuration_version.version + :version
returning version

-- note --
-- Something larger.
insert into key_checks (version, check_value) values (:version, :text)

-- notes --
-- How many of them.
select count(*) from key_checks

-- find --
-- The number.
select version from configuration_version

-- journal --
-- How it is written.
pragma journal_mode

-- synchronous --
-- How durable.
pragma synchronous

-- foreign_keys --
-- Whether references hold.
pragma foreign_keys

-- undo --
-- What a flow must never do.
rollback

-- defer --
-- References are checked at the commit.
pragma defer_foreign_keys = on

-- orphan --
-- A reference to nobody.
insert into identifiers values ('d', 'email', 'a@x', 'nobody', null, 0, 0)

-- damage --
-- What SQLite thinks of its file.
pragma integrity_check

-- no_more_pages --
-- As on a full disk.
pragma max_page_count = 1

-- pages_again --
-- As on a disk with space.
pragma max_page_count = 1000000
""")

HOLDER = """
import apsw, sys, time
connection = apsw.Connection(sys.argv[1])
connection.execute("begin immediate")
print("held", flush=True)
time.sleep(float(sys.argv[2]))
connection.execute("commit")
"""


async def add(database, number: int = 1) -> int:
    return await database.transact(lambda tx: tx.run(SQL["add"], {"version": number}))


async def total(database) -> int:
    return await database.read(lambda tx: tx.one(SQL["find"], int, {})) or 0


async def ask(database, name: str, record: type = str):
    return await database.transact(lambda tx: tx.one(SQL[name], record, {}))


def commits(database) -> int:
    """Count the commits in the write-ahead log: frames that carry the size of the database."""
    log = Path(f"{database.path}-wal").read_bytes()
    salt, page = log[16:24], struct.unpack(">I", log[8:12])[0]
    heads = (log[at : at + 24] for at in range(32, len(log), 24 + page))
    return sum(head[8:16] == salt and head[4:8] != bytes(4) for head in heads)


class SlowDisk:
    """Holds every commit back until it is told to go on."""

    def __init__(self, database) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()
        self._commit = database._writer._commit
        database._writer._commit = self._held_back

    def _held_back(self) -> None:
        self.reached.set()
        assert self.go_on.wait(10)
        self._commit()

    async def commits(self) -> None:
        await asyncio.to_thread(self.reached.wait, 10)


async def nothing(_tx) -> None:
    """Do nothing, in a transaction of its own."""


async def queued_together(database, *works):
    """Run works that come while others wait for the disk."""
    disk = SlowDisk(database)
    first = asyncio.ensure_future(database.transact(nothing))
    await disk.commits()
    others = [asyncio.ensure_future(database.transact(work)) for work in works]
    await asyncio.sleep(0)
    disk.go_on.set()
    return (await asyncio.gather(first, *others, return_exceptions=True))[1:]


def adding(number: int = 1):
    return lambda tx: tx.run(SQL["add"], {"version": number})


async def test_the_file_is_written_ahead_and_synchronously(database):
    assert await ask(database, "journal") == "wal"
    assert await ask(database, "synchronous", int) == 2  # FULL
    assert await ask(database, "foreign_keys", int) == 1


async def test_flows_that_wait_together_share_one_commit(database):
    await add(database)
    before = commits(database)

    assert await queued_together(database, *[adding()] * 63) == [1] * 63
    assert commits(database) - before == 1
    assert await total(database) == 64


async def test_a_group_has_64_flows_at_most(database):
    await add(database)
    before = commits(database)
    await queued_together(database, *[adding()] * 130)

    assert commits(database) - before == 3
    assert await total(database) == 131


async def test_a_failing_flow_leaves_nothing_and_touches_no_other_of_its_group(database):
    async def fails(tx):
        await tx.run(SQL["add"], {"version": 1000})
        raise LookupError("on purpose")

    outcomes = await queued_together(database, adding(), fails, adding())

    assert [outcomes[0], outcomes[2]] == [1, 1]
    assert isinstance(outcomes[1], LookupError)
    assert await total(database) == 2


async def test_a_broken_constraint_is_the_flows_own_error(database):
    def note():
        return database.transact(lambda tx: tx.run(SQL["note"], {"version": 1, "text": "x"}))

    await note()
    with pytest.raises(apsw.ConstraintError):
        await note()
    assert await add(database) == 1


async def test_a_flow_that_ends_the_transaction_itself_hurts_only_its_group(database):
    async def rogue(tx):
        await tx.run(SQL["add"], {"version": 1000})
        await tx.run(SQL["undo"], {})

    outcomes = await queued_together(database, adding(), rogue, adding())

    assert all(isinstance(outcome, apsw.SQLError) for outcome in outcomes)
    assert await total(database) == 0
    assert await add(database) == 1


async def test_a_group_whose_commit_is_refused_keeps_none_of_it(database):
    async def orphan(tx):
        await tx.run(SQL["defer"], {})
        await tx.run(SQL["orphan"], {})

    outcomes = await queued_together(database, adding(), orphan)

    assert all(isinstance(outcome, apsw.ConstraintError) for outcome in outcomes)
    assert await total(database) == 0
    assert await add(database) == 1


async def test_work_that_awaits_something_else_is_refused_and_leaves_nothing(database):
    async def wanders(tx):
        await tx.run(SQL["add"], {"version": 1000})
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="awaited something other"):
        await database.transact(wanders)
    with pytest.raises(RuntimeError, match="awaited something other"):
        await database.read(wanders_reading)
    assert await total(database) == 0
    assert await add(database) == 1


async def wanders_reading(tx):
    await asyncio.sleep(0)


async def test_what_is_not_on_the_disk_yet_is_seen_by_nobody_and_answered_to_nobody(database):
    disk = SlowDisk(database)
    writing = asyncio.ensure_future(add(database, 5))
    await disk.commits()
    seen, answered = await total(database), writing.done()
    disk.go_on.set()
    await writing

    assert (seen, answered) == (0, False)
    assert await total(database) == 5


async def test_whoever_comes_in_one_turn_of_the_loop_shares_a_commit(database):
    await add(database)
    before = commits(database)
    await asyncio.gather(*(add(database) for _ in range(20)))

    assert commits(database) - before == 1


async def test_a_refusal_that_leaves_no_trace_is_answered_and_undone(database):
    async def refuses(tx):
        await tx.run(SQL["add"], {"version": 1000})
        return Undone("no")

    outcomes = await queued_together(database, adding(), refuses, adding())

    assert list(outcomes) == [1, Undone("no"), 1]
    assert await total(database) == 2


async def test_a_statement_is_done_for_each_of_a_list(database):
    values = [{"version": number} for number in (1, 10, 100)]
    counted = await database.transact(lambda tx: tx.each(SQL["count"], int, values))

    assert counted == [1, 11, 111]


def test_there_is_no_statement_that_does_it_all_at_once(tmp_path):
    assert SqliteDatabase(tmp_path / "x.db").at_once is None


async def test_reading_cannot_write(database):
    with pytest.raises(Unavailable):
        await database.read(adding())


async def test_r_20_a_full_disk_is_unavailable_keeps_what_was_answered_and_heals(database):
    def note(number):
        values = {"version": number, "text": "x" * 100_000}
        return database.transact(lambda tx: tx.run(SQL["note"], values))

    await note(1)
    await ask(database, "no_more_pages", int)
    for number in range(2, 5):
        with pytest.raises(Unavailable) as refused:
            await note(number)
        assert str(refused.value) == "The service cannot answer now. Try again in a moment."
    assert await database.read(lambda tx: tx.one(SQL["notes"], int, {})) == 1
    await ask(database, "pages_again", int)

    assert await note(5) == 1
    assert await database.read(lambda tx: tx.one(SQL["notes"], int, {})) == 2
    assert await ask(database, "damage") == "ok"


async def test_a_full_disk_in_a_group_keeps_none_of_it(database):
    await ask(database, "no_more_pages", int)

    async def large(tx):
        await tx.run(SQL["note"], {"version": 1, "text": "x" * 100_000})

    outcomes = await queued_together(database, adding(), large, adding())
    await ask(database, "pages_again", int)

    kept = sum(outcome == 1 for outcome in outcomes)
    assert isinstance(outcomes[1], Unavailable)
    assert await total(database) == kept


async def test_r_21_a_read_only_file_is_unavailable_for_writing_and_still_read(database):
    async def writers(tx):
        return tx._connection

    await add(database)
    connection = await database.transact(writers)
    connection.execute("pragma query_only = on")
    with pytest.raises(Unavailable):
        await add(database)

    assert await total(database) == 1
    connection.execute("pragma query_only = off")
    assert await add(database) == 1


def hold(database, seconds: float) -> subprocess.Popen[str]:
    """Let another process hold the write lock."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(database.path), str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    return holder


async def test_a_writer_waits_for_another_process_to_end_its_transaction(database):
    with hold(database, 0.3):
        assert await add(database) == 1
        assert await total(database) == 1


async def test_r_38_a_lock_held_too_long_is_unavailable_for_all_who_wait_at_once(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(sqlite, "_BUSY_MILLISECONDS", 300)
    database = SqliteDatabase(tmp_path / "x.db").open()
    with hold(database, 60) as holder:
        began = time.monotonic()
        outcomes = await asyncio.gather(
            *(add(database) for _ in range(100)), return_exceptions=True
        )
        took = time.monotonic() - began
        holder.kill()

    assert all(isinstance(outcome, Unavailable) for outcome in outcomes)
    assert 0.3 <= took < 2
    assert await total(database) == 0
    assert await add(database) == 1
    await database.close()


async def test_files_and_missing_folders_are_for_their_owner_alone(tmp_path):
    before = os.umask(0)
    try:
        with held_alone(tmp_path / "one" / "two" / "x.db"):
            database = SqliteDatabase(tmp_path / "one" / "two" / "x.db").open()
            await add(database)
            modes = {
                path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "one").rglob("*")
            }
            await database.close()
    finally:
        os.umask(before)

    assert modes.pop("two") == (tmp_path / "one").stat().st_mode & 0o777 == 0o700
    assert set(modes) == {"x.db", "x.db-wal", "x.db-shm", "x.db.lock"}
    assert set(modes.values()) == {0o600}


async def test_a_folder_that_exists_keeps_its_mode(tmp_path):
    folder = tmp_path / "shared"
    folder.mkdir(mode=0o750)
    await SqliteDatabase(folder / "x.db").open().close()

    assert folder.stat().st_mode & 0o777 == 0o750


def test_only_one_server_holds_a_file_and_the_next_one_can_after_it(tmp_path):
    path = tmp_path / "x.db"
    with held_alone(path), pytest.raises(Unavailable, match="Another server"), held_alone(path):
        pass
    with held_alone(path):
        pass


async def test_closing_finishes_what_was_accepted(tmp_path):
    database = SqliteDatabase(tmp_path / "x.db").open()
    accepted = [asyncio.ensure_future(add(database)) for _ in range(200)]
    await asyncio.sleep(0)
    await database.close()

    assert await asyncio.gather(*accepted) == [1] * 200
    again = SqliteDatabase(tmp_path / "x.db").open()
    assert await total(again) == 200
    await again.close()


async def test_closing_while_flows_share_a_commit_finishes_them(tmp_path):
    database = SqliteDatabase(tmp_path / "x.db").open()
    disk = SlowDisk(database)
    first = asyncio.ensure_future(add(database))
    await disk.commits()
    second = asyncio.ensure_future(add(database))
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(database.close())
    await asyncio.sleep(0.01)
    disk.go_on.set()
    await closing

    assert (await first, await second) == (1, 1)


async def test_a_closed_database_accepts_nothing(tmp_path):
    database = SqliteDatabase(tmp_path / "x.db").open()
    await database.close()
    await database.close()

    for act in (add, total):
        with pytest.raises(Unavailable):
            await act(database)


async def test_a_lock_held_at_the_end_keeps_nobody_waiting(tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite, "_BUSY_MILLISECONDS", 200)
    database = SqliteDatabase(tmp_path / "x.db").open()
    with hold(database, 60) as holder:
        waiting = [asyncio.ensure_future(add(database)) for _ in range(3)]
        await asyncio.sleep(0)
        await database.close()
        holder.kill()

    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(outcome, Unavailable) for outcome in outcomes)


async def test_a_caller_that_went_away_disturbs_nobody(database):
    disk = SlowDisk(database)
    blocking = asyncio.ensure_future(database.transact(nothing))
    await disk.commits()
    gone = asyncio.ensure_future(add(database))
    await asyncio.sleep(0)
    gone.cancel()
    disk.go_on.set()
    await blocking

    assert await add(database) == 1
    assert await total(database) == 2  # what was committed stays committed


async def test_a_database_that_cannot_be_made_says_so_at_once(tmp_path):
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    with pytest.raises(Unavailable, match="cannot be used"):
        SqliteDatabase(tmp_path / "file" / "x.db").open()
