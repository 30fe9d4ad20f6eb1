"""R-23, R-24: a restored backup is an installation that works, and nothing used is good in it."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import apsw
import pytest

from latchstring.base import key_file
from latchstring.base.errors import Forbidden, Unavailable
from latchstring.base.settings_reading import SettingsError
from latchstring.db import file, migrate
from latchstring.domain.keys.check import WrongKeyFile
from latchstring.flows.manage_users import ManageUsers
from latchstring.main import keeping
from latchstring.main.installation import opened
from tests.support.house import House, a_house, some_settings
from tests.support.rows import contents

ALICE, BOB, CAROL, MALLORY = (
    f"{name}@example.com" for name in ("alice", "bob", "carol", "mallory")
)


class Keeper:
    """Two databases, one key file: the installation, and where its backup comes back."""

    def __init__(self, folder, urls):
        self.folder, self.urls, self.file = folder, urls, folder / "b.db"

    def settings(self, which: int):
        return some_settings(self.folder, database_url=self.urls[which])

    @asynccontextmanager
    async def house(self, which: int) -> AsyncIterator[House]:
        async with a_house(self.folder, database_url=self.urls[which]) as found:
            yield found

    async def backup(self):
        return await asyncio.to_thread(keeping.backup, self.settings(0), self.file, False)

    async def restore(self):
        return await asyncio.to_thread(keeping.restore, self.settings(1), self.file)


@pytest.fixture(params=[("sqlite", "postgresql"), ("postgresql", "sqlite")], ids=" to ".join)
def keeper(request, tmp_path, cluster):
    """Of both kinds, each backed up once and each restored to once."""
    urls = [
        cluster.create_database(f"{name}_{secrets.token_hex(6)}")
        if kind == "postgresql"
        else f"sqlite:///{tmp_path / name / 'latchstring.db'}"
        for name, kind in zip(("first", "second"), request.param, strict=True)
    ]
    return Keeper(tmp_path, urls)


async def token_of(house: House, email: str) -> str:
    await house.start(email)
    answer = await house.exchange(await house.code(email), email)
    return answer.json()["access_token"]


async def who_is(house: House, token: str) -> int:
    async with house.http(Authorization=f"Bearer {token}") as http:
        return (await http.get("/userinfo")).status_code


async def test_r_24_what_was_used_or_revoked_since_stays_dead(keeper):
    async with keeper.house(0) as house:
        users = ManageUsers(house.installation.database, house.clock)
        token = await token_of(house, MALLORY)
        browser = house.browser()
        page = await browser.ask(CAROL)
        await browser.post(page, code=await house.code(CAROL))
        await house.start(ALICE)
        code = await house.code(ALICE)
        await house.start(BOB)  # its message has not left the house
        await keeper.backup()

        assert (await house.exchange(code, ALICE)).status_code == 200
        await users.block(MALLORY)
        assert await who_is(house, token) == 401
        assert len(await house.messages(BOB)) == 1

    restored = await keeper.restore()
    assert restored.ended["challenges"] >= 2
    assert (restored.ended["tokens"], restored.ended["sessions"]) == (1, 1)
    assert restored.ended["messages"] == 1
    async with keeper.house(1) as house:
        assert (await house.exchange(code, ALICE)).status_code == 403
        assert await who_is(house, token) == 401
        assert await house.messages(BOB) == []
        browser.http = house.http()
        assert (await browser.authorize()).left_for == ""
        # What the operator is told: who was blocked since is not.
        users = ManageUsers(house.installation.database, house.clock)
        assert (await users.show(MALLORY)).user.blocked_at is None


async def test_r_23_people_sign_in_again_and_keep_their_subjects(keeper):
    async with keeper.house(0) as house:
        await token_of(house, ALICE)
        users = ManageUsers(house.installation.database, house.clock)
        subject = (await users.show(ALICE)).user.id
        rows = await keeper.backup()
    restored = await keeper.restore()
    assert restored.rows == rows
    assert restored.newest is not None
    async with keeper.house(1) as house:
        await token_of(house, ALICE)
        users = ManageUsers(house.installation.database, house.clock)
        found = await users.show(ALICE)
        assert (found.user.id, found.user.sign_ins) == (subject, 2)


async def test_only_an_empty_database_takes_a_backup(keeper):
    async with keeper.house(0):
        await keeper.backup()
    async with opened(keeper.settings(1)):
        pass
    with pytest.raises(Forbidden, match=r"exists already|is not empty"):
        await keeper.restore()


async def test_a_wrong_key_file_is_refused_before_anything_is_written(keeper):
    async with keeper.house(0):
        await keeper.backup()
    path = keeper.settings(0).secret_key_file
    right = path.read_text()
    path.unlink()
    with pytest.raises(SettingsError, match="cannot be read"):
        await keeper.restore()
    key_file.create(path)
    with pytest.raises(WrongKeyFile):
        await keeper.restore()
    assert not (keeper.folder / "second" / "latchstring.db").exists()

    path.write_text(right)
    await keeper.restore()  # so the database was still empty


@pytest.fixture
def files(tmp_path):
    """Both of them files: how the backup fails does not depend on where it goes."""
    urls = [f"sqlite:///{tmp_path / name / 'latchstring.db'}" for name in ("first", "second")]
    return Keeper(tmp_path, urls)


async def test_the_backup_itself_is_left_as_it_is(files):
    async with files.house(0) as house:
        await token_of(house, ALICE)
        await files.backup()
    before = files.file.read_bytes()
    await files.restore()
    assert files.file.read_bytes() == before
    assert sorted(path.name for path in files.folder.iterdir()) == [
        "b.db",
        "first",
        "keys",
        "second",
    ]


async def test_a_backup_of_an_older_version_is_brought_up_to_date(files, monkeypatch):
    every = migrate.known()
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "known", lambda: every[:3])
        connection = _a_file(files.folder / "old.db")
        connection.execute("insert into users values ('email|alice', 1, 1, null, null, 3)")
        connection.close()
    key_file.create(files.settings(1).secret_key_file)
    files.file = files.folder / "old.db"
    restored = await files.restore()
    assert restored.rows["users"] == 1
    async with opened(files.settings(1)) as found:
        users = ManageUsers(found.database, found.clock)
        assert (await users.show("email|alice")).user.sign_ins == 3


async def test_a_backup_of_a_newer_version_is_refused(files):
    async with files.house(0):
        await files.backup()
    connection = apsw.Connection(str(files.file))
    connection.execute("insert into schema_migrations values (9999, 'later', 'x', 0, false)")
    connection.close()
    with pytest.raises(Unavailable, match="has migration 9999"):
        await files.restore()
    assert not (files.folder / "second" / "latchstring.db").exists()


async def test_a_backup_is_not_restored_under_a_running_server(files):
    async with files.house(0):
        await files.backup()
    with (
        file.held_alone(files.settings(1).database_path),
        pytest.raises(Unavailable, match="Another server is running"),
    ):
        await files.restore()


async def test_a_file_that_is_no_backup_is_refused(files):
    files.settings(1)
    key_file.create(files.settings(1).secret_key_file)
    with pytest.raises(Forbidden, match="There is no database"):
        await files.restore()
    files.file.write_text("Dear Alice " * 1000)
    with pytest.raises(Unavailable, match="is not a database"):
        await files.restore()


async def test_a_move_keeps_everything_alive(tmp_path, postgresql_url):
    here = f"sqlite:///{tmp_path / 'var' / 'latchstring.db'}"
    async with a_house(tmp_path, database_url=here) as house:
        token = await token_of(house, CAROL)
        await house.start(ALICE)
        code = await house.code(ALICE)
        await house.start(BOB)
    before = contents(tmp_path / "var" / "latchstring.db")
    rows = await asyncio.to_thread(keeping.move, here, postgresql_url)
    assert rows["users"] == 1
    assert contents(tmp_path / "var" / "latchstring.db") == before
    async with a_house(tmp_path, database_url=postgresql_url) as house:
        assert await who_is(house, token) == 200
        assert (await house.exchange(code, ALICE)).status_code == 200
        assert len(await house.messages(BOB)) == 1


async def test_nothing_moves_while_a_server_runs(tmp_path, postgresql_url):
    here = f"sqlite:///{tmp_path / 'var' / 'latchstring.db'}"
    async with a_house(tmp_path, database_url=here):
        pass
    with (
        file.held_alone(tmp_path / "var" / "latchstring.db"),
        pytest.raises(Unavailable, match="Another server is running"),
    ):
        await asyncio.to_thread(keeping.move, here, postgresql_url)


def _a_file(path):
    connection = file.connect(path)
    file.bring_up_to_date(connection, path)
    return connection
