"""Behind PgBouncer in transaction mode all works, though each transaction may go elsewhere."""

import asyncio
from collections import Counter

import pytest

from latchstring.base.errors import Unavailable
from latchstring.db.address import Address
from latchstring.db.opening import open_url
from latchstring.db.postgresql import PostgresqlDatabase
from latchstring.db.statements import Statement
from tests.support.house import CALLBACK
from tests.support.outside import seen_from_outside
from tests.support.pgbouncer import PgBouncer
from tests.support.places import Place, being_at
from tests.support.postgresql import UNTIL_THE_POWER_FAILS, Cluster
from tests.support.quick_house import a_quick_house
from tests.support.world import ALICE, a_world

pytestmark = pytest.mark.at()  # it names its databases itself

TWO_SESSIONS = 2


@pytest.fixture(scope="module")
def cluster():
    with Cluster(UNTIL_THE_POWER_FAILS) as found:
        yield found


@pytest.fixture(scope="module")
def bouncer(cluster):
    with PgBouncer(cluster, pool=TWO_SESSIONS) as found:
        yield found


@pytest.fixture
def url(cluster, bouncer, request) -> str:
    name = f"pooled_{abs(hash(request.node.name))}"
    cluster.create_database(name)
    return f"{bouncer.url(name)}&pooler=transaction"


class Pooled(Place):
    """Where every database is one behind the pooler."""

    def __init__(self, kind: str, url: str) -> None:
        super().__init__(kind, lambda: pytest.fail("no other database"))
        self.address = url

    def url_for(self, _path) -> str:
        return self.address


@pytest.mark.parametrize("kind", ["postgresql", "postgresql-plain"])
async def test_somebody_signs_in_from_the_first_page_to_the_token(tmp_path, url, kind):
    with being_at(Pooled(kind, url)):
        async with a_quick_house(tmp_path) as house:
            await house.start()
            tokens = (await house.exchange(await house.code())).json()
            assert tokens["id_token"]
            assert (await house.exchange("000000")).status_code == 403
            async with house.http() as http:
                headers = {"Authorization": f"Bearer {tokens['access_token']}"}
                told = await http.get("/userinfo", headers=headers)
                assert told.json()["email"] == ALICE
            browser = house.browser()
            page = await browser.ask()
            page = await browser.post(page, code=await house.code())
            assert page.left_for.startswith(f"{CALLBACK}?code=")


@pytest.mark.parametrize("kind", ["postgresql", "postgresql-plain"])
async def test_v_04_of_many_right_answers_one_wins(tmp_path, url, kind):
    with being_at(Pooled(kind, url)):
        async with a_world(tmp_path) as world:
            assert isinstance(world.installation.database, PostgresqlDatabase)
            world.installation.database.patience = 30  # sixty wait for one row: the machine's pace
            for person in ("one@example.com", "two@example.com", "three@example.com"):
                code, _ = await world.ask(person, send="code")
                told = await asyncio.gather(*(world.enter(code, person) for _ in range(40)))
                assert Counter(told) == {("accepted", True): 1, ("wrong", None): 39}
            code, _ = await world.ask(send="code")
            told = await asyncio.gather(*(world.enter("00000") for _ in range(60)))
            assert Counter(told) == {("wrong", 2): 1, ("wrong", 1): 1, ("too many",): 58}


async def test_many_callers_of_one_statement_share_it_here_too(url):
    add = Statement(
        "add",
        "insert into key_checks (version, check_value) values (:version, 'x') returning version",
    )
    database = await PostgresqlDatabase(Address.of(url), 5).open()
    assert database.at_once is not None
    calls = [database.at_once(add, int, {"version": number}) for number in [*range(100), 50]]
    told = await asyncio.gather(*calls)
    await database.close()

    assert sorted(map(str, told)) == sorted(map(str, [*range(100), None]))
    behind = url.partition("&pooler")[0]
    assert await seen_from_outside(behind, "select count(*) from key_checks") == [(100,)]


async def test_nothing_is_kept_in_a_session_that_another_transaction_would_meet(url):
    """No prepared statement, no setting: the sessions behind are as the pooler opened them."""
    database = await open_url(url)
    read = Statement("read", "select count(*) from pg_prepared_statements")
    name = Statement("name", "select current_setting('application_name')")
    for _ in range(5):
        assert await database.read(lambda tx: tx.one(read, int, {})) == 0
        assert await database.transact(lambda tx: tx.one(name, str, {})) != "latchstring"
    await database.close()


async def test_a_pooler_that_dies_is_unavailable_and_found_again(cluster):
    cluster.create_database("dies")
    with PgBouncer(cluster, pool=TWO_SESSIONS) as bouncer:
        count = Statement("count", "select count(*) from users")
        database = await open_url(f"{bouncer.url('dies')}&pooler=transaction")
        assert await database.read(lambda tx: tx.one(count, int, {})) == 0
        bouncer.kill()
        with pytest.raises(Unavailable):
            await database.read(lambda tx: tx.one(count, int, {}))
        await asyncio.to_thread(bouncer.start)
        assert await database.read(lambda tx: tx.one(count, int, {})) == 0
        await database.close()
