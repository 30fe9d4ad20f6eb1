"""Bob's application wants to know Alice: what she is asked, when, and what her answer does."""

from collections.abc import AsyncIterator
from urllib.parse import urljoin

import pytest

from latchstring.base.ids import ClientId
from latchstring.base.settings import ApiSettings
from latchstring.domain.authorizations import store as authorizations
from latchstring.flows.manage_clients import ManageClients
from latchstring.flows.manage_users import ManageUsers
from tests.support.dump import rows
from tests.support.house import CALLBACK, ORIGIN, Browser, House, Page, a_client_settings
from tests.support.places import AND_TWO_NODES
from tests.support.quick_house import a_quick_house

pytestmark = pytest.mark.at(*AND_TWO_NODES)

ALICE, BOB = "alice@example.com", "bob@example.com"
API = "https://api.acme.example/"
THEIRS = "bobs-web"
THEIR_CALLBACK = "https://bobs.example/callback"


@pytest.fixture
async def house(tmp_path) -> AsyncIterator[House]:
    theirs = a_client_settings(
        client_id=THEIRS, name="Bob's Tools", first_party=False, callbacks=(THEIR_CALLBACK,)
    )
    letters = ApiSettings(identifier=API, name="Acme's letters", scopes=("read:letters", "send"))
    settings = {"clients": (a_client_settings(), theirs), "apis": (letters,)}
    async with a_quick_house(tmp_path, **settings) as found:
        yield found


def theirs(**changes: str | None) -> dict[str, str | None]:
    return {"client_id": THEIRS, "redirect_uri": THEIR_CALLBACK, **changes}


async def asked(house: House, browser: Browser, email: str = ALICE, **changes: str | None) -> Page:
    """Sign in for Bob's application and return what the person then sees."""
    page = await browser.ask(email, **theirs(**changes))
    house.clock.advance(1)
    return await browser.post(page, code=await house.code(email))


async def allowed(browser: Browser, page: Page) -> Page:
    return await browser.post(page, action_of(page, "allow"))


def action_of(page: Page, name: str) -> str:
    return next(action for action in page.forms if action.endswith(f"/{name}"))


async def test_the_page_says_who_wants_to_know_what(house):
    page = await asked(house, house.browser(), scope="openid email offline_access unknown")

    assert (page.status, page.heading) == (200, "Let Bob's Tools know you?")
    assert page.url.endswith("/consent")
    assert ALICE in page.text
    assert "Your email address" in page.text
    assert "also while you are away" in page.text
    assert "Your name" not in page.text
    assert "Your phone number" not in page.text
    assert "unknown" not in page.text
    assert page.response.headers["cache-control"] == "no-store"
    assert page.response.headers["x-frame-options"] == "DENY"


async def test_who_allows_it_goes_on_with_a_code_and_is_not_asked_again(house):
    browser = house.browser()
    page = await allowed(browser, await asked(house, browser))

    assert page.left_for.startswith(f"{THEIR_CALLBACK}?code=")
    assert page.query["state"] == "a-state"
    again = await browser.authorize(**theirs())
    assert again.query["code"]
    silent = await browser.authorize(**theirs(prompt="none"))
    assert silent.query["code"]
    less = await browser.authorize(**theirs(scope="openid"))
    assert less.query["code"]


async def test_who_does_not_allow_it_goes_back_without_a_code_and_is_asked_again(house):
    browser = house.browser()
    page = await asked(house, browser)

    refused = await browser.post(page, action_of(page, "deny"))

    assert refused.left_for.startswith(f"{THEIR_CALLBACK}?error=access_denied&")
    assert refused.query["state"] == "a-state"
    assert refused.query["iss"] == f"{ORIGIN}/"
    assert "code" not in refused.query
    late = await browser.post(page, action_of(page, "allow"))
    assert late.status == 400
    assert (await browser.authorize(**theirs())).heading == "Let Bob's Tools know you?"
    assert rows(house, "select count(*) from consents") == [(0,)]


async def test_more_than_was_allowed_is_asked_for_again(house):
    browser = house.browser()
    await allowed(browser, await asked(house, browser, scope="openid"))

    for more in (
        {"scope": "openid email"},
        {"scope": "openid offline_access"},
        {"scope": "openid", "claims": '{"userinfo":{"email":null}}'},
        {"scope": "openid", "audience": API},
        {"scope": "openid read:letters", "audience": API},
    ):
        page = await browser.authorize(**theirs(**more))
        assert page.heading == "Let Bob's Tools know you?", more
        silent = await browser.authorize(**theirs(**more, prompt="none"))
        assert silent.query["error"] == "consent_required", more


async def test_an_api_and_its_scopes_are_named(house):
    browser = house.browser()
    page = await asked(house, browser, scope="openid read:letters burn", audience=API)

    assert "use Acme's letters" in page.text
    assert "read:letters" in page.text
    assert "send" not in page.text
    assert "burn" not in page.text
    answer = await allowed(browser, page)
    assert answer.query["code"]
    assert rows(house, "select audience, scope from consents order by scope") == [
        (API, "openid"),
        (API, "read:letters"),
    ]


async def test_prompt_consent_asks_whatever_was_allowed(house):
    browser = house.browser()
    await allowed(browser, await asked(house, browser))

    page = await browser.authorize(**theirs(prompt="consent"))

    assert page.heading == "Let Bob's Tools know you?"
    assert (await allowed(browser, page)).query["code"]


async def test_the_operators_own_application_is_never_asked_about(house):
    browser = house.browser()
    page = await browser.ask()
    house.clock.advance(1)

    page = await browser.post(page, code=await house.code())

    assert page.left_for.startswith(f"{CALLBACK}?code=")
    assert (await browser.authorize(prompt="consent")).query["code"]


async def test_one_persons_yes_is_no_other_persons(house):
    browser = house.browser()
    await allowed(browser, await asked(house, browser))

    other = await asked(house, house.browser(), BOB)

    assert other.heading == "Let Bob's Tools know you?"


async def test_c_05_a_form_that_somebody_else_saw_is_refused(house):
    browser = house.browser()
    page = await asked(house, browser)
    waiting = await browser.ask(BOB, prompt="login")
    house.clock.advance(1)
    await browser.post(waiting, code=await house.code(BOB))

    answer = await browser.post(page, action_of(page, "allow"))

    assert answer.status == 403
    assert rows(house, "select count(*) from consents") == [(0,)]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://mallory.test"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("name", ["allow", "deny"])
async def test_c_05_a_consent_sent_from_another_site_is_refused(house, headers, name):
    browser = house.browser()
    page = await asked(house, browser)
    url = urljoin(page.url, action_of(page, name))

    posted = await browser.http.post(url, data={"csrf": page.csrf}, headers=headers)
    without = await browser.http.post(url, data={"csrf": ""}, headers={"Origin": ORIGIN})

    assert (posted.status_code, without.status_code) == (403, 403)
    assert rows(house, "select count(*) from consents") == [(0,)]


async def test_the_page_belongs_to_one_browser_and_to_somebody_signed_in(house):
    browser, mallory = house.browser(), house.browser()
    page = await asked(house, browser)
    assert (await mallory.get(page.url)).status == 400

    stranger = await browser.authorize(**theirs(prompt="login"))
    early = await browser.get(f"{stranger.url}/consent")
    assert early.heading != "Let Bob's Tools know you?", "the sign-in comes first"


async def test_a_request_that_is_over_is_answered_no_more(house):
    browser = house.browser()
    page = await asked(house, browser)
    house.clock.advance(31 * 60)

    answer = await browser.post(page, action_of(page, "allow"))

    assert answer.status == 400
    assert rows(house, "select count(*) from consents") == [(0,)]


async def test_what_is_taken_back_is_asked_for_again(house):
    browser = house.browser()
    await allowed(browser, await asked(house, browser))
    database = house.installation.database
    profile = await ManageUsers(database, house.clock).show(ALICE)
    user_id, client_id = profile.user.id, ClientId(THEIRS)

    await database.transact(lambda tx: authorizations.withdraw_consents(tx, user_id, client_id))

    assert (await browser.authorize(**theirs())).heading == "Let Bob's Tools know you?"


async def test_a_deleted_user_leaves_no_consent(house):
    browser = house.browser()
    await allowed(browser, await asked(house, browser))

    await ManageUsers(house.installation.database, house.clock).delete(ALICE)

    assert rows(house, "select count(*) from consents") == [(0,)]


async def test_a_removed_client_leaves_no_consent(house):
    browser, installation = house.browser(), house.installation
    await allowed(browser, await asked(house, browser))
    refresh = installation.configuration.refresh

    await ManageClients(installation.database, house.clock, refresh).remove(THEIRS)

    assert rows(house, "select count(*) from consents") == [(0,)]


async def test_a_link_that_an_api_started_does_not_skip_the_question(house):
    await house.start(
        client_id=THEIRS, send="link", authParams={"redirect_uri": THEIR_CALLBACK, "state": "s"}
    )
    browser = house.browser()

    page = await browser.post(await browser.get(await house.link()))

    assert "code=" not in page.url
    assert not page.url.startswith(THEIR_CALLBACK)


async def test_the_yes_is_on_record(house):
    browser = house.browser()
    await allowed(browser, await asked(house, browser, scope="openid email"))

    found = rows(house, "select details from events where type = 'ConsentGranted'")

    assert len(found) == 1
    assert "openid email" in found[0][0]
