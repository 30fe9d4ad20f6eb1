"""V: a code works once, in time, for its person, its connection and its client, or not at all."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import force_setattr

from latchstring.base.errors import AppError
from latchstring.base.ids import IdentifierDigest
from latchstring.domain.challenges import secret
from latchstring.domain.clients.client import Client
from latchstring.flows.manage_users import ManageUsers
from latchstring.web.auth0 import refusals
from tests.support.dump import dump, rows
from tests.support.house import CALLBACK, House, a_client_settings, a_house, a_public_client
from tests.support.places import ALL
from tests.support.quick_house import a_quick_house
from tests.support.refusals import assert_refused, assert_refused_page

pytestmark = pytest.mark.at(*ALL)

SMS: dict[str, Any] = {"connection": "sms", "email": None}
ALICE, BOB, NUMBER = "alice@example.com", "bob@example.com", "+447700900123"
WRONG = "Wrong email or verification code."
WRONG_NUMBER = "Wrong phone number or verification code."
EXPIRED = "The verification code has expired. Please try to login again."
TOO_MANY = "You've reached the maximum number of attempts. Please try to login again."


def other(code: str) -> str:
    """Return a code that is not this one."""
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}}"


def sentence(answer: Any) -> str:
    assert answer.status_code == 403
    assert answer.json()["error"] == "invalid_grant"
    return str(answer.json()["error_description"])


async def text(house: House, **members: Any) -> Any:
    return await house.start(**SMS, phone_number=NUMBER, **members)


async def test_v_01_a_wrong_code_is_refused_in_auth0_s_words(house, log):
    await house.start()
    answer = await house.exchange(other(await house.code()))
    assert_refused(answer, 403, "invalid_grant", log)
    assert answer.json()["error_description"] == WRONG


async def test_v_01_a_wrong_texted_code_is_refused_in_auth0_s_words(house, log):
    await text(house)
    answer = await house.exchange(other(await house.code(NUMBER)), NUMBER, realm="sms")
    assert_refused(answer, 403, "invalid_grant", log)
    assert answer.json()["error_description"] == WRONG_NUMBER


def test_v_01_the_three_refusals_are_auth0_s_byte_for_byte():
    assert refusals.WRONG_EMAIL.encode() == WRONG.encode()
    assert refusals.WRONG_PHONE.encode() == WRONG_NUMBER.encode()
    assert refusals.EXPIRED.encode() == EXPIRED.encode()
    assert refusals.TOO_MANY.encode() == TOO_MANY.encode()


async def test_v_01_the_third_wrong_code_is_told_as_the_maximum(house):
    await house.start()
    code = await house.code()
    told = [sentence(await house.exchange(other(code))) for _ in range(4)]
    told.append(sentence(await house.exchange(code)))
    assert told == [WRONG, WRONG, TOO_MANY, TOO_MANY, TOO_MANY]


@pytest.mark.parametrize(
    "typed", ["", " ", "abcdef", "12345", "1234567", "1" * 3000, "١٢٣", "\u200b", "' or 1=1 --"]
)
async def test_v_01_what_cannot_be_a_code_is_refused(house, log, typed):
    await house.start()
    answer = await house.exchange(typed)
    status, error = (400, "invalid_request") if not typed else (403, "invalid_grant")
    assert_refused(answer, status, error, log)


@pytest.mark.parametrize("who", ["alice", "@", "", "alice@example.com,bob@example.com", NUMBER])
async def test_v_01_a_name_that_is_no_identifier_is_refused_as_any_other(house, log, who):
    await house.start()
    answer = await house.exchange(await house.code(), who)
    if not who:
        assert_refused(answer, 400, "invalid_request", log)
        return
    assert_refused(answer, 403, "invalid_grant", log)
    assert answer.json()["error_description"] == WRONG


async def test_v_02_a_code_that_expired_a_second_ago_is_refused_and_told_so(house, log):
    await house.start()
    code = await house.code()
    house.clock.advance(599)
    assert sentence(await house.exchange(other(code))) == WRONG
    house.clock.advance(1)
    answer = await house.exchange(code)
    assert_refused(answer, 403, "invalid_grant", log)
    assert answer.json()["error_description"] == EXPIRED


async def test_v_02_a_code_lives_up_to_its_last_second(house):
    await house.start()
    code = await house.code()
    house.clock.advance(599)
    assert (await house.exchange(code)).status_code == 200


@pytest.mark.parametrize("seconds", [601, 59, 0, -1, 3600])
async def test_v_02_a_lifetime_beyond_the_bounds_is_refused(house, seconds):
    with pytest.raises(AppError, match="60"):
        await house.change(code_lifetime=seconds)


async def test_v_03_a_used_code_is_refused_and_not_counted(house, log):
    await house.start()
    used = await house.code()
    assert (await house.exchange(used)).status_code == 200
    await house.start()
    for _ in range(5):
        answer = await house.exchange(used)
        assert_refused(answer, 403, "invalid_grant", log)
        assert answer.json()["error_description"] == WRONG
    assert (await house.exchange(await house.code())).status_code == 200


async def test_v_03_a_used_code_is_refused_after_a_restart(tmp_path):
    async with a_quick_house(tmp_path) as house:
        await house.start()
        used = await house.code()
        assert (await house.exchange(used)).status_code == 200
    async with a_house(tmp_path) as house:
        assert sentence(await house.exchange(used)) == WRONG


async def test_v_03_a_used_code_is_refused_on_the_page_too(house):
    browser = house.browser()
    page = await browser.ask()
    used = await house.code()
    assert (await house.exchange(used)).status_code == 200
    page = await browser.post(page, code=used)
    assert "That code isn't right." in page.text


async def test_v_04_of_64_parallel_right_answers_one_wins_and_nobody_is_locked_out(house):
    await house.start()
    code = await house.code()
    answers = await asyncio.gather(*(house.exchange(code) for _ in range(64)))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(200), statuses.count(403)) == (1, 63)
    assert {sentence(answer) for answer in answers if answer.status_code == 403} == {WRONG}
    assert rows(house, "select coalesce(sum(wrong), 0) from wrong_answers") == [(0,)]
    await house.start()
    assert (await house.exchange(await house.code())).status_code == 200


async def test_v_05_of_200_parallel_guesses_no_more_than_the_limit_are_compared(house):
    await house.start()
    code = await house.code()
    answers = await asyncio.gather(*(house.exchange(other(code)) for _ in range(200)))
    told = [sentence(answer) for answer in answers]
    assert (told.count(WRONG), told.count(TOO_MANY)) == (2, 198)
    assert sentence(await house.exchange(code)) == TOO_MANY
    assert rows(house, "select max(attempts) from challenges") == [(3,)]


async def test_v_05_a_wrong_answer_counts_against_every_live_code_at_once(house):
    codes = []
    for _ in range(5):
        await house.start()
        codes.append(await house.code())
    wrong = next(str(n).zfill(6) for n in range(10) if str(n).zfill(6) not in codes)
    told = [sentence(await house.exchange(wrong)) for _ in range(3)]
    assert told == [WRONG, WRONG, TOO_MANY]
    for code in codes:
        assert sentence(await house.exchange(code)) == TOO_MANY


async def test_v_06_the_limit_reached_at_the_api_holds_on_the_page(house, log):
    browser = house.browser()
    page = await browser.ask()
    code = await house.code()
    for _ in range(3):
        await house.exchange(other(code))
    page = await browser.post(page, code=code)
    assert page.heading == "That was too many tries"
    assert_refused(await house.exchange(code), 403, "invalid_grant", log)


async def test_v_06_the_limit_reached_on_the_page_holds_everywhere(house):
    first, second = house.browser(), house.browser()
    pages = [await first.ask(), await second.ask()]
    code = await house.code()
    turns = [await first.post(pages[0], code=other(code)) for _ in range(3)]
    assert turns[-1].heading == "That was too many tries"
    assert (await first.post(pages[0], code=code)).heading == "That was too many tries"
    assert (await second.post(pages[1], code=code)).heading == "That was too many tries"
    assert sentence(await house.exchange(code)) == TOO_MANY


async def test_v_07_the_limit_survives_a_restart(tmp_path):
    async with a_quick_house(tmp_path) as house:
        await house.start()
        code = await house.code()
        for _ in range(3):
            await house.exchange(other(code))
    async with a_quick_house(tmp_path) as house:
        assert sentence(await house.exchange(code)) == TOO_MANY


async def test_v_08_a_new_code_does_not_give_the_account_its_guesses_back(house):
    told = []
    for _ in range(5):
        await house.start()
        code = await house.code()
        told += [sentence(await house.exchange(other(code))) for _ in range(2)]
    assert told == [WRONG] * 10  # each new code bears its own three, within the budget
    assert rows(house, "select sum(wrong) from wrong_answers") == [(10,)]
    await house.start()
    assert len(await house.code()) == 10


async def test_v_09_a_code_works_for_no_other_address(house, log):
    await house.start(ALICE)
    await house.start(BOB)
    answer = await house.exchange(await house.code(ALICE), BOB)
    assert_refused(answer, 403, "invalid_grant", log)
    assert (await house.exchange(await house.code(ALICE), ALICE)).status_code == 200


async def test_v_09_a_code_works_in_no_other_connection(house, log):
    await house.start(ALICE)
    await text(house)
    code = await house.code(ALICE)
    answer = await house.exchange(code, NUMBER, realm="sms")
    assert_refused(answer, 403, "invalid_grant", log)
    answer = await house.exchange(code, ALICE, realm="sms")
    assert_refused(answer, 403, "invalid_grant", log)
    answer = await house.exchange(code, ALICE, realm="Username-Password-Authentication")
    assert_refused(answer, 400, "invalid_request", log)


async def test_v_09_a_code_works_in_no_browser_that_waits_for_another_person(house):
    browser = house.browser()
    page = await browser.ask(BOB)
    await house.start(ALICE)
    page = await browser.post(page, code=await house.code(ALICE))
    assert "That code isn't right." in page.text
    assert page.left_for == ""


async def test_v_09_a_code_works_in_a_browser_that_waits_for_the_same_person(house):
    browser = house.browser()
    page = await browser.ask(ALICE)
    await house.start(ALICE)
    page = await browser.post(page, code=await house.code(ALICE))
    assert page.left_for.startswith(CALLBACK + "?code=")


async def test_v_10_a_code_works_for_no_other_client_and_the_attempt_is_counted(house, log):
    await house.start()
    code = await house.code()
    mallory: dict[str, Any] = {"client_id": "acme-spa", "client_secret": None}
    told = []
    for _ in range(3):
        answer = await house.exchange(code, **mallory)
        assert_refused(answer, 403, "invalid_grant", log)
        told.append(sentence(answer))
    assert told == [WRONG, WRONG, TOO_MANY]
    assert sentence(await house.exchange(code)) == TOO_MANY


async def test_v_10_a_code_works_in_no_browser_that_signs_in_to_another_client(house):
    await house.start()
    code = await house.code()
    browser = house.browser()
    challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    page = await browser.ask(
        client_id="acme-spa", code_challenge=challenge, code_challenge_method="S256"
    )
    page = await browser.post(page, code=code)
    assert "That code isn't right." in page.text


async def test_v_10_a_client_without_the_connection_gets_none_of_it(tmp_path, log):
    clients = (a_client_settings(), a_public_client(connections=("sms",)))
    async with a_quick_house(tmp_path, clients=clients) as house:
        mallory: dict[str, Any] = {"client_id": "acme-spa", "client_secret": None}
        assert_refused(await house.start(**mallory), 400, "bad.connection", log)
        await house.start()
        answer = await house.exchange(await house.code(), **mallory)
        assert_refused(answer, 400, "invalid_request", log)
        assert (await house.exchange(await house.code())).status_code == 200


async def test_v_17_a_stolen_database_holds_no_code_no_link_and_no_token(house):
    browser = house.browser()
    page = await browser.ask()
    code, link = await house.code(), await house.link()
    waiting = dump(house)
    page = await browser.post(page, code=code)
    secrets = [cookie.value for cookie in browser.http.cookies.jar if cookie.value]
    secrets += [page.query["code"], link.rpartition("/")[2]]
    await house.start()
    tokens = (await house.exchange(await house.code())).json()
    secrets += [tokens["access_token"], tokens["id_token"], house.settings.clients[0].client_secret]
    stolen = dump(house)
    for found in secrets:
        assert found not in waiting
        assert found not in stolen
    assert f"'{code}'" not in waiting
    assert link not in waiting


async def test_v_17_a_code_s_digest_cannot_be_tried_without_the_key_file(house, keyring):
    """A million codes are hashed in a second; the digest is keyed, and the key lies elsewhere."""
    await house.start()
    code = await house.code()
    ((digest, stored, version),) = rows(
        house, "select identifier_digest, code_digest, key_version from challenges"
    )
    assert isinstance(version, int)
    digest = IdentifierDigest(str(digest))
    ours = secret.answer_digest(digest, code, version=version, keyring=house.installation.keyring)
    assert ours == stored
    assert secret.answer_digest(digest, code, version=1, keyring=keyring) != stored


async def test_a_blocked_person_s_right_code_is_refused_as_a_wrong_one(house, log):
    await house.start()
    assert (await house.exchange(await house.code())).status_code == 200
    await house.start()
    code, link = await house.code(), await house.link()
    await ManageUsers(house.installation.database, house.clock).block(ALICE)
    assert_refused(await house.exchange(code), 403, "invalid_grant", log)
    await house.start(send="both")
    assert link == ""
    assert await house.code() == code  # nothing newer came


async def test_a_code_outlives_the_client_s_registration_by_nothing(house, log):
    await house.start()
    code = await house.code()
    clients: dict[str, Client] = dict(house.installation.configuration.current.clients)
    del clients["acme-web"]
    force_setattr(house.installation.configuration.current, "clients", clients)
    answer = await house.exchange(code)
    assert_refused(answer, 401, "invalid_client", log)
    assert answer.headers["www-authenticate"].startswith("Basic")


async def test_a_page_whose_sign_in_is_over_takes_no_code(house, log):
    browser = house.browser()
    page = await browser.ask()
    house.clock.advance(30 * 60)
    over = await browser.post(page, code="123456")
    assert_refused_page(over, 400, log)
