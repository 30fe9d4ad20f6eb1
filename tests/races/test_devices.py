"""A device code is redeemed once, answered once and paced once, however many ask at a time."""

import asyncio
from collections import Counter

import pytest

from latchstring.base.ids import ClientId
from latchstring.base.origin import NOWHERE
from latchstring.db import statements
from latchstring.domain.sessions.session import Session
from latchstring.flows.answer_device import DeviceAnswer
from latchstring.flows.find_device import TypedCode
from latchstring.flows.redeem_device import DevicePoll
from latchstring.flows.start_device import DeviceRequest, StartedDevice
from tests.conftest import FULL
from tests.support.devices import a_house_with_a_tv, allowed
from tests.support.house import House
from tests.support.places import ALL, POSTGRESQL, SQLITE, here

pytestmark = pytest.mark.at(*ALL)

PARALLEL = 64
PHONE = "phone"
SQL = statements.parse("-- tokens --\n-- All.\nselect count(*) from access_tokens")


def rounds(count: int) -> int:
    """How often something is raced for; a server is asked less often, unless there is time."""
    return count if FULL else {SQLITE: count, POSTGRESQL: count // 4}.get(here().kind, count // 10)


@pytest.fixture
async def house(tmp_path):
    async with a_house_with_a_tv(tmp_path) as house:
        yield house


async def alices_session(house: House) -> Session:
    """Sign Alice in, by way of a television of her own."""
    phone = house.browser()
    await allowed(house, phone)
    token = next(value for name, value in phone.http.cookies.items() if "session" in name)
    session = await house.flows.find_session(token)
    assert session is not None
    return session


async def a_typed_code(house: House) -> tuple[StartedDevice, DeviceAnswer]:
    """Return a television's codes, and the answer of whoever typed one of them."""
    wanted = DeviceRequest(
        client_id=ClientId("acme-tv"), scope="openid", audience=None, origin=NOWHERE, trusted=True
    )
    started = await house.flows.start_device(wanted)
    typed = TypedCode(code=started.user_code, browser=PHONE, session_id=None, origin=NOWHERE)
    await house.flows.find_device(typed)
    return started, DeviceAnswer(grant=started.grant, browser=PHONE, origin=NOWHERE)


async def poll(house: House, device_code: str) -> str:
    """Return ``tokens``, or the name of the refusal."""
    try:
        await house.flows.redeem_device(
            DevicePoll(device_code=device_code, client_id=ClientId("acme-tv"))
        )
    except Exception as refused:  # noqa: BLE001 - whatever it is, it must be the one expected
        return type(refused).__name__
    return "tokens"


async def test_of_64_that_redeem_a_device_code_one_gets_tokens_over_many_codes(house):
    session = await alices_session(house)
    codes = rounds(200)
    for _ in range(codes):
        started, answer = await a_typed_code(house)
        assert await house.flows.answer_device.allow(answer, session)
        told = await asyncio.gather(*(poll(house, started.device_code) for _ in range(PARALLEL)))

        assert Counter(told) == {"tokens": 1, "DeviceCodeRefused": PARALLEL - 1}
    given = await house.installation.database.read(lambda tx: tx.one(SQL["tokens"], int, {}))
    assert given == codes


async def test_of_64_that_answer_at_once_one_is_heard(house):
    session = await alices_session(house)
    heard = Counter[str]()
    for number in range(rounds(20)):
        started, answer = await a_typed_code(house)
        allow, deny = house.flows.answer_device.allow, house.flows.answer_device.deny
        presses = [(allow, deny)[(n + number) % 2] for n in range(PARALLEL)]
        won = await asyncio.gather(*(press(answer, session) for press in presses))

        assert sum(won) == 1
        word = "tokens" if presses[won.index(True)] is allow else "DeviceRefused"
        assert await poll(house, started.device_code) == word
        heard[word] += 1
    assert heard


async def test_of_64_polls_at_once_one_came_in_time_and_every_other_is_told_to_slow_down(house):
    for _ in range(rounds(20)):
        started, _ = await a_typed_code(house)
        told = await asyncio.gather(*(poll(house, started.device_code) for _ in range(PARALLEL)))

        assert Counter(told) == {"AuthorizationPending": 1, "PolledTooSoon": PARALLEL - 1}
        # Each of them made the wait longer by five seconds: none was forgotten.
        house.clock.advance(5 * PARALLEL - 1)
        assert await poll(house, started.device_code) == "PolledTooSoon"
        house.clock.advance(5 * PARALLEL + 5)
        assert await poll(house, started.device_code) == "AuthorizationPending"


async def test_a_yes_and_polls_at_once_lose_no_tokens(house):
    session = await alices_session(house)
    for _ in range(rounds(20)):
        started, answer = await a_typed_code(house)
        polls = [poll(house, started.device_code) for _ in range(PARALLEL)]
        allow = house.flows.answer_device.allow(answer, session)
        told = Counter(
            [str(word) for word in await asyncio.gather(*polls[:32], allow, *polls[32:])]
        )
        told[await poll(house, started.device_code)] += 1

        assert told["True"] == 1
        assert told["tokens"] == 1
