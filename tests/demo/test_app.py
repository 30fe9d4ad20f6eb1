"""The demo as a person and as the sign-in server meet it."""

from dataclasses import replace

import httpx2
import pytest

from latchstring_demo.settings import DemoSettings
from tests.demo.conftest import BASE, Browser, FakeIssuer, a_key, serving


async def test_a_stranger_sees_the_button(browser: Browser):
    page = await browser.open("/")
    assert 'href="/login"' in page.text
    assert "form-action" not in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"


async def test_signing_in_shows_what_the_server_said(browser: Browser, issuer: FakeIssuer):
    page = await browser.open("/login")
    assert page.status_code == 200
    assert "alice@example.com" in page.text
    assert "email|0123456789abcdef01234567" in page.text
    (asked,) = issuer.seen.values()
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == f"{BASE}/callback"
    assert asked["scope"] == "openid profile email phone"
    assert asked["client_id"] == "demo"
    cookie = page.request.headers["cookie"]
    assert cookie.startswith("demo_session=")
    assert len(cookie) < 300


async def test_signing_out_ends_both_sessions(browser: Browser, issuer: FakeIssuer):
    await browser.open("/login")
    page = await browser.open("/logout", "POST")
    assert "You are signed out." in page.text
    assert 'href="/login"' in page.text
    assert issuer.signed_out["id_token_hint"].count(".") == 2
    assert issuer.signed_out["client_id"] == "demo"
    assert issuer.signed_out["post_logout_redirect_uri"] == f"{BASE}/"
    assert "You are signed out." not in (await browser.open("/")).text


async def test_the_longest_address_still_fits(browser: Browser, issuer: FakeIssuer):
    issuer.profile["email"] = "a" * 64 + "@" + "b" * 180 + ".example"
    assert str(issuer.profile["email"]) in (await browser.open("/login")).text


async def test_a_cookie_from_before_signing_out_is_worth_nothing(browser: Browser):
    page = await browser.open("/login")
    before = {"Cookie": page.request.headers["cookie"]}
    await browser.open("/logout", "POST")
    browser.demo.cookies.clear()
    assert "alice@example.com" not in (await browser.demo.get("/", headers=before)).text


async def test_a_link_signs_nobody_out(browser: Browser):
    await browser.open("/login")
    assert (await browser.demo.get("/logout")).status_code == 405
    assert "alice@example.com" in (await browser.open("/")).text


async def test_signing_out_twice_is_no_error(browser: Browser):
    assert (await browser.open("/logout", "POST")).status_code == 200


async def test_a_made_up_sign_out_answer_changes_nothing(browser: Browser):
    await browser.open("/login")
    assert "alice@example.com" in (await browser.open("/?state=made-up")).text


async def test_a_third_party_may_start_the_sign_in(browser: Browser, issuer: FakeIssuer):
    await browser.open(f"/login?iss={issuer.url}/&login_hint=alice@example.com")
    (asked,) = issuer.seen.values()
    assert asked["login_hint"] == "alice@example.com"


@pytest.mark.parametrize("path", ["/login", "/callback"])
async def test_another_issuer_is_refused(browser: Browser, path):
    page = await browser.open(f"{path}?iss=https://evil.example/&code=x&state=y")
    assert page.status_code == 400
    assert "not our sign-in server" in page.text


async def test_a_canceled_sign_in_is_told_kindly(browser: Browser, issuer: FakeIssuer):
    issuer.answer = {"error": "access_denied"}
    page = await browser.open("/login")
    assert page.status_code == 403
    assert "You did not sign in" in page.text
    assert 'href="/login"' in page.text


async def test_a_refusal_shows_its_reason_as_text(browser: Browser, issuer: FakeIssuer):
    issuer.answer = {"error": "server_error", "error_description": "<b>no</b>"}
    page = await browser.open("/login")
    assert page.status_code == 400
    assert "server_error: &lt;b&gt;no&lt;/b&gt;" in page.text


async def test_an_answer_to_nobody_starts_over(browser: Browser):
    page = await browser.open("/callback?code=the-code&state=of-another-browser")
    assert page.status_code == 400
    assert "This sign-in is over" in page.text


async def test_the_back_button_after_signing_in_leads_home(browser: Browser, issuer: FakeIssuer):
    await browser.open("/login")
    (state,) = issuer.seen
    page = await browser.open(f"/callback?code=the-code&state={state}")
    assert "alice@example.com" in page.text


async def test_an_id_token_of_a_stranger_signs_nobody_in(browser: Browser, issuer: FakeIssuer):
    issuer.other_key = a_key("mallory")
    page = await browser.open("/login")
    assert page.status_code == 502
    assert "not signed in" in page.text
    assert 'href="/login"' in (await browser.open("/")).text


async def test_a_profile_of_somebody_else_signs_nobody_in(browser: Browser, issuer: FakeIssuer):
    issuer.profile["sub"] = "email|mallory"
    assert (await browser.open("/login")).status_code == 502
    assert "email|" not in (await browser.open("/")).text


async def test_a_phone_number_is_a_name_too(browser: Browser, issuer: FakeIssuer):
    del issuer.profile["email"]
    issuer.profile["phone_number"] = "+12025550123"
    page = await browser.open("/login")
    assert '<bdi dir="ltr">+12025550123</bdi>' in page.text


async def test_a_server_under_another_name_is_not_trusted(browser: Browser, issuer: FakeIssuer):
    issuer.issuer_in_document = "https://evil.example/"
    page = await browser.open("/login")
    assert page.status_code == 503
    assert "evil.example" in page.text


async def test_the_server_may_start_after_the_demo(settings: DemoSettings):
    issuer = FakeIssuer()
    async with serving(issuer):
        port = httpx2.URL(issuer.url).port
    async with Browser.at(replace(settings, issuer=f"{issuer.url}/")) as browser:
        page = await browser.open("/login")
        assert page.status_code == 503
        assert "does not answer" in page.text
        async with serving(issuer, port or 0):
            assert "alice@example.com" in (await browser.open("/login")).text


async def test_an_unknown_page_is_404(browser: Browser):
    page = await browser.open("/admin")
    assert page.status_code == 404
    assert "no such page" in page.text


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:8000", "localhost"])
async def test_another_host_is_misdirected(browser: Browser, host):
    response = await browser.demo.get("/", headers={"Host": host})
    assert response.status_code == 421


async def test_localhost_leads_to_the_address_with_the_cookies(browser: Browser):
    response = await browser.demo.get("/login?iss=x", headers={"Host": "localhost:8001"})
    assert response.status_code == 307
    assert response.headers["location"] == f"{BASE}/login?iss=x"
