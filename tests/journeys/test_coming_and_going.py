"""Around the sign-in: tabs, cookies, clocks, pages that got old, who is in, and signing out."""

import json
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest

from tests.support.browsing import ARGUMENTS, CLIENT, Window, chromium_path, fresh_email
from tests.support.server import SECRET


def sign_in(window, server, email):
    window.ask(email)
    window.enter(server.mail.wait_for(email, count=len(server.mail.to(email)) or 1).code)
    return window.is_signed_in_as(email)


def test_p41_a_browser_that_refuses_cookies_is_told_that_one_is_needed(chromium, server, tmp_path):
    refuse = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    (tmp_path / "Default").mkdir()
    (tmp_path / "Default" / "Preferences").write_text(json.dumps(refuse))
    with chromium.browser_type.launch_persistent_context(
        tmp_path, executable_path=chromium_path(), args=ARGUMENTS
    ) as context:
        window = Window(context.pages[0], server.url, server.app).watch()
        window.begin().shows("Your browser didn't send our cookie")
        window.says(
            "Allow cookies for this site in your browser's settings, then go back to the app"
        )
        assert window.verdict() == []


@pytest.mark.parametrize("at", ["", "/code"])
def test_p42_a_page_that_got_too_old_says_so_and_leads_back_to_the_app(
    open_timed_browser, timed, alice, at
):
    window = open_timed_browser().ask(alice)
    timed.advance(31 * 60)
    if at:
        window.enter("123456").shows("This page has expired")
    else:
        window.press("Change the address").shows("This page has expired")
    window.press("Start again").shows("Sign in to Acme")
    window.give_email(alice).shows("Check your email")
    window.enter(timed.code(alice)).is_signed_in_as(alice)


def test_p87_a_known_person_is_asked_who_they_want_to_be_where_the_app_wants_that(
    open_browser, server, alice
):
    window = sign_in(open_browser(), server, alice)
    window.begin_with(prompt="select_account").shows("Continue to Acme").says(
        f"You're signed in here as {alice}."
    )
    window.press(f"Continue as {alice}").is_signed_in_as(alice)
    window.begin_with(prompt="select_account").press("Use another account").shows("Sign in to Acme")
    window.says("You're already signed in here.")
    bob = fresh_email("bob")
    window.give_email(bob).shows("Check your email")
    window.enter(server.mail.wait_for(bob).code).is_signed_in_as(bob)


def test_a_person_who_is_signed_in_is_not_asked_again(open_browser, server, alice):
    window = sign_in(open_browser(), server, alice)
    window.begin().is_signed_in_as(alice)
    assert len(server.mail.to(alice)) == 1


def test_p88_signing_out_of_the_app_signs_out_of_the_server_too(
    open_browser, server, alice, scripts
):
    window = sign_in(open_browser(scripts=scripts), server, alice)
    window.press("Sign out").shows("Hello, stranger.").says("You are signed out.")
    window.begin().shows("Sign in to Acme")
    assert window.page.get_by_role("button", name=f"Continue as {alice}").count() == 0


def test_p88_a_stranger_who_asks_to_sign_out_is_asked_first(open_browser, server, alice, scripts):
    window = sign_in(open_browser(scripts=scripts), server, alice)
    window.goto(f"{server.url}/oidc/logout").shows("Sign out?").says(alice)
    window.begin().is_signed_in_as(alice)
    window.goto(f"{server.url}/oidc/logout").press("Sign out").shows("You're signed out")
    window.begin().shows("Sign in to Acme")


def test_p89_two_tabs_are_two_sign_ins_and_both_finish(open_browser, server, alice):
    bob = fresh_email("bob")
    first = open_browser().goto(request_of(server, "one"))
    second = first.tab().goto(request_of(server, "two"))
    first.give_email(alice).shows("Check your email")
    second.give_email(bob).shows("Check your email")
    second.enter(server.mail.wait_for(bob).code)
    assert answer_to(server, second) == ("two", bob)
    first.enter(server.mail.wait_for(alice).code)
    assert answer_to(server, first) == ("one", alice)


def request_of(server, state):
    """Return the address of an authorization request that no library keeps in mind."""
    request = {
        "client_id": CLIENT,
        "redirect_uri": f"{server.app}/callback",
        "response_type": "code",
        "scope": "openid email",
        "state": state,
    }
    return f"{server.url}/authorize?{urlencode(request)}"


def answer_to(server, window):
    """Return the state that came back, and whom the code that came with it stands for."""
    window.page.wait_for_url(f"{server.app}/callback?**")
    answer = dict(parse_qsl(urlsplit(window.page.url).query))
    body = {
        "grant_type": "authorization_code",
        "client_id": CLIENT,
        "client_secret": SECRET,
        "code": answer["code"],
        "redirect_uri": f"{server.app}/callback",
    }
    tokens = httpx2.post(f"{server.url}/oauth/token", data=body).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    return answer["state"], httpx2.get(f"{server.url}/userinfo", headers=headers).json()["email"]


def test_p90_a_browser_whose_clock_is_a_day_off_signs_in_all_the_same(open_browser, server, alice):
    window = open_browser()
    window.page.clock.install(time="2031-01-01T00:00:00Z")
    sign_in(window, server, alice)


def test_r4_a_session_of_one_person_does_not_finish_the_sign_in_of_another(
    open_browser, server, alice
):
    """Whoever was signed in before, the application gets who proved it now."""
    window = sign_in(open_browser(), server, alice)
    bob = fresh_email("bob")
    window.begin_with(prompt="login").give_email(bob).shows("Check your email")
    resume = window.page.url.replace("/code", "").replace("/sign-in/", "/authorize/resume/")
    window.goto(resume).shows("Sign in to Acme")
    window.press("Continue").shows("Check your email")
    window.enter(server.mail.wait_for(bob).code).is_signed_in_as(bob)


def test_p33_a_sign_in_of_one_browser_cannot_be_opened_in_another(open_browser, server, alice):
    window, mallory = open_browser().ask(alice), open_browser()
    mallory.goto(window.page.url).shows("Your browser didn't send our cookie")
    mallory.ask(fresh_email("mallory"))
    mallory.goto(window.page.url).shows("This page has expired")
    window.enter(server.mail.wait_for(alice).code).is_signed_in_as(alice)
