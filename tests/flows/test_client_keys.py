"""Keys of clients: fetched when they are needed, and not more often."""

import asyncio

import pytest

from latchstring.base.errors import Unavailable
from latchstring.base.settings import SigningAlgorithm
from latchstring.flows import client_keys
from latchstring.flows.client_keys import ClientKeys
from tests.support.assertions import PublishedKeys, key_set, rsa_key
from tests.support.provider import a_client

RS256 = SigningAlgorithm.RS256
URL = "https://app.test/jwks.json"


@pytest.fixture
def caller() -> PublishedKeys:
    caller = PublishedKeys()
    caller.publish(URL, key_set(rsa_key()))
    return caller


@pytest.fixture
def keys(caller, clock) -> ClientKeys:
    return ClientKeys(caller, clock)


def a_publisher(name="acme-web", **changes):
    return a_client(name, secret_digest=None, jwks_uri=URL, **changes)


async def ids(keys, kid=None, client=None) -> list[str | None]:
    found = await keys.fitting(client or a_publisher(), RS256, kid)
    return [key.id for key in found]


async def test_keys_of_the_settings_need_no_call(keys, caller):
    client = a_client(secret_digest=None, jwks=key_set(rsa_key(), rsa_key("bob")))

    assert await ids(keys, "k2", client) == ["k2"]
    assert await ids(keys, "k3", client) == []
    assert await ids(keys, "k3", a_client(secret_digest=None, jwks="broken")) == []
    assert caller.called == []


async def test_keys_are_fetched_once_and_kept_for_ten_minutes(keys, caller, clock):
    for _ in range(3):
        assert await ids(keys, "k1") == ["k1"]
    clock.advance(599)
    await ids(keys, "k1")
    assert len(caller.called) == 1

    clock.advance(1)
    await ids(keys, "k1")
    assert len(caller.called) == 2


async def test_an_operators_client_is_trusted_and_one_that_registered_itself_is_not(keys, caller):
    await ids(keys, "k1")
    await ids(keys, "k1", a_publisher("stranger", dynamic=True))

    assert caller.called == [(URL, True), (URL, False)]


async def test_an_unknown_key_is_looked_for_at_most_once_a_minute(keys, caller, clock):
    assert await ids(keys, "k1") == ["k1"]
    for _ in range(5):
        assert await ids(keys, "k2") == []
    assert len(caller.called) == 2

    clock.advance(60)
    caller.publish(URL, key_set(rsa_key(), rsa_key("new")))
    for _ in range(5):
        assert await ids(keys, "k2") == ["k2"]
    for _ in range(5):
        assert await ids(keys, "../../dev/null") == []
    assert len(caller.called) == 3


async def test_a_key_that_was_taken_out_ends_when_the_set_is_fetched_again(keys, caller, clock):
    await ids(keys, "k1")
    caller.publish(URL, '{"keys": []}')
    clock.advance(600)

    assert await ids(keys, "k1") == []


async def test_all_who_wait_share_one_call(keys, caller):
    gate = asyncio.Event()
    fetch = caller.get

    async def slow(url, **options):
        await gate.wait()
        return await fetch(url, **options)

    caller.get = slow
    waiting = [asyncio.create_task(ids(keys, "k1")) for _ in range(20)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    gate.set()
    found = await asyncio.gather(*waiting, return_exceptions=True)

    assert found[1:] == [["k1"]] * 19
    assert isinstance(found[0], asyncio.CancelledError)
    assert len(caller.called) == 1


@pytest.mark.parametrize("trouble", ["broken connection", "status 500", "no key set"])
async def test_trouble_leaves_what_was_known_for_a_while(keys, caller, clock, trouble):
    await ids(keys, "k1")
    make_trouble(caller, trouble)
    clock.advance(600)
    assert await ids(keys, "k1") == ["k1"]
    assert await ids(keys, "k1") == ["k1"]
    assert len(caller.called) == 2

    clock.advance(600)
    assert await ids(keys, "k1") == []


@pytest.mark.parametrize("trouble", ["broken connection", "status 500", "no key set"])
async def test_trouble_at_first_is_tried_again_after_a_minute(keys, caller, clock, trouble):
    make_trouble(caller, trouble)
    for _ in range(3):
        assert await ids(keys, "k1") == []
    assert len(caller.called) == 2

    caller.publish(URL, key_set(rsa_key()))
    clock.advance(60)
    assert await ids(keys, "k1") == ["k1"]


def make_trouble(caller, trouble: str) -> None:
    if trouble == "broken connection":
        caller.break_off(URL)
    elif trouble == "status 500":
        caller.publish(URL, key_set(rsa_key()), 500)
    else:
        caller.publish(URL, "<html>")


async def test_a_crash_is_no_answer_that_stays(keys, caller):
    fetch = caller.get

    async def crash(url, **options):
        raise Unavailable

    caller.get = crash
    with pytest.raises(Unavailable):
        await ids(keys, "k1")
    caller.get = fetch
    assert await ids(keys, "k1") == ["k1"]


async def test_only_so_many_sets_are_held(keys, caller, monkeypatch):
    monkeypatch.setattr(client_keys, "_MOST_HELD", 2)
    for name in ("one", "two", "one", "three", "one"):
        await ids(keys, "k1", a_publisher(name))

    assert len(caller.called) == 3
