"""The mailed link in every browser it meets: the one that asked, another one, a scanner's."""

import re
import sqlite3

import httpx2
import pytest

from tests.support.browsing import fresh_email, requested

ORIGIN_LESS = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
NO_TOKEN = {"csrf": ""}


def csrf(page: str) -> str:
    found = re.search(r'name="csrf"\s+value="([^"]*)"', page)
    assert found, page
    return found[1]


def events(server, kind: str) -> int:
    """Count the audit's events of a kind."""
    path = server.folder / "var" / "latchstring.db"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        return database.execute("select count(*) from events where type = ?", [kind]).fetchone()[0]


def test_p43_any_number_of_heads_and_gets_leaves_the_link_usable(open_browser, server, alice):
    window = open_browser().ask(alice)
    link = server.mail.wait_for(alice).link
    with httpx2.Client() as scanner:
        for _ in range(3):
            assert scanner.head(link).status_code == 200
        for _ in range(20):
            answer = scanner.get(link)
            assert answer.status_code == 200
            assert "set-cookie" not in answer.headers, "P44: a look sets no cookie"
    window.tab().goto(link).is_signed_in_as(alice)


def test_p45_the_same_browser_goes_on_without_a_click(open_browser, server, alice):
    window = open_browser().ask(alice)
    mailed = window.tab().goto(server.mail.wait_for(alice).link).is_signed_in_as(alice)
    assert len([path for path in mailed.posts if path.startswith("/l/")]) == 1
    # The tab that waits tells what happened, whatever is typed there now.
    window.enter("123456").shows("This page has expired").press("Start again")
    window.is_signed_in_as(alice)


def test_p46_the_same_browser_without_scripts_goes_on_with_one_click(open_browser, server, alice):
    window = open_browser(scripts=False).ask(alice)
    mailed = window.tab().goto(server.mail.wait_for(alice).link).shows("Sign in to Acme")
    mailed.press("Continue").is_signed_in_as(alice)


def test_p47_a_scanner_that_runs_scripts_does_not_burn_the_link(open_browser, server, alice):
    window, scanner = open_browser().ask(alice), open_browser()
    link = server.mail.wait_for(alice).link
    scanner.page.clock.install()
    scanner.goto(link).shows("Sign in to Acme?")
    scanner.page.clock.run_for(10_000)
    assert scanner.posts == []
    assert scanner.context.cookies() == []
    window.tab().goto(link).is_signed_in_as(alice)


def test_p45_a_hidden_or_prerendered_page_waits_to_be_seen(open_browser, server, alice):
    window = open_browser().ask(alice)
    link = server.mail.wait_for(alice).link
    tab = window.tab()
    tab.page.add_init_script(
        "let seen = 'hidden';"
        "Object.defineProperty(document, 'visibilityState', {get: () => seen});"
        "window.look = () => { seen = 'visible';"
        " document.dispatchEvent(new Event('visibilitychange')); };"
    )
    tab.goto(link).shows("Sign in to Acme")
    assert [path for path in tab.posts if path.startswith("/l/")] == []
    tab.page.evaluate("look()")
    tab.is_signed_in_as(alice)


def test_p48_another_browser_names_app_and_account_and_signs_in_there_after_a_press(
    open_browser, server, alice, scripts
):
    open_browser(scripts=scripts).ask(alice)
    other = open_browser(scripts=scripts).goto(server.mail.wait_for(alice).link)
    other.shows("Sign in to Acme?").says("a•••@example.com")
    assert alice not in other.page.content()
    other.press("Sign in on this device").is_signed_in_as(alice)
    asked = [request.url for request in other.requests]
    assert any(url.startswith(f"{server.app}/login?") for url in asked), "initiate_login_uri"


def test_p49_the_first_browser_is_not_signed_in_by_a_press_elsewhere(open_browser, server, alice):
    first, other = open_browser().ask(alice), open_browser()
    link = server.mail.wait_for(alice).link
    other.goto(link).press("Sign in on this device").is_signed_in_as(alice)
    first.page.reload()
    first.shows("Check your email")
    first.is_signed_out()
    first.begin().shows("Sign in to Acme")
    names = {cookie["name"] for cookie in first.context.cookies()}
    assert "latchstring_session" not in names


def test_p50_policy_code_shows_the_code_and_offers_no_sign_in(
    open_browser, server, administer, alice
):
    administer("email", other_browser="code")
    first = open_browser().ask(alice)
    mail = server.mail.wait_for(alice)
    other = open_browser().goto(mail.link).shows("Sign in to Acme?")
    assert mail.code not in other.page.content()
    names = other.page.get_by_role("button").all_inner_texts()
    assert names == ["Show the code", "This wasn't me"]
    other.press("Show the code").shows("Your sign-in code").says(mail.code)
    other.is_signed_out()
    first.enter(mail.code).is_signed_in_as(alice)


def test_p50_policy_deny_explains_and_leaves_the_link_to_the_browser_that_asked(
    open_browser, server, administer, alice
):
    administer("email", other_browser="deny")
    first = open_browser().ask(alice)
    link = server.mail.wait_for(alice).link
    other = open_browser().goto(link).shows("Open this link where you asked for it")
    assert other.page.get_by_role("button").count() == 0
    assert other.page.get_by_role("link", name="Start again").is_visible()
    first.tab().goto(link).is_signed_in_as(alice)


def test_p51_a_used_link_says_so_and_leads_on(open_browser, server, alice):
    window = open_browser().ask(alice)
    link = server.mail.wait_for(alice).link
    window.goto(link).is_signed_in_as(alice)
    stranger = open_browser()
    assert stranger.page.goto(link).status == 410
    stranger.shows("This link has already been used").press("Start again")
    stranger.shows("Sign in to Acme")
    window.goto(link).shows("This link has already been used")
    window.says("You're signed in in this browser.").press("Continue to Acme")
    window.is_signed_in_as(alice)


def test_p51_an_expired_link_says_when_and_sends_a_new_one_to_the_same_address(
    open_timed_browser, timed, alice, scripts
):
    timed.change(code_lifetime=60, link_lifetime=120)
    window = open_timed_browser(scripts=scripts).ask(alice)
    link = timed.link(alice)
    timed.advance(121)
    tab = window.tab()
    assert tab.page.goto(link).status == 410
    tab.shows("This link has expired").says("2 minutes after we sent it")
    tab.press("Send a new link").shows("Check your email").says(f"We've sent a new one to {alice}")
    tab.enter(timed.code(alice)).is_signed_in_as(alice)


def test_p51_an_expired_link_in_another_browser_leads_back_to_the_app(
    open_timed_browser, timed, alice
):
    timed.change(code_lifetime=60, link_lifetime=120)
    open_timed_browser().ask(alice)
    link = timed.link(alice)
    timed.advance(121)
    other = open_timed_browser().goto(link).shows("This link has expired")
    other.press("Start again").shows("Sign in to Acme")


def test_p51_a_replaced_link_points_to_the_latest_mail(open_browser, server, alice):
    first, *_ = requested(server, alice, count=6)
    window = open_browser()
    assert window.page.goto(first.link).status == 410
    window.shows("There is a newer email").says("Open the latest email").press("Start again")
    window.shows("Sign in to Acme")


def test_p51_p52_a_mangled_link_is_told_kindly_and_neither_locks_nor_counts(
    open_browser, server, alice
):
    window = open_browser().ask(alice)
    mail = server.mail.wait_for(alice)
    mangled = f"{mail.link[:-1]}{'A' if mail.link[-1] != 'A' else 'B'}"
    window.tab().goto(mangled).shows("This link doesn't work").says("cut off")
    with httpx2.Client() as scanner:
        for length in range(100):
            broken = mangled if length % 2 else mail.link[: -1 - length % 30]
            assert scanner.get(broken).status_code == 410
            assert scanner.post(broken, data=NO_TOKEN).status_code == 403
    window.enter("000000" if mail.code != "000000" else "111111")
    window.says("You have 2 tries left.")
    window.enter(mail.code).is_signed_in_as(alice)


def test_p53_a_forwarded_mail_works_as_code_in_the_first_browser_and_as_link_in_another(
    open_browser, server, alice
):
    bob = fresh_email("bob")
    laptop, friend = open_browser().ask(alice), open_browser().ask(bob)
    friend.enter(server.mail.wait_for(bob).code).is_signed_in_as(bob)
    mail = server.mail.wait_for(alice)
    friend.goto(mail.link).press("Show me the code instead").says(mail.code)
    friend.goto(mail.link).says(f"You're signed in here as {bob}. Going on ends that.")
    friend.press("Switch to the other account").is_signed_in_as(alice)
    laptop.enter(mail.code).says("That code isn't right.")


def test_p54_the_links_page_keeps_its_token_to_itself(open_browser, server, alice):
    open_browser().ask(alice)
    link = server.mail.wait_for(alice).link
    window = open_browser()
    headers = window.page.goto(link).headers
    assert headers["cache-control"] == "no-store"
    assert "noindex" in headers["x-robots-tag"]
    assert headers["referrer-policy"] == "same-origin"
    window.press("Sign in on this device").is_signed_in_as(alice)
    token = link.rpartition("/")[2]
    elsewhere = [r for r in window.requests if not r.url.startswith(server.url)]
    assert elsewhere
    assert [r.url for r in elsewhere if token in r.headers.get("referer", "") + r.url] == []
    assert token not in server.log


def test_p55_a_press_from_another_origin_is_refused_and_a_null_origin_of_ours_is_not(
    open_browser, server, alice
):
    open_browser().ask(alice)
    link = server.mail.wait_for(alice).link
    with httpx2.Client() as client:
        form = {"csrf": csrf(client.get(link).text)}
        foreign = {"Origin": "https://mallory.example", "Sec-Fetch-Site": "cross-site"}
        assert client.post(link, data=form, headers=foreign).status_code == 403
        assert client.post(link, data=NO_TOKEN, headers=ORIGIN_LESS).status_code == 403
        accepted = client.post(link, data=form, headers=ORIGIN_LESS)
        assert accepted.status_code == 303
        assert "latchstring_session" in accepted.headers["set-cookie"]


def test_p56_this_was_not_me_ends_link_and_code_and_is_kept_in_the_audit(
    open_browser, server, alice
):
    first, other = open_browser().ask(alice), open_browser()
    mail = server.mail.wait_for(alice)
    before = events(server, "ChallengesVoided")
    other.goto(mail.link).press("This wasn't me").shows("Thank you. That sign-in is stopped")
    assert events(server, "ChallengesVoided") == before + 1
    other.goto(mail.link)
    other.shows("Thank you. That sign-in is stopped")
    first.enter(mail.code).says("That code isn't right.")
    first.tab().goto(mail.link).shows("Thank you. That sign-in is stopped")


@pytest.mark.parametrize(
    "agent", ["Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) [FBAN/FBIOS;FBAV/500.0]"]
)
def test_a_browser_inside_another_app_is_told_how_to_stay_signed_in(
    open_browser, server, alice, agent
):
    open_browser().ask(alice)
    inside = open_browser(user_agent=agent).goto(server.mail.wait_for(alice).link)
    inside.says("You're in a browser inside another app.")
    inside.press("Sign in on this device").is_signed_in_as(alice)
