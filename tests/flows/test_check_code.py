"""A code that is checked stays; a wrong one counts."""

from typing import Any

import pytest

from latchstring.base.errors import TooManyRequests
from latchstring.base.origin import Origin
from latchstring.base.settings import LimitSettings
from latchstring.base.settings_values import rate
from latchstring.domain.challenges.refusal import CodeExpired, TooManyTries, WrongCode
from latchstring.domain.identities.identifier import email_identifier
from latchstring.flows.check_code import CheckCode
from latchstring.flows.verify_passwordless import VerifyRequest
from tests.support.dump import rows
from tests.support.house import House
from tests.support.quick_house import a_quick_house

ALICE = "alice@example.com"


async def check(house: House, code: str, **changes: object) -> None:
    values: dict[str, Any] = {
        "client_id": "acme-web",
        "connection": house.installation.configuration.current.connections["email"],
        "identifier": email_identifier(ALICE, allow_examples=True),
        "code": code,
        "origin": Origin(ip="192.0.2.7"),
    }
    request = VerifyRequest(**{**values, **changes})
    await CheckCode(house.flows.verify)(request)


async def test_a_right_code_stays_right(house):
    await house.start()
    code = await house.code()
    for _ in range(20):
        await check(house, code)
    assert rows(house, "select count(*) from users") == [(0,)]
    assert (await house.exchange(code)).status_code == 200


async def test_a_wrong_code_counts_as_everywhere(house):
    await house.start()
    code = await house.code()
    for _ in range(2):
        with pytest.raises(WrongCode):
            await check(house, "00000")
    with pytest.raises(TooManyTries):
        await check(house, "00000")
    with pytest.raises(TooManyTries):
        await check(house, code)
    assert (await house.exchange(code)).status_code == 403
    assert rows(house, "select count(*) from events where type = 'ChallengeRefused'") == [(5,)]


async def test_a_code_that_expired_is_told_as_that(house):
    await house.start()
    code = await house.code()
    house.clock.advance(601)
    with pytest.raises(CodeExpired):
        await check(house, code)


async def test_the_code_of_another_client_is_wrong(house):
    await house.start(client_id="acme-spa", client_secret=None)
    with pytest.raises(WrongCode):
        await check(house, await house.code())


async def test_wrong_codes_count_for_the_address_and_right_ones_do_not(tmp_path):
    limits = LimitSettings(wrong_answers_per_address=rate("2/d"))
    async with a_quick_house(tmp_path, limits=limits) as house:
        await house.start()
        code = await house.code()
        for _ in range(5):
            await check(house, code)
        for _ in range(2):
            with pytest.raises(WrongCode):
                await check(house, "00000")
        with pytest.raises(TooManyRequests, match="wrong_answers_per_address"):
            await check(house, code)
        await check(house, code, trusted=True)
