"""A right code becomes a ticket, and a ticket a session."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from latchstring.base.ids import ClientId
from latchstring.base.origin import Origin
from latchstring.domain.challenges.refusal import WrongCode
from latchstring.domain.identities.identifier import email_identifier
from latchstring.domain.tickets import store as tickets
from latchstring.domain.tickets.ticket import Issued, Presented, Proven, issue
from latchstring.flows.authenticate_cross_origin import AuthenticateCrossOrigin
from latchstring.flows.end_what_was_live import EndWhatWasLive, Reason
from latchstring.flows.manage_users import ManageUsers
from latchstring.flows.open_session import Opened
from latchstring.flows.redeem_ticket import RedeemTicket
from latchstring.flows.verify_passwordless import VerifyRequest
from tests.support.dump import dump, rows
from tests.support.house import House
from tests.support.places import ALL

pytestmark = pytest.mark.at(*ALL)

ALICE, COOKIE = "alice@example.com", "the cookie of a browser"
HERE = Origin(ip="192.0.2.7")


async def a_ticket(house: House) -> Issued:
    await house.start()
    return await ask(house, await house.code())


async def ask(house: House, code: str) -> Issued:
    request = VerifyRequest(
        client_id=ClientId("acme-web"),
        connection=house.installation.configuration.current.connections["email"],
        identifier=email_identifier(ALICE, allow_examples=True),
        code=code,
        origin=HERE,
    )
    return await AuthenticateCrossOrigin(house.flows.verify)(request, COOKIE)


def redeeming(house: House) -> RedeemTicket:
    open_session = house.flows.verify.accept_challenge.open_session
    return RedeemTicket(house.installation.database, house.clock, open_session)


async def redeem(house: House, issued: Issued, **changes: str):
    values: dict[str, Any] = {
        "ticket": issued.ticket,
        "client_id": "acme-web",
        "cookie": COOKIE,
        **changes,
    }
    return await redeeming(house)(Presented(**values), HERE, None)


async def test_a_ticket_opens_a_session_as_old_as_the_proof(house):
    issued = await a_ticket(house)
    proven_at = house.clock.now()
    assert rows(house, "select count(*) from sessions") == [(0,)]
    house.clock.advance(90)
    opened = await redeem(house, issued)
    assert (opened.session.identifier, opened.session.amr) == (ALICE, ("otp", "email"))
    assert opened.session.authenticated_at == proven_at
    assert opened.session.ends_at == house.clock.now() + timedelta(days=7)
    assert await redeem(house, issued) is None


async def test_t_18_of_64_parallel_redemptions_one_opens_a_session(house):
    issued = await a_ticket(house)
    answers = await asyncio.gather(*(redeem(house, issued) for _ in range(64)))
    assert sum(answer is not None for answer in answers) == 1
    assert rows(house, "select count(*) from sessions") == [(1,)]


async def test_browsers_that_are_signed_in_as_the_same_person_do_not_wait_for_each_other(house):
    first = await a_ticket(house)
    earlier = [await again(house, first, None) for _ in range(16)]
    assert all(earlier)
    tokens = [opened.token for opened in earlier if opened is not None]
    answers = await asyncio.gather(*(again(house, first, token) for token in tokens))
    assert all(answers)
    assert rows(house, "select count(*) from sessions where ended_at is null") == [(16,)]


async def again(house: House, like: Issued, previous: str | None) -> Opened | None:
    """Redeem another ticket of the same person, in a browser with this session."""
    proven = Proven(**{name: getattr(like.row, name) for name in Proven.__struct_fields__})
    issued = issue(proven, COOKIE, now=house.clock.now())
    database = house.installation.database
    await database.transact(lambda tx: tickets.insert_ticket(tx, issued.row))
    presented = Presented(ticket=issued.ticket, client_id=ClientId("acme-web"), cookie=COOKIE)
    return await redeeming(house)(presented, HERE, previous)


async def test_v_04_of_64_parallel_right_answers_one_gets_a_ticket(house):
    await house.start()
    code = await house.code()
    answers = await asyncio.gather(*(ask(house, code) for _ in range(64)), return_exceptions=True)
    assert sum(isinstance(answer, Issued) for answer in answers) == 1
    assert sum(isinstance(answer, WrongCode) for answer in answers) == 63
    assert rows(house, "select count(*) from wrong_answers") == [(0,)]


async def test_looking_at_a_ticket_uses_nothing_up(house):
    issued = await a_ticket(house)
    look = redeeming(house).look
    for _ in range(3):
        found = await look(issued.ticket, ClientId("acme-web"))
        assert found is not None
        assert found.co_id == issued.row.co_id
    assert await look(issued.ticket, ClientId("acme-spa")) is None
    assert await redeem(house, issued)
    assert await look(issued.ticket, ClientId("acme-web")) is None


@pytest.mark.parametrize("again", [False, True])
async def test_whoever_was_shut_out_meanwhile_gets_no_session(house, again):
    issued = await a_ticket(house)
    administrator = ManageUsers(house.installation.database, house.clock)
    await administrator.block(ALICE)
    if again:
        await administrator.unblock(ALICE)
    assert await redeem(house, issued) is None
    assert rows(house, "select count(*) from sessions") == [(0,)]


async def test_a_restored_backup_s_tickets_are_good_for_nothing(house):
    issued = await a_ticket(house)
    end = EndWhatWasLive(house.clock)
    await house.installation.database.transact(lambda tx: end(tx, Reason.RESTORED))
    assert await redeem(house, issued) is None


async def test_v_17_a_stolen_database_holds_no_ticket_and_no_verifier(house):
    issued = await a_ticket(house)
    stolen = dump(house)
    assert issued.row.ticket_digest in stolen
    for secret in (issued.ticket, issued.verifier, COOKIE):
        assert secret not in stolen
