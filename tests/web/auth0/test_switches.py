"""Answers of Auth0's that are given only where an operator switches them on."""

import pytest

from latchstring.base.settings import Auth0Settings
from latchstring.flows.manage_users import ManageUsers
from tests.support.house import House
from tests.support.quick_house import a_quick_house
from tests.support.refusals import assert_refused

ALICE, BOB = "alice@example.com", "bob@example.com"


async def sign_up(house: House) -> None:
    await house.start()
    assert (await house.exchange(await house.code())).status_code == 200


@pytest.mark.parametrize("told", [False, True])
async def test_a_stranger_is_told_that_sign_up_is_off_only_with_the_switch(tmp_path, told):
    auth0 = Auth0Settings(tell_sign_up_disabled=told)
    async with a_quick_house(tmp_path, auth0=auth0) as house:
        await sign_up(house)
        await house.change(sign_up=False)
        assert (await house.start(ALICE)).status_code == 200
        answer = await house.start(BOB)
        if not told:
            assert answer.status_code == 200
            return
        assert_refused(answer, 400, "bad.connection")
        assert answer.json()["error_description"] == "Public signup is disabled"


async def test_nobody_is_refused_where_sign_up_is_on(tmp_path):
    auth0 = Auth0Settings(tell_sign_up_disabled=True)
    async with a_quick_house(tmp_path, auth0=auth0) as house:
        assert (await house.start(BOB)).status_code == 200


@pytest.mark.parametrize("told", [False, True])
async def test_a_blocked_person_is_told_so_only_with_the_switch(tmp_path, told):
    async with a_quick_house(tmp_path, auth0=Auth0Settings(tell_blocked=told)) as house:
        await sign_up(house)
        await ManageUsers(house.installation.database, house.clock).block(ALICE)
        answer = await house.exchange("000000")
        assert_refused(answer, 403, "unauthorized" if told else "invalid_grant")
        sentence = "user is blocked" if told else "Wrong email or verification code."
        assert answer.json()["error_description"] == sentence
        assert_refused(await house.exchange("000000", BOB), 403, "invalid_grant")
