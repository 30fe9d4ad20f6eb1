"""Parts of the pages that wait for an answer."""

from types import SimpleNamespace
from typing import Any

import pytest

from latchstring.web.pages.waiting import identifier_of, sender_of
from tests.support.quick_house import a_quick_house
from tests.support.refusals import assert_refused_page, said


def a_sign_in(identifier: str | None, connection: str | None) -> Any:
    request = SimpleNamespace(identifier=identifier, challenged_connection=connection)
    return SimpleNamespace(request=request)


@pytest.mark.parametrize(
    ("identifier", "connection"), [(None, None), ("alice@example.com", None), (None, "email")]
)
def test_before_anybody_said_who_they_are_there_is_no_identifier(identifier, connection):
    assert identifier_of(a_sign_in(identifier, connection)) is None


def test_an_identifier_is_read_as_it_was_kept():
    found = identifier_of(a_sign_in("alice@example.com", "email"))
    assert found is not None
    assert (found.connection, found.value) == ("email", "alice@example.com")
    found = identifier_of(a_sign_in("+447700900123", "sms"))
    assert found is not None
    assert (found.value, found.region) == ("+447700900123", "GB")


def test_a_number_that_is_none_any_more_counts_as_not_said():
    assert identifier_of(a_sign_in("+999", "sms")) is None


async def test_the_sender_is_told_as_the_person_will_see_it(house):
    desk = house.application.fallback.on_error.desk
    assert sender_of(desk, "email") == "login@auth.acme.example"
    assert sender_of(desk, "sms") == "Acme"


async def test_a_limit_offers_the_other_ways(house, log):
    for _ in range(10):
        await house.start()
    page = await house.browser().ask()
    assert_refused_page(page, 429, log)
    assert "Use your mobile number instead" in page.text
    assert "Enter a code you already have" not in page.text
    assert "in 1 hour" in said(page) or "10:30" in page.text


async def test_a_limit_by_phone_offers_email_and_the_code_that_is_there(house):
    browser = house.browser()
    page = await browser.authorize()
    page = await browser.get(page.url + "/phone")
    await browser.post(page, phone="07700 900123", country="GB")
    sms: dict[str, Any] = {"connection": "sms", "email": None, "phone_number": "+447700900123"}
    for _ in range(9):
        await house.start(**sms)
    house.clock.advance(31)
    page = await browser.post(page, phone="07700 900123", country="GB")
    assert page.status == 429
    assert "Use your email address instead" in page.text
    assert "Enter a code you already have" in page.text


async def test_where_there_is_one_way_in_no_other_is_offered(tmp_path):
    from tests.support.house import a_client_settings  # noqa: PLC0415 - for this one test

    clients = (a_client_settings(connections=("email",)),)
    async with a_quick_house(tmp_path, clients=clients) as house:
        page = await house.browser().ask()
        assert "instead" not in page.text
        for _ in range(9):
            await house.start()
        page = await house.browser().ask()
        assert page.status == 429
        assert "Use your mobile number instead" not in page.text
