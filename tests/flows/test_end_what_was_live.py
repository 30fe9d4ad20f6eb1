"""Once commits may be lost, nothing that was live is good any more; what slows attackers stays."""

from latchstring.db import statements
from latchstring.domain.audit.event import EverythingEnded
from latchstring.flows.end_what_was_live import EndWhatWasLive, Reason
from tests.support.house import SECRET, Browser, House, Page

SQL = statements.parse("""
-- counts --
-- What slows attackers down.
select key_digest || name || used as kept from limits
union all select identifier_digest || browser || wrong from wrong_answers

-- endings --
-- What was told.
select details from events where type = 'EverythingEnded'
""")
ALICE, BOB, CAROL = "alice@example.com", "bob@example.com", "carol@example.com"


async def end_it_all(house: House, reason: Reason = Reason.RESTORED) -> EverythingEnded:
    end = EndWhatWasLive(house.clock)
    return await house.installation.database.transact(lambda tx: end(tx, reason))


async def sign_in(house: House, browser: Browser, email: str = CAROL) -> Page:
    """Come from Acme, type the code, and go back to Acme."""
    page = await browser.ask(email)
    return await browser.post(page, code=await house.code(email))


async def redeem(house: House, code: str):
    body = {
        "grant_type": "authorization_code",
        "client_id": "acme-web",
        "client_secret": SECRET,
        "code": code,
        "redirect_uri": "http://127.0.0.1:9100/callback",
    }
    async with house.http() as http:
        return await http.post("/oauth/token", json=body)


async def who_is(house: House, token: str) -> int:
    async with house.http(Authorization=f"Bearer {token}") as http:
        return (await http.get("/userinfo")).status_code


async def test_a_code_and_a_link_that_were_sent_let_nobody_in(house):
    await house.start(ALICE)
    await house.start(BOB, send="link", authParams=None)
    code, link = await house.code(ALICE), await house.link(BOB)
    ended = await end_it_all(house)

    assert ended.challenges == 2
    assert (await house.exchange(code, ALICE)).status_code == 403
    page = await house.browser().get(link)
    assert "The link and the code no longer work" in page.text


async def test_what_was_not_sent_yet_is_never_sent(house):
    await house.start(ALICE)
    ended = await end_it_all(house)

    assert (ended.challenges, ended.messages) == (1, 1)
    assert await house.messages(ALICE) == []


async def test_a_session_a_waiting_page_a_code_and_a_token_end(house):
    carols, daves = house.browser(), house.browser()
    back = await sign_in(house, carols)
    waiting = await daves.ask("dave@example.com")
    token = (await house.exchange(await _code_of(house, ALICE), ALICE)).json()["access_token"]
    assert await who_is(house, token) == 200
    ended = await end_it_all(house)

    assert (ended.sessions, ended.codes, ended.tokens) == (1, 1, 1)
    assert ended.requests >= 1
    assert (await redeem(house, back.query["code"])).status_code == 400
    assert await who_is(house, token) == 401
    again = await carols.authorize()
    assert again.left_for == ""  # Acme gets no answer before she signs in again
    late = await daves.post(waiting, code=await house.code("dave@example.com"))
    assert "code" not in late.query


async def test_everybody_signs_in_again_and_is_who_they_were(house):
    first = await house.exchange(await _code_of(house, ALICE), ALICE)
    await end_it_all(house)
    house.clock.advance(3600)
    second = await house.exchange(await _code_of(house, ALICE), ALICE)

    subjects = set()
    for answer in (first, second):
        async with house.http(Authorization=f"Bearer {answer.json()['access_token']}") as http:
            subjects.add((await http.get("/userinfo")).json().get("sub"))
    assert len(subjects - {None}) == 1


async def test_limits_and_counts_of_wrong_answers_stay(house):
    for _ in range(3):
        await house.start(ALICE)
    await house.exchange("000000", ALICE)
    kept = await _found(house, "counts")
    await end_it_all(house)

    assert await _found(house, "counts") == kept
    assert len(kept) == 2


async def test_it_is_told_in_the_events_with_its_reason_and_its_numbers(house):
    await house.start(ALICE)
    await end_it_all(house, Reason.FAILED_OVER)
    nothing = await end_it_all(house, Reason.FAILED_OVER)

    assert (nothing.challenges, nothing.messages) == (0, 0)
    told = await _found(house, "endings")
    assert len(told) == 2
    assert all('"reason":"another database server took over"' in each for each in told)
    assert sum('"challenges":1,"messages":1' in each for each in told) == 1


async def _found(house: House, name: str) -> list[str]:
    return await house.installation.database.read(lambda tx: tx.all(SQL[name], str, {}))


async def _code_of(house: House, email: str) -> str:
    await house.start(email)
    return await house.code(email)
