"""Many sign-outs at once: each application is told of each session once."""

import asyncio

import pytest

from latchstring.base.ids import ClientId
from latchstring.base.origin import NOWHERE
from latchstring.domain.sessions import store as sessions
from latchstring.flows.manage_users import ManageUsers
from latchstring.flows.sign_out import SignOut
from latchstring.flows.sign_out_everywhere import SignOutEverywhere
from tests.support.places import ALL
from tests.support.sign_outs import ALICE, a_session, a_user, at_application, notices_of

pytestmark = pytest.mark.at(*ALL)


async def test_of_64_sign_outs_at_once_each_application_is_told_once(database, clock):
    user = await a_user(database, ALICE, clock.now())
    made = [await a_session(database, user, name, clock.now()) for name in ("one", "two")]
    for session in made:
        await at_application(database, session, "acme", "blog", "shop")
    sign_out, everywhere = SignOut(database, clock), SignOutEverywhere(database, clock)
    manage = ManageUsers(database, clock)

    tries = [sign_out(made[0], NOWHERE) for _ in range(24)]
    tries += [everywhere(user, NOWHERE) for _ in range(24)]
    tries += [manage.sign_out(ALICE.value) for _ in range(16)]
    await asyncio.gather(*tries)

    found = await notices_of(database, user)
    assert len(found) == 6
    assert {(it.client_id, it.sid) for it in found} == {
        (name, session.id) for name in ("acme", "blog", "shop") for session in made
    }


async def test_a_sign_in_beside_a_sign_out_is_told_of_or_refused(database, clock):
    user = await a_user(database, ALICE, clock.now())
    for number in range(20):
        session = await a_session(database, user, f"{number}", clock.now())

        async def sign_in(found=session):
            return await database.transact(
                lambda tx: sessions.note_client(tx, found.id, ClientId("acme"))
            )

        noted, _ = await asyncio.gather(sign_in(), SignOut(database, clock)(session, NOWHERE))

        told = [it for it in await notices_of(database, user) if it.sid == session.id]
        assert len(told) == int(noted)
