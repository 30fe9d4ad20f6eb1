"""A block beside a login ticket on its way: no session outlives it, and neither fails."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from latchstring.base.ids import ClientId
from latchstring.base.origin import NOWHERE
from latchstring.domain.challenges.refusal import WrongCode
from latchstring.domain.identities.identifier import email_identifier
from latchstring.domain.tickets.ticket import Issued, Presented
from latchstring.flows.authenticate_cross_origin import AuthenticateCrossOrigin
from latchstring.flows.manage_users import ManageUsers
from latchstring.flows.open_session import Opened
from latchstring.flows.redeem_ticket import RedeemTicket
from latchstring.flows.verify_passwordless import VerifyRequest
from tests.support.dump import rows
from tests.support.house import House
from tests.support.places import ALL
from tests.support.quick_house import a_quick_house

pytestmark = pytest.mark.at(*ALL)

ALICE, COOKIE = "alice@example.com", "the cookie of a browser"
LIVE = "select count(*) from sessions where ended_at is null"
ROUNDS = 8


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_quick_house(tmp_path) as found:
        yield found


async def ask(house: House, code: str) -> Issued:
    request = VerifyRequest(
        client_id=ClientId("acme-web"),
        connection=house.installation.configuration.current.connections["email"],
        identifier=email_identifier(ALICE, allow_examples=True),
        code=code,
        origin=NOWHERE,
    )
    return await AuthenticateCrossOrigin(house.flows.verify)(request, COOKIE)


async def redeem(house: House, issued: Issued) -> Opened | None:
    open_session = house.flows.verify.accept_challenge.open_session
    take = RedeemTicket(house.installation.database, house.clock, open_session)
    own = Presented(ticket=issued.ticket, client_id=ClientId("acme-web"), cookie=COOKIE)
    return await take(own, NOWHERE, None)


async def out_and_in(house: House, delay: float) -> None:
    """Shut Alice out, and let her in again at once."""
    await asyncio.sleep(delay)
    users = ManageUsers(house.installation.database, house.clock)
    await users.block(ALICE)
    await users.unblock(ALICE)


async def a_code(house: House) -> str:
    await house.start()
    return await house.code()


async def test_of_many_redemptions_beside_a_block_no_session_outlives_it(house):
    for number in range(ROUNDS):
        issued = await ask(house, await a_code(house))
        told: Any = await asyncio.gather(
            redeem(house, issued), out_and_in(house, number % 4 * 0.001), return_exceptions=True
        )
        assert told[0] is None or isinstance(told[0], Opened)
        assert told[1] is None
        assert rows(house, LIVE) == [(0,)]


async def test_of_many_tickets_beside_a_block_none_outlives_it(house):
    await ask(house, await a_code(house))  # from now on there is somebody to shut out
    for number in range(ROUNDS):
        code = await a_code(house)
        told: Any = await asyncio.gather(
            ask(house, code), out_and_in(house, number % 4 * 0.001), return_exceptions=True
        )
        assert isinstance(told[0], Issued | WrongCode)
        assert told[1] is None
        if isinstance(told[0], Issued):
            assert await redeem(house, told[0]) is None
        assert rows(house, LIVE) == [(0,)]
