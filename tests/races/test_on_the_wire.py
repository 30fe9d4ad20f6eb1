"""R-13, R-14 and refresh tokens on a real server: connections open, last bytes together."""

import re
from collections import Counter
from contextlib import ExitStack

import httpx2
import pytest

from tests.conftest import FULL
from tests.support.places import ALL, PLAIN, SQLITE
from tests.support.server import SECRET, a_server
from tests.support.together import a_form_request, a_json_request, send_together

WRONG = "Wrong email or verification code."
TOO_MANY = "You've reached the maximum number of attempts. Please try to login again."
CODES = 50 if FULL else 5
FAMILIES = 200 if FULL else 3
GRANT = "http://auth0.com/oauth/grant-type/passwordless/otp"
CREDENTIALS = {"client_id": "acme-web", "client_secret": SECRET}


@pytest.fixture(scope="module", params=ALL)
def server(request, tmp_path_factory):
    with ExitStack() as stack:
        database, top = "sqlite:///var/latchstring.db", ""
        if request.param != SQLITE:
            databases = request.getfixturevalue("postgresql")
            database = stack.enter_context(databases.a_database())
            top = f'database_statements = "{"plain" if request.param == PLAIN else "combined"}"'
        folder = tmp_path_factory.mktemp("races")
        yield stack.enter_context(a_server(folder, database=database, top=top))


def start_request(server, email: str, send: str = "code") -> bytes:
    body = {**CREDENTIALS, "connection": "email", "email": email, "send": send}
    return a_json_request("/passwordless/start", body, f"127.0.0.1:{server.port}")


def answer_request(server, email: str, code: str, **more: str) -> bytes:
    body = {**CREDENTIALS, "grant_type": GRANT, "realm": "email", "username": email, "otp": code}
    body |= more
    return a_json_request("/oauth/token", body, f"127.0.0.1:{server.port}")


def refresh_request(server, token: str) -> bytes:
    body = {**CREDENTIALS, "grant_type": "refresh_token", "refresh_token": token}
    return a_json_request("/oauth/token", body, f"127.0.0.1:{server.port}")


async def is_active(server, token: str) -> bool:
    body = {**CREDENTIALS, "token": token}
    answer = await one(
        server, a_json_request("/oauth/introspect", body, f"127.0.0.1:{server.port}")
    )
    assert answer.status == 200, answer.body
    return answer.json["active"]


async def one(server, request: bytes):
    (answer,) = await send_together(server.port, [request])
    return answer


async def a_mail(server, email: str, *, count: int = 1, send: str = "code"):
    answer = await one(server, start_request(server, email, send))
    assert answer.status == 200, answer.body
    return server.mail.wait_for(email, count=count)


async def test_v_04_of_64_parallel_answers_one_gets_tokens_and_the_losers_cost_nothing(server):
    for number in range(CODES):
        email = f"winner{number}@example.com"
        code = (await a_mail(server, email)).code
        answers = await send_together(server.port, [answer_request(server, email, code)] * 64)

        assert Counter(answer.status for answer in answers) == {200: 1, 403: 63}
        losers = [answer.json for answer in answers if answer.status == 403]
        assert {(told["error"], told["error_description"]) for told in losers} == {
            ("invalid_grant", WRONG)
        }
        fresh = (await a_mail(server, email, count=2)).code
        for _ in range(2):
            refused = await one(server, answer_request(server, email, "00000"))
            assert refused.json["error_description"] == WRONG
        assert (await one(server, answer_request(server, email, fresh))).status == 200


async def test_v_05_v_07_of_200_parallel_guesses_the_limit_is_evaluated_even_after_a_kill(server):
    email = "victim@example.com"
    code = (await a_mail(server, email)).code
    guess = answer_request(server, email, "00000")
    answers = await send_together(server.port, [guess] * 200)
    # On a busy machine, who waited long behind the others is told to come back, and does.
    for _ in range(5):
        answered = [answer for answer in answers if answer.status != 503]
        late = len(answers) - len(answered)
        answers = answered + await send_together(server.port, [guess] * late)

    assert {answer.status for answer in answers} == {403}
    told = Counter(answer.json["error_description"] for answer in answers)
    assert told == {WRONG: 2, TOO_MANY: 198}
    refused = await one(server, answer_request(server, email, code))
    assert refused.json["error_description"] == TOO_MANY
    server.kill()
    server.start()
    refused = await one(server, answer_request(server, email, code))
    assert (refused.status, refused.json["error_description"]) == (403, TOO_MANY)


async def test_l_08_of_200_parallel_starts_ten_are_sent(server):
    email = "popular@example.com"
    answers = await send_together(server.port, [start_request(server, email)] * 200)

    assert Counter(answer.status for answer in answers) == {200: 10, 429: 190}
    server.mail.wait_for(email, count=10)
    await a_mail(server, "afterwards@example.com")
    assert len(server.mail.to(email)) == 10
    assert len({mail.code for mail in server.mail.to(email)}) == 10


async def test_m_03_of_64_parallel_presses_of_a_link_one_signs_in(server):
    mail = await a_mail(server, "presser@example.com", send="link")
    with httpx2.Client() as browser:
        page = browser.get(mail.link)
        csrf = re.search(r'name="csrf"\s+value="([^"]*)"', page.text)
        action = re.search(r'<form\b[^>]*\baction="([^"]*)"', page.text)
        assert csrf
        assert action
        cookie = "; ".join(f"{found.name}={found.value}" for found in browser.cookies.jar)
    path = action[1].removeprefix(server.url)
    host = f"127.0.0.1:{server.port}"
    press = a_form_request(path, {"csrf": csrf[1]}, host, cookie)
    answers = await send_together(server.port, [press] * 64)

    winners = [answer for answer in answers if answer.location.startswith(f"{server.app}/")]
    assert len(winners) == 1
    assert "code=" in winners[0].location
    sessions = [answer for answer in answers if "session" in answer.head.lower()]
    assert len(sessions) == 1


async def test_t07_64_parallel_refreshes_bring_one_generation_and_all_of_them_the_same_token(
    server,
):
    for number in range(FAMILIES):
        email = f"holder{number}@example.com"
        code = (await a_mail(server, email)).code
        signed_in = answer_request(server, email, code, scope="openid offline_access")
        first = (await one(server, signed_in)).json["refresh_token"]

        answers = await send_together(server.port, [refresh_request(server, first)] * 64)

        assert Counter(answer.status for answer in answers) == {200: 64}
        (second,) = {answer.json["refresh_token"] for answer in answers}
        assert [await is_active(server, token) for token in (first, second)] == [False, True]
        (third,) = {
            answer.json["refresh_token"]
            for answer in await send_together(server.port, [refresh_request(server, second)] * 2)
        }
        live = [await is_active(server, token) for token in (first, second, third)]
        assert live == [False, False, True]


async def test_t07_whoever_holds_two_generations_and_uses_both_at_once_ends_with_one_or_none(
    server,
):
    for number in range(FAMILIES):
        email = f"twice{number}@example.com"
        code = (await a_mail(server, email)).code
        signed_in = answer_request(server, email, code, scope="openid offline_access")
        first = (await one(server, signed_in)).json["refresh_token"]
        second = (await one(server, refresh_request(server, first))).json["refresh_token"]

        both = [refresh_request(server, first), refresh_request(server, second)]
        answers = await send_together(server.port, both * 32)

        assert {answer.status for answer in answers} <= {200, 400}
        given = {answer.json["refresh_token"] for answer in answers if answer.status == 200}
        assert len(given - {second}) <= 1
        live = [token for token in {first, second} | given if await is_active(server, token)]
        assert len(live) <= 1
        assert not live or {answer.status for answer in answers} == {200}  # a reuse ends it
