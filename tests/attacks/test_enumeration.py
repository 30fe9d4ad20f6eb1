"""E: nothing that we answer tells who has an account."""

from typing import Any

import httpx2
import pytest

from latchstring.domain.delivery.senders import Handed, SendError
from latchstring.domain.delivery.senders.inbox import InboxSender
from latchstring.flows.manage_users import ManageUsers
from tests.support.house import House, Page
from tests.support.quick_house import a_quick_house
from tests.support.refusals import Answer, bare

KNOWN, UNKNOWN, BLOCKED = "alice@example.com", "buddy@example.com", "carol@example.com"
PEOPLE = [KNOWN, UNKNOWN, BLOCKED]
NUMBERS = ["+447700900001", "+447700900002", "+447700900003"]
SMS: dict[str, Any] = {"connection": "sms", "email": None}
ID = "_id"


async def settle(house: House) -> None:
    """Let Alice and Carol have accounts, and shut Carol out."""
    for person in (KNOWN, BLOCKED):
        await house.start(person)
        assert (await house.exchange(await house.code(person), person)).status_code == 200
    for number in (NUMBERS[0], NUMBERS[2]):
        await text(house, number)
        code = await house.code(number)
        assert (await house.exchange(code, number, realm="sms")).status_code == 200
    administrator = ManageUsers(house.installation.database, house.clock)
    await administrator.block(BLOCKED)
    await administrator.block(NUMBERS[2])
    house.inbox.clear()


async def text(house: House, number: str) -> httpx2.Response:
    return await house.start(**SMS, phone_number=number)


def started(response: httpx2.Response, own: str) -> Answer:
    assert len(response.json()[ID]) == 24
    return bare(response, own, response.json()[ID])


async def test_e_01_a_start_answers_the_known_the_unknown_and_the_blocked_alike(house):
    await settle(house)
    answers = [started(await house.start(person), person) for person in PEOPLE]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][0] == 200


async def test_e_01_a_start_by_sms_answers_them_alike(house):
    await settle(house)
    answers = [started(await text(house, number), number) for number in NUMBERS]
    assert answers[0] == answers[1] == answers[2]


async def test_e_01_the_id_in_the_answer_is_no_account_s(house):
    before = (await house.start(KNOWN)).json()[ID]
    await settle(house)
    after = (await house.start(KNOWN)).json()[ID]
    assert before == after
    tokens = (await house.exchange(await house.code(KNOWN), KNOWN)).json()
    async with house.http(Authorization=f"Bearer {tokens['access_token']}") as http:
        subject = (await http.get("/userinfo")).json()["sub"]
    assert after not in subject


async def test_e_01_the_id_differs_between_installations(tmp_path):
    ids = []
    for name in ("one", "other"):
        async with a_quick_house(tmp_path / name) as house:
            ids.append((await house.start(KNOWN)).json()[ID])
    assert ids[0] != ids[1]


async def test_e_01_where_sign_up_is_off_the_known_and_the_unknown_get_the_same_answer(house):
    await settle(house)
    await house.change(sign_up=False)
    answers = [started(await house.start(person), person) for person in PEOPLE]
    assert answers[0] == answers[1] == answers[2]
    await house.deliver()
    assert {message.recipient for message in house.inbox.list()} == {KNOWN}


async def walk(house: House, person: str, *, seconds: float = 0) -> list[object]:
    """Give an address, look at every page of the wait, and type a wrong code three times."""
    browser = house.browser()
    pages: list[Page] = [await browser.ask(person)]
    waiting = pages[0]
    await house.deliver()
    house.clock.advance(seconds)
    pages.append(await browser.get(waiting.url))
    pages.append(await browser.get(waiting.url.replace("/code", "/nothing-arrived")))
    pages.append(await browser.get(waiting.url.replace("/code", "/status")))
    house.clock.advance(31 - seconds)
    pages.append(await browser.post(waiting, waiting.forms[1]))
    pages += [await browser.post(waiting, code="000000") for _ in range(4)]
    house.clock.advance(-31)
    cookies = sorted(cookie.name for cookie in browser.http.cookies.jar)
    return [*(bare(page.response, person) for page in pages), cookies]


@pytest.mark.parametrize("sign_up", [True, False])
@pytest.mark.parametrize("seconds", [0, 3])
async def test_e_01_every_page_shows_them_the_same(house, sign_up, seconds):
    await settle(house)
    await house.change(sign_up=sign_up)
    walks = [await walk(house, person, seconds=seconds) for person in PEOPLE]
    assert walks[0] == walks[1] == walks[2]


@pytest.mark.parametrize("sign_up", [True, False])
async def test_e_02_wrong_codes_are_refused_alike_byte_for_byte(house, sign_up):
    await settle(house)
    await house.change(sign_up=sign_up)
    told = []
    for person in PEOPLE:
        await house.start(person)
        answers = [bare(await house.exchange("000000", person)) for _ in range(4)]
        told.append(answers)
        assert [status for status, _, _ in answers] == [403] * 4
    assert told[0] == told[1] == told[2]


async def test_e_02_wrong_codes_without_a_start_are_refused_alike(house):
    await settle(house)
    told = [[bare(await house.exchange("000000", person)) for _ in range(5)] for person in PEOPLE]
    assert told[0] == told[1] == told[2]


async def test_e_02_wrong_codes_by_sms_are_refused_alike(house):
    await settle(house)
    told = []
    for number in NUMBERS:
        await text(house, number)
        told.append([bare(await house.exchange("000000", number, realm="sms")) for _ in range(4)])
    assert told[0] == told[1] == told[2]


async def test_e_02_codes_that_expired_unread_are_refused_alike(house):
    await settle(house)
    for person in PEOPLE:
        await house.start(person)
    house.clock.advance(601)
    told = [[bare(await house.exchange("000000", person)) for _ in range(4)] for person in PEOPLE]
    assert told[0] == told[1] == told[2]


async def test_e_02_a_person_blocked_after_the_start_is_refused_as_anybody(house):
    await settle(house)
    await house.start(KNOWN)
    code = await house.code(KNOWN)
    await ManageUsers(house.installation.database, house.clock).block(KNOWN)
    await house.start(UNKNOWN)
    wrong = "000001" if code != "000001" else "000002"
    told = [bare(await house.exchange(code, KNOWN)), bare(await house.exchange(wrong, UNKNOWN))]
    assert told[0] == told[1]


async def test_e_03_a_relay_that_fails_for_one_address_changes_no_answer(house, monkeypatch):
    await settle(house)

    async def fail(_sender: InboxSender, _parcel: object) -> Handed:
        message = "550 5.1.1 no such user"
        raise SendError(message, permanent=True)

    answers = [started(await house.start(KNOWN), KNOWN)]
    monkeypatch.setattr(InboxSender, "send", fail)
    answers.append(started(await house.start(UNKNOWN), UNKNOWN))
    await house.deliver()
    answers.append(started(await house.start(BLOCKED), BLOCKED))
    assert answers[0] == answers[1] == answers[2]
