"""Applications are told that somebody signed out: over real sockets, with a clock that stands."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import jwt
import pytest

from latchstring.base.ids import ClientId, SessionId
from latchstring.base.origin import NOWHERE
from latchstring.base.outbound import Answer, Outbound, OutboundError
from latchstring.base.settings import SigningAlgorithm
from latchstring.db.database import Database
from latchstring.domain.clients.client import Client
from latchstring.domain.keys.signer import Signer, TokenKind
from latchstring.domain.notices import store
from latchstring.domain.notices.notice import EVENT, State, notice_of
from latchstring.flows import notify_logout
from latchstring.flows.notify_logout import LEASE, NotifyLogout
from latchstring.flows.purge_expired import PurgeExpired
from latchstring.flows.sign_out import SignOut
from tests.support.clock import FixedClock
from tests.support.gateway import answer
from tests.support.places import ALL
from tests.support.receiver import Receiver, receiving
from tests.support.sign_outs import (
    ALICE,
    a_listener,
    a_session,
    a_signer,
    a_user,
    at_application,
    notices_of,
    undelivered,
)

pytestmark = pytest.mark.at(*ALL)

ISSUER = "https://auth.test/"


@dataclass
class House:
    database: Database
    clock: FixedClock
    signer: Signer
    clients: dict[str, Client] = field(default_factory=dict)
    outbound: Outbound = field(default_factory=lambda: Outbound(whole_seconds=0.5))

    def loop(self, owner="serve/1", **changes):
        values: dict[str, Any] = {
            "database": self.database,
            "clock": self.clock,
            "clients": lambda: self.clients,
            "signer": self.signer,
            "issuer": ISSUER,
            "caller": self.outbound,
            "owner": owner,
            "draw": lambda: 0.0,
        }
        return NotifyLogout(**(values | changes))

    async def signed_out(self, *names):
        """Let Alice sign in to applications, and out."""
        user = await a_user(self.database, ALICE, self.clock.now())
        session = await a_session(self.database, user, "one", self.clock.now())
        await at_application(self.database, session, *names)
        await SignOut(self.database, self.clock)(session, NOWHERE)
        return user, session


@pytest.fixture
async def house(database, clock):
    found = House(database, clock, a_signer(clock.now()))
    yield found
    await found.outbound.close()


@pytest.fixture
def receiver():
    return Receiver()


@asynccontextmanager
async def listening(house, receiver, name="acme", **changes):
    async with receiving(receiver) as port:
        url = f"http://127.0.0.1:{port}/backchannel"
        house.clients[name] = a_listener(name, url, **changes)
        yield


def token_of(heard):
    (token,) = heard.form["logout_token"]
    return token


def claims_of(heard):
    return jwt.decode(token_of(heard), options={"verify_signature": False})


@pytest.mark.parametrize("algorithm", SigningAlgorithm)
async def test_an_application_hears_who_signed_out_of_which_session(house, receiver, algorithm):
    async with listening(house, receiver, id_token_signed_response_alg=algorithm):
        user, session = await house.signed_out("acme")
        await house.loop().notify_due()

    (heard,) = receiver.heard
    assert heard.line == "POST /backchannel HTTP/1.1"
    assert heard.headers["content-type"] == "application/x-www-form-urlencoded"
    token = token_of(heard)
    header = jwt.get_unverified_header(token)
    assert (header["typ"], header["alg"]) == ("logout+jwt", algorithm)
    assert house.signer.recognize(token, TokenKind.LOGOUT_TOKEN) == claims_of(heard)
    assert house.signer.recognize(token) is None
    (notice,) = await notices_of(house.database, user)
    now = int(house.clock.now().timestamp())
    assert claims_of(heard) == {
        "iss": ISSUER,
        "aud": "acme",
        "sub": user,
        "sid": session.id,
        "iat": now,
        "exp": now + 120,
        "jti": notice.id,
        "events": {EVENT: {}},
    }
    assert notice.state is State.TOLD
    assert await undelivered(house.database, user) == []


async def test_r17_an_application_that_fails_twice_is_told_under_one_jti(house, receiver):
    receiver.answers += [answer(500), answer(503)]
    async with listening(house, receiver):
        user, _ = await house.signed_out("acme")
        loop = house.loop()
        for seconds in (0, 1.9, 0.1, 9.9, 0.1):
            house.clock.advance(seconds)
            await loop.notify_due()

    assert len(receiver.heard) == 3
    assert len({claims_of(heard)["jti"] for heard in receiver.heard}) == 1
    assert [
        claims_of(heard)["iat"] - claims_of(receiver.heard[0])["iat"] for heard in receiver.heard
    ] == [0, 2, 12]
    (notice,) = await notices_of(house.database, user)
    assert (notice.state, notice.attempts) == (State.TOLD, 3)


async def test_r17_an_application_that_acts_and_never_answers_hears_the_same_jti(house, receiver):
    receiver.silent = 1
    async with listening(house, receiver):
        user, _ = await house.signed_out("acme")
        loop = house.loop()
        await loop.notify_due()
        (waiting,) = await notices_of(house.database, user)
        assert (waiting.state, waiting.last_error) == (State.WAITING, "did not answer in time")
        house.clock.advance(2)
        await loop.notify_due()

    first, second = receiver.heard
    assert claims_of(first)["jti"] == claims_of(second)["jti"]


async def test_r17_an_application_that_never_takes_it_is_given_up_and_that_is_an_event(
    house, receiver
):
    receiver.answers += [answer(500)] * 9
    reports = []
    async with listening(house, receiver):
        user, session = await house.signed_out("acme")
        loop = house.loop(report=lambda notice, outcome: reports.append(outcome.state))
        for seconds in (0, 2, 10, 60, 300, 10_000):
            house.clock.advance(seconds)
            await loop.notify_due()

    assert len(receiver.heard) == 5
    assert reports == [State.WAITING] * 4 + [State.GIVEN_UP]
    (event,) = await undelivered(house.database, user)
    assert event.client_id == "acme"
    assert event.details["session_id"] == session.id
    assert event.details["state"] == "given_up"
    assert event.details["attempts"] == 5
    assert event.details["reason"] == "the application answered 500"


async def test_an_application_that_says_400_is_not_asked_again(house, receiver):
    receiver.answers.append(answer(400, b'{"error":"invalid_request"}'))
    async with listening(house, receiver):
        user, _ = await house.signed_out("acme")
        loop = house.loop()
        await loop.notify_due()
        house.clock.advance(1000)
        await loop.notify_due()

    assert len(receiver.heard) == 1
    (event,) = await undelivered(house.database, user)
    assert (event.details["state"], event.details["attempts"]) == ("refused", 1)


async def test_an_application_where_nobody_listens_is_tried_again(house):
    house.clients["acme"] = a_listener("acme", "http://127.0.0.1:1/")
    user, _ = await house.signed_out("acme")

    await house.loop().notify_due()

    (notice,) = await notices_of(house.database, user)
    assert (notice.state, notice.last_error) == (State.WAITING, "cannot connect")


async def test_d10_an_application_that_registered_itself_has_no_address_on_loopback(
    house, receiver
):
    async with listening(house, receiver, dynamic=True):
        user, _ = await house.signed_out("acme")
        await house.loop().notify_due()

    assert receiver.connections == 0
    (event,) = await undelivered(house.database, user)
    assert event.details["state"] == "refused"


async def test_a_redirect_is_no_answer(house, receiver):
    elsewhere = Receiver()
    async with receiving(elsewhere) as port, listening(house, receiver):
        receiver.answers.append(answer(307, location=f"http://127.0.0.1:{port}/"))
        user, _ = await house.signed_out("acme")
        await house.loop().notify_due()

    assert elsewhere.connections == 0
    assert (await notices_of(house.database, user))[0].state is State.WAITING


async def test_nobody_tells_an_application_that_is_gone_or_no_longer_wants_to_hear(house):
    house.clients["blog"] = a_listener("blog", "http://x/", backchannel_logout_uri=None)
    user, _ = await house.signed_out("acme", "blog")

    await house.loop().notify_due()

    assert {notice.state for notice in await notices_of(house.database, user)} == {State.VOID}
    assert await undelivered(house.database, user) == []


async def test_what_one_holds_no_other_tells_until_the_lease_is_over(house, receiver):
    held = asyncio.Event()

    class Stuck:
        async def post_form(self, *args, **options):
            await held.wait()
            raise OutboundError("x")

    async with listening(house, receiver):
        await house.signed_out("acme")
        stuck = house.loop(caller=Stuck())
        await stuck._round()
        other = house.loop("serve/2")
        await other.notify_due()
        assert receiver.heard == []
        house.clock.advance(LEASE.total_seconds())
        await other.notify_due()
        assert len(receiver.heard) == 1
        held.set()
        await stuck.notify_due()
        house.clock.advance(1000)
        await other.notify_due()
    assert len(receiver.heard) == 1


async def test_an_application_that_hangs_keeps_nobody_else_waiting(house, receiver):
    released = asyncio.Event()
    calls = []

    class Caller:
        async def post_form(self, url, fields, **options):
            calls.append(url)
            if "slow" in url:
                await released.wait()
            return Answer(200, {}, b"")

    house.clients |= {name: a_listener(name, f"http://{name}/") for name in ("slow", "quick")}
    now = house.clock.now()
    user = await a_user(house.database, ALICE, now)
    for number in range(40):
        session = await a_session(house.database, user, f"{number}", now)
        await at_application(house.database, session, "slow", "quick")
        await SignOut(house.database, house.clock)(session, NOWHERE)
    loop = house.loop(caller=Caller())
    for _ in range(60):
        house.clock.advance(0.25)
        await loop._round()
        await asyncio.sleep(0)
    assert calls.count("http://quick/") == 40
    assert calls.count("http://slow/") == 8
    released.set()
    for _ in range(40):
        house.clock.advance(4)
        await loop.notify_due()
    found = await notices_of(house.database, user)
    assert {notice.state for notice in found} == {State.TOLD}


async def test_a_long_queue_at_an_application_that_hangs_is_not_taken_up_all_the_time(house):
    class Caller:
        async def post_form(self, url, fields, **options):
            await asyncio.Event().wait()

    house.clients["slow"] = a_listener("slow", "http://slow/")
    now = house.clock.now()
    user = await a_user(house.database, ALICE, now)
    queue = [notice_of(ClientId("slow"), SessionId(f"{n}"), user, now=now) for n in range(250)]
    await house.database.transact(lambda tx: store.enqueue(tx, queue))
    written = []
    loop = house.loop(caller=Caller(), report=lambda notice, outcome: written.append(outcome))
    for _ in range(120):
        house.clock.advance(0.5)
        await loop._round()
    for call in loop._calls.values():
        call.cancel()
    assert len(queue) - 8 <= len(written) < 2 * len(queue)
    assert not any(outcome.tried for outcome in written)


async def test_the_running_loop_tells_at_once_when_it_is_woken(house, receiver):
    told = asyncio.Event()
    async with listening(house, receiver):
        loop = house.loop(report=lambda *_: told.set())
        task = asyncio.create_task(loop.run())
        user, _ = await house.signed_out("acme")
        loop.wake()
        await asyncio.wait_for(told.wait(), 5)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert [it.state for it in await notices_of(house.database, user)] == [State.TOLD]


async def test_a_loop_that_is_stopped_writes_down_what_came_of_its_calls(house):
    begun, released = asyncio.Event(), asyncio.Event()

    class Caller:
        async def post_form(self, *args, **options):
            begun.set()
            await released.wait()
            return Answer(200, {}, b"")

    house.clients["acme"] = a_listener("acme", "http://x/")
    user, _ = await house.signed_out("acme")
    task = asyncio.create_task(house.loop(caller=Caller()).run())
    await asyncio.wait_for(begun.wait(), 5)
    task.cancel()
    released.set()
    await asyncio.gather(task, return_exceptions=True)
    assert [it.state for it in await notices_of(house.database, user)] == [State.TOLD]


async def test_a_call_that_does_not_end_is_for_whoever_comes_next(house, monkeypatch):
    monkeypatch.setattr(notify_logout, "_GRACE_SECONDS", 0.1)
    begun = asyncio.Event()

    class Caller:
        async def post_form(self, *args, **options):
            begun.set()
            await asyncio.sleep(60)

    house.clients["acme"] = a_listener("acme", "http://x/")
    user, _ = await house.signed_out("acme")
    task = asyncio.create_task(house.loop(caller=Caller()).run())
    await asyncio.wait_for(begun.wait(), 5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    (notice,) = await notices_of(house.database, user)
    assert (notice.state, notice.due_at) == (State.WAITING, house.clock.now())


async def test_what_was_settled_a_week_ago_is_forgotten(house, receiver):
    async with listening(house, receiver):
        user, _ = await house.signed_out("acme")
        await house.loop().notify_due()
    purge = PurgeExpired(house.database, house.clock)
    house.clock.advance(6 * 24 * 3600)
    await purge()
    assert len(await notices_of(house.database, user)) == 1
    house.clock.advance(2 * 24 * 3600)
    await purge()
    assert await notices_of(house.database, user) == []
