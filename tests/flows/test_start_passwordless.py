"""A start is durable, with its message, before anybody is answered; it tells nobody who exists."""

from datetime import timedelta

import pytest

from latchstring.base.errors import InvalidRequest
from latchstring.base.settings import Rate
from latchstring.domain.delivery import store as delivery
from latchstring.domain.delivery.message import State
from latchstring.flows.allowances import browser_kind
from tests.support.house import START_OF_TIME as NOW
from tests.support.places import ALL
from tests.support.world import CRASHED, ChallengeRow, a_world

pytestmark = pytest.mark.at(*ALL)

HOUR = timedelta(hours=1)
API = {"address": "192.0.2.1", "browser": None, "starts": 0}
PAGE = {"address": "192.0.2.1", "browser": "laptop"}


@pytest.fixture
async def world(tmp_path):
    async with a_world(tmp_path) as world:
        yield world


async def messages(world, person="alice@example.com"):
    read = world.installation.database.read
    return await read(lambda tx: delivery.list_recent(tx, person))


async def start(world, person="alice@example.com", client="acme-web", send="code", **how):
    return (await world.start(person, client, send=send, **{**API, **how}))[0]


async def test_the_message_is_in_the_outbox_when_the_start_returns(world):
    await start(world)
    (message,) = await messages(world)

    assert (message.state, message.due_at) == (State.QUEUED, NOW)
    assert world.worker._wake.is_set()


@pytest.mark.parametrize(
    ("send", "code", "link"), [("code", True, False), ("link", False, True), ("both", True, True)]
)
async def test_r2_the_message_carries_what_was_asked_for(world, send, code, link):
    found = await world.ask(send=send)

    assert tuple(map(bool, found)) == (code, link)


@pytest.mark.parametrize(("send", "seconds"), [("code", 60), ("link", 120), ("both", 60)])
async def test_a_message_is_given_up_when_what_it_carries_is_worthless(world, send, seconds):
    await world.connections.change("email", {"code_lifetime": 60, "link_lifetime": 120})
    await start(world, send=send)
    (message,) = await messages(world)

    assert message.give_up_at == NOW + timedelta(seconds=seconds)


async def test_r5_a_changed_lifetime_holds_for_the_next_start_and_no_earlier_one(world):
    old, _ = await world.ask()
    await world.connections.change("email", {"code_lifetime": 60})
    new, _ = await world.ask()
    world.clock.advance(61)

    assert await world.enter(new) == ("expired",)
    assert (await world.enter(old))[0] == "accepted"


async def test_r8_a_sixth_request_retires_the_oldest(world):
    codes = [(await world.ask())[0] for _ in range(6)]

    assert await world.enter(codes[0]) == ("wrong", 3)
    assert (await world.enter(codes[1]))[0] == "accepted"
    assert [await world.enter(code) for code in codes[2:]] == [("wrong", None)] * 4


async def test_s_18_where_sign_up_is_off_a_stranger_gets_a_decoy(world):
    await world.connections.change("email", {"sign_up": False})
    outcome = await start(world)

    assert outcome == ("started", 6)
    assert await world.delivered() == []
    (message,) = await messages(world)
    assert (message.state, message.decoy) == (State.SUPPRESSED, True)


async def test_a_blocked_person_gets_a_decoy_and_a_known_one_a_message(world):
    await world.enter((await world.ask())[0])
    await world.connections.change("email", {"sign_up": False})
    await world.ask()
    await world.users.block("alice@example.com")

    assert await start(world) == ("started", 6)
    assert await world.delivered() == []


async def test_l_01_a_limit_is_named_with_its_end_and_nothing_is_sent(world):
    for _ in range(10):
        await start(world)

    assert await start(world) == ("limit", "starts_per_identifier", NOW + HOUR)
    assert len(await messages(world)) == 10
    assert (await world.events())[-1] == "LimitReached"


async def test_an_exhausted_limit_spends_none_of_the_others(tmp_path):
    async with a_world(tmp_path, starts_per_address=Rate(1, HOUR)) as world:
        assert await start(world, client="acme-spa") == ("started", 6)
        for _ in range(12):
            refused = await start(world, client="acme-spa")
            assert refused == ("limit", "starts_per_address", NOW + HOUR)

        assert [(await start(world))[0] for _ in range(10)] == ["started"] * 9 + ["limit"]


async def test_a_client_that_proved_its_secret_spends_nothing_of_its_servers_address(tmp_path):
    async with a_world(tmp_path, starts_per_address=Rate(1, HOUR)) as world:
        for _ in range(3):
            assert await start(world) == ("started", 6)
        assert await start(world, client="acme-spa") == ("started", 6)


async def test_a_start_that_is_verified_gives_its_address_the_unit_back(tmp_path):
    async with a_world(tmp_path, starts_per_address=Rate(1, HOUR)) as world:
        for _ in range(3):
            code, _ = await world.ask(client="acme-spa")
            assert (await world.enter(code, client="acme-spa"))[0] == "accepted"


async def test_l_10_a_block_of_numbers_is_limited_and_suspected(tmp_path):
    async with a_world(tmp_path, sms_per_number_block=Rate(2, HOUR)) as world:
        numbers = [f"+1415555010{number}" for number in range(3)]
        told = [await start(world, number) for number in numbers]

        assert told[2] == ("limit", "sms_per_number_block", NOW + HOUR)
        assert await world.events(numbers[2]) == ["LimitReached"]
        (suspected,) = await world.rows("suspicions", str)
        assert suspected == '{"number_block":"+1415555"}'


async def test_s_16_a_country_that_is_not_allowed_gets_no_text(world):
    await world.connections.change("sms", {"countries": ["DE"]})

    assert await start(world, "+14155550100") == ("refused",)
    assert await world.rows("challenges", ChallengeRow) == []


async def test_a_link_at_the_api_is_refused_where_it_could_be_opened_nowhere(world):
    await world.connections.change("email", {"other_browser": "deny"})

    assert await start(world, send="link") == ("refused",)
    assert await start(world, send="both") == ("started", 6)
    await world.visit("laptop", "acme-web")
    assert await start(world, send="link", **PAGE) == ("started", 6)


async def test_a_second_press_of_the_button_sends_nothing_and_spends_nothing(world):
    await world.visit("laptop", "acme-web")
    first, second = await start(world, **PAGE, starts=0), await start(world, **PAGE, starts=0)

    assert (first, second) == (("started", 6), ("twice",))
    assert len(await messages(world)) == 1
    assert await world.window("starts_per_identifier", "stranger alice@example.com") == (
        1,
        NOW + HOUR,
    )


async def test_l_13_past_the_guess_budget_new_codes_have_ten_digits(world):
    for _ in range(5):
        await world.ask()
        for _ in range(2):
            await world.enter("00000")

    assert await start(world) == ("started", 10)


async def test_codes_that_are_longer_anyway_stay_as_long_as_they_are(world):
    await world.connections.change("email", {"code_length": 12})
    for _ in range(5):
        await world.ask()
        for _ in range(2):
            await world.enter("00000")

    assert await start(world) == ("started", 12)


async def test_a_known_browser_starts_on_a_budget_of_its_own(world):
    await world.visit("laptop", "acme-web")
    code, _ = await world.ask(**PAGE)
    await world.enter(code, browser="laptop")
    for _ in range(10):
        await start(world)
    page = {**PAGE, "starts": 0}
    await world.visit("laptop", "acme-web")

    assert (await start(world))[0] == "limit"
    assert await start(world, **page) == ("started", 6)


def test_a_browser_is_no_stranger_only_to_people_there_are(world):
    assert browser_kind(None, NOW) == "stranger"


@pytest.mark.parametrize("statement", range(1, 12))
async def test_a_crash_between_two_statements_leaves_nothing_of_a_start(world, statement):
    world.fuse.left = statement
    outcome = await world.attempt(world.start("alice@example.com", "acme-web", send="code", **API))

    if outcome == CRASHED:
        assert await world.rows("challenges", ChallengeRow) == []
        assert await messages(world) == []
        assert await world.events() == []
    assert await start(world) == ("started", 6)


async def test_the_refusal_of_a_country_is_a_sentence_for_the_phone_field(world):
    with pytest.raises(InvalidRequest, match="country") as refused:
        await world.flow_start(world.a_start_request("+33639980001"))

    assert refused.value.field == "phone_number"
