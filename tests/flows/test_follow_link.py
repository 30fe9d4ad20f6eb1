"""What a magic link can do: looking changes nothing, a press consumes, each browser as it may."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import force_setattr

from latchstring.base.origin import NOWHERE
from latchstring.base.secrets import Keyring
from latchstring.domain.challenges import secret
from latchstring.domain.challenges import store as challenges
from latchstring.domain.challenges.refusal import LinkRefused
from latchstring.flows.follow_link import FollowLink, Press
from tests.support.places import PLAIN, SQLITE
from tests.support.world import CRASHED, ChallengeRow, UserRow, a_world

WRONG = "00000"


@pytest.fixture
async def world(tmp_path):
    async with a_world(tmp_path) as world:
        yield world


async def a_hosted_link(world, name="laptop", **how) -> str:
    page = await world.visit(name, "acme-web")
    _, token = await world.ask(browser=name, **how)
    assert page
    return token


class Untouchable:
    """A database that must not be asked anything."""

    def __getattr__(self, name):
        raise AssertionError(name)


@pytest.mark.parametrize("forge", ["", "x" * 43, "A" * 43, "\u00e4" * 43])
async def test_a_forged_link_is_refused_before_the_database_is_touched(world, forge):
    untouchable: Any = Untouchable()
    follow = FollowLink(
        untouchable, Keyring({1: b"k" * 32}), world.clock, untouchable, untouchable, timedelta()
    )
    press = Press(token=forge, browser_digest=None, origin=NOWHERE)

    assert await follow.look(forge, None) is None
    await follow.void(forge, NOWHERE)
    with pytest.raises(LinkRefused, match="no longer works") as refused:
        await follow.press(press)
    assert refused.value.state == "unknown"
    with pytest.raises(LinkRefused):
        await follow.code(forge, None)


async def test_a_genuine_link_whose_challenge_was_purged_is_unknown(world):
    keyring = world.installation.keyring
    token = secret.link_token(secret.new_challenge_id(), version=keyring.current, keyring=keyring)
    await world.void(token)

    assert await world.look(token, "laptop") == ("unknown",)
    assert await world.press(token, "laptop") == ("refused", "unknown")
    assert await world.show(token, "laptop") == (("refused", "unknown"), "")


async def test_m_01_looking_changes_nothing_however_often(world):
    _, token = await world.ask()
    before = await world.rows("challenges", ChallengeRow)
    for name in ("laptop", "phone", "scanner") * 20:
        assert await world.look(token, name) == ("confirm", "live")

    assert await world.rows("challenges", ChallengeRow) == before
    assert await world.events() == ["ChallengeIssued"]


async def test_r3_r6_a_link_signs_in_any_browser_that_confirms(world):
    token = await a_hosted_link(world, "laptop")

    assert await world.look(token, "phone") == ("confirm", "live")
    assert await world.press(token, "phone") == ("accepted", True)
    assert await world.is_signed_in(world.browser("phone").session)
    assert not await world.is_signed_in(world.browser("laptop").session)


async def test_the_browser_that_asked_may_go_on_by_itself(world):
    token = await a_hosted_link(world, "laptop")

    assert await world.look(token, "laptop") == ("continue", "live")
    assert await world.press(token, "laptop") == ("accepted", True)
    assert await world.resume("laptop", world.browser("laptop").page)


async def test_a_page_that_was_answered_no_longer_goes_on_by_itself(world):
    await world.connections.change("email", {"link_lifetime": 3600})
    answered = await a_hosted_link(world, "laptop")
    page = world.browser("laptop").page
    await world.press(answered, "laptop")
    await world.resume("laptop", page)
    _, again = await world.ask()

    assert await world.look(again, "laptop") == ("confirm", "live")


async def test_a_page_waits_as_long_as_its_link_lives(world):
    await world.connections.change("email", {"link_lifetime": 3600})
    link = await a_hosted_link(world, "phone")
    world.clock.advance(3599)

    assert await world.look(link, "phone") == ("continue", "live")


@pytest.mark.parametrize(("policy", "way"), [("code", "code"), ("deny", "denied")])
async def test_other_browsers_are_treated_as_the_connection_says(world, policy, way):
    await world.connections.change("email", {"other_browser": policy})
    token = await a_hosted_link(world, "laptop")

    assert await world.look(token, "phone") == (way, "live")
    assert await world.press(token, "phone") == ("refused", "denied")
    assert await world.press(token, "laptop") == ("accepted", True)


async def test_where_a_link_shows_the_code_it_is_the_one_that_works(world):
    await world.connections.change("email", {"other_browser": "code"})
    await world.visit("laptop", "acme-web")
    _, token = await world.ask(browser="laptop", send="link")
    outcome, code = await world.show(token, "phone")

    assert outcome == ("code",)
    assert await world.enter(code, browser="laptop") == ("accepted", True)


async def test_a_link_shows_no_code_where_nobody_waits_for_one_or_nobody_may(world):
    _, token = await world.ask(send="link")
    assert await world.show(token, "phone") == (("refused", "no code"), "")
    _, token = await world.ask(send="both")
    assert (await world.show(token, "phone"))[0] == ("code",)
    await world.connections.change("email", {"other_browser": "deny"})

    assert await world.show(token, "phone") == (("refused", "denied"), "")


async def test_a_link_shows_no_code_that_does_not_work(world):
    await world.connections.change("email", {"code_lifetime": 60})
    expired = await a_hosted_link(world)
    world.clock.advance(60)
    burned = await a_hosted_link(world, "phone")
    for _ in range(3):
        await world.enter(WRONG)

    assert await world.show(expired, "laptop") == (("refused", "no code"), "")
    assert await world.show(burned, "phone") == (("refused", "no code"), "")
    await world.press(burned, "phone")
    assert await world.show(burned, "phone") == (("refused", "used"), "")


async def test_m_12_link_and_code_end_each_other(world):
    code, token = await world.ask()
    await world.enter(code)
    assert await world.press(token, "laptop") == ("refused", "used")
    code, token = await world.ask()
    await world.press(token, "laptop")

    assert await world.enter(code) == ("wrong", None)


async def test_a_link_says_what_became_of_it(world):
    states = {}
    _, states["superseded"] = await world.ask()
    for _ in range(5):
        _, states["used"] = await world.ask()
    await world.press(states["used"], "laptop")
    _, states["voided"] = await world.ask()
    await world.void(states["voided"])
    _, states["expired"] = await world.ask()
    world.clock.advance(600)

    for state, token in states.items():
        assert await world.look(token, "laptop") == ("over", state)
        assert await world.press(token, "laptop") == ("refused", state)


async def test_voiding_ends_every_code_and_link_of_the_person_and_is_recorded(world):
    code, _ = await world.ask()
    _, token = await world.ask()
    await world.void(token)

    assert await world.enter(code) == ("wrong", None)
    assert {row.ended_by for row in await world.rows("challenges", ChallengeRow)} == {"voided"}
    assert "ChallengesVoided" in await world.events()


async def test_a_link_signs_nobody_up_once_signing_up_is_off(world):
    _, token = await world.ask()
    await world.connections.change("email", {"sign_up": False})

    assert await world.press(token, "laptop") == ("refused", "unknown")
    assert await world.rows("users", UserRow) == []


async def test_a_decoys_link_signs_in_nobody_even_if_somebody_had_it(world):
    await world.connections.change("email", {"sign_up": False})
    await world.start(
        "alice@example.com",
        "acme-web",
        send="link",
        address="192.0.2.1",
        browser=None,
        starts=0,
    )
    await world.connections.change("email", {"sign_up": True})
    (row,) = await world.rows("challenges", ChallengeRow)
    keyring = world.installation.keyring
    token = secret.link_token(row.id, version=keyring.current, keyring=keyring)

    assert await world.press(token, "laptop") == ("refused", "unknown")


async def test_an_api_link_leads_back_with_a_code_and_a_hosted_one_does_not(world):
    _, token = await world.ask()
    press = Press(token=token, browser_digest=None, origin=NOWHERE)
    pressed = await world.flow_link.press(press)
    assert pressed.code
    assert pressed.wanted.client_id == "acme-web"
    assert pressed.user.opened.session.amr == ("email",)

    token = await a_hosted_link(world, "laptop")
    press = Press(token=token, browser_digest=None, origin=NOWHERE)
    pressed = await world.flow_link.press(press)
    assert (pressed.code, pressed.wanted) == (None, None)


async def test_a_press_ends_the_session_the_browser_came_with(world):
    _, token = await world.ask()
    await world.press(token, "laptop")
    before = world.browser("laptop").session
    _, token = await world.ask()
    await world.press(token, "laptop")

    assert not await world.is_signed_in(before)
    assert await world.is_signed_in(world.browser("laptop").session)


async def test_that_a_link_was_opened_is_noted_once(world):
    _, token = await world.ask()
    opened = await world.flow_link.look(token, None)
    await world.flow_link.note_opened(opened.challenge)
    first = await world.flow_link.look(token, None)
    world.clock.advance(60)
    await world.flow_link.note_opened(first.challenge)
    await world.flow_link.note_opened(opened.challenge)
    again = await world.flow_link.look(token, None)

    assert opened.challenge.opened_at is None
    assert first.challenge.opened_at == again.challenge.opened_at is not None


async def test_m_03_of_parallel_presses_one_wins(world):
    _, token = await world.ask()
    told = await asyncio.gather(*(world.press(token, f"browser{n}") for n in range(64)))

    assert told.count(("accepted", True)) == 1
    assert told.count(("refused", "used")) == 63


@pytest.mark.at(SQLITE, PLAIN)  # elsewhere one statement does all that follows a code
async def test_whoever_ends_nothing_has_not_won_wherever_the_race_was_decided(world, monkeypatch):
    code, token = await world.ask()

    async def somebody_was_faster(*_, **__):
        return []

    monkeypatch.setattr(challenges, "end_all", somebody_was_faster)
    assert await world.press(token, "laptop") == ("refused", "used")
    assert (await world.enter(code))[0] == "wrong"
    assert await world.rows("users", UserRow) == []


async def test_a_link_of_a_connection_that_is_gone_works_nowhere_else(world):
    token = await a_hosted_link(world)
    configuration = world.installation.configuration
    force_setattr(configuration.current, "connections", {})

    assert await world.look(token, "phone") == ("denied", "live")
    assert await world.press(token, "laptop") == ("refused", "unknown")


async def test_a_code_helps_where_somebody_waits_or_it_was_sent(world):
    async def helps(token: str) -> bool:
        return (await world.flow_link.look(token, None)).has_code

    assert await helps(await a_hosted_link(world, send="link"))
    assert await helps((await world.ask(send="both"))[1])
    assert not await helps((await world.ask(send="link"))[1])
    await world.connections.change("email", {"other_browser": "code"})
    assert await helps((await world.ask(send="link"))[1])


async def test_an_expired_link_gives_no_code_away_that_still_lives(world):
    await world.connections.change("email", {"link_lifetime": 60})
    token = await a_hosted_link(world)
    world.clock.advance(60)

    assert await world.show(token, "laptop") == (("refused", "expired"), "")


async def test_a_used_link_stops_no_later_sign_in(world):
    _, used = await world.ask()
    await world.press(used, "laptop")
    code, _ = await world.ask()
    await world.flow_link.void(used, NOWHERE)

    assert (await world.enter(code))[0] == "accepted"


async def test_a_removed_client_gets_nobody_by_a_link(world):
    _, token = await world.ask()
    configuration = world.installation.configuration
    force_setattr(configuration.current, "clients", {})

    assert await world.press(token, "laptop") == ("refused", "unknown")


async def test_a_link_knows_whose_session_its_browser_has(world):
    _, token = await world.ask()
    _, bobs = await world.ask("bob@example.com")
    await world.press(token, "laptop")
    session = world.browser("laptop").session
    mine, his = [
        await world.flow_link.look(link, None, session_token=session) for link in (token, bobs)
    ]
    nobodys = await world.flow_link.look(bobs, None, session_token="made up")

    assert (mine.is_signed_in, his.is_signed_in) == (True, False)
    assert (his.signed_in_as, nobodys.signed_in_as) == ("alice@example.com", None)


async def test_a_link_leads_to_no_address_that_was_taken_off_meanwhile(world):
    _, token = await world.ask()
    current = world.installation.configuration.current
    client = current.clients["acme-web"].changed({"callbacks": ["http://127.0.0.1:9100/other"]})
    force_setattr(current, "clients", {**current.clients, "acme-web": client})
    pressed = await world.flow_link.press(Press(token=token, browser_digest=None, origin=NOWHERE))

    assert (pressed.code, pressed.wanted) == (None, None)


async def test_noting_that_a_link_was_opened_is_worth_no_error(world):
    _, token = await world.ask()
    opened = await world.flow_link.look(token, None)
    await world.installation.database.close()

    await world.flow_link.note_opened(opened.challenge)


@pytest.mark.parametrize("statement", range(1, 14))
async def test_a_crash_between_two_statements_leaves_nothing_of_a_press(world, statement):
    _, token = await world.ask()
    world.fuse.left = statement
    outcome = await world.attempt(world.press(token, "laptop"))

    if outcome == CRASHED:
        assert await world.rows("users", UserRow) == []
        assert await world.press(token, "laptop") == ("accepted", True)
