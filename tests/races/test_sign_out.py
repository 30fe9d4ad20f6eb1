"""Many sign-outs at once: each application is told of each session once."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import jwt
import pytest

from latchstring.base.ids import ClientId
from latchstring.base.origin import NOWHERE
from latchstring.base.outbound import Answer
from latchstring.domain.notices.notice import State
from latchstring.flows.find_person import hold_person
from latchstring.flows.live_session import is_live
from latchstring.flows.manage_users import ManageUsers
from latchstring.flows.notify_logout import NotifyLogout
from latchstring.flows.sign_out import SignOut
from latchstring.flows.sign_out_everywhere import SignOutEverywhere
from tests.support.places import ALL
from tests.support.sign_outs import (
    ALICE,
    a_listener,
    a_session,
    a_signer,
    a_user,
    at_application,
    notices_of,
)

pytestmark = pytest.mark.at(*ALL)


async def test_of_64_sign_outs_at_once_each_application_is_told_once(database, clock):
    user = await a_user(database, ALICE, clock.now())
    made = [await a_session(database, user, name, clock.now()) for name in ("one", "two")]
    for session in made:
        await at_application(database, session, "acme", "blog", "shop")
    sign_out, everywhere = SignOut(database, clock), SignOutEverywhere(database, clock)
    manage = ManageUsers(database, clock)

    tries: list[Coroutine[Any, Any, object]] = [sign_out(made[0], NOWHERE) for _ in range(24)]
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
    for number in range(40):
        session = await a_session(database, user, f"{number}", clock.now())

        async def sign_in(found=session):
            async def work(tx):
                await hold_person(tx, user)
                return await is_live(
                    tx, found.id, ClientId("acme"), hears_logout=True, now=clock.now()
                )

            return await database.transact(work)

        noted, _ = await asyncio.gather(sign_in(), SignOut(database, clock)(session, NOWHERE))

        told = [it for it in await notices_of(database, user) if it.sid == session.id]
        assert len(told) == int(noted)


async def test_of_many_nodes_that_look_at_once_one_tells_each_notice(database, clock):
    user = await a_user(database, ALICE, clock.now())
    names = [f"app-{number}" for number in range(20)]
    for number in range(3):
        session = await a_session(database, user, f"{number}", clock.now())
        await at_application(database, session, *names)
        await SignOut(database, clock)(session, NOWHERE)
    told = []

    class Caller:
        async def post_form(self, url, fields, **options):
            told.append(fields["logout_token"])
            await asyncio.sleep(0)
            return Answer(200, {}, b"")

    clients = {name: a_listener(name, f"https://{name}.example/") for name in names}
    signer = a_signer(clock.now())
    loops = [
        NotifyLogout(
            database=database,
            clock=clock,
            clients=lambda: clients,
            signer=signer,
            issuer="https://auth.test/",
            caller=Caller(),
            owner=f"serve/{number}",
        )
        for number in range(8)
    ]
    await asyncio.gather(*(loop.notify_due() for loop in loops))

    claims = [jwt.decode(token, options={"verify_signature": False}) for token in told]
    assert len(claims) == len({it["jti"] for it in claims}) == 60
    assert {it.state for it in await notices_of(database, user)} == {State.TOLD}
