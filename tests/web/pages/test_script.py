"""What the script adds to the pages in a real browser, and what it must never do."""

from datetime import datetime

import pytest

from tests.support import pages

HIDDEN = "Object.defineProperty(document, 'visibilityState', {value: 'hidden', configurable: true})"
PRERENDERED = "Object.defineProperty(document, 'prerendering', {value: true, configurable: true})"
APPEAR = "Object.defineProperty(document, '{name}', {{value: {value}}});"
PASTE = """text => {
  const data = new DataTransfer();
  data.setData("text", text);
  const event = new ClipboardEvent("paste", {clipboardData: data, cancelable: true});
  return document.querySelector("#code").dispatchEvent(event);
}"""
TEXTED = """window.OTPCredential = class {};
navigator.credentials.get = (asked) => {
  window.asked = asked;
  return new Promise((resolve) => { window.answer = resolve; });
};"""


@pytest.fixture
def page(chromium, showcase):
    showcase.posts.clear()
    showcase.bodies.clear()
    showcase.polls.clear()
    with (
        chromium.new_context(
            base_url=showcase.url, timezone_id="Asia/Kolkata", locale="en-GB"
        ) as context,
        context.new_page() as page,
    ):
        page.set_default_timeout(10_000)
        yield page


def posted(page) -> None:
    page.wait_for_function("document.title === 'Posted'")


@pytest.mark.parametrize(
    "pasted",
    [
        "482913",
        " 482 913\n",
        "482-913",
        "482–913",
        "４８２９１３",
        "٤٨٢٩١٣",
        "Your code is 482913",
        "482913 is your Acme sign-in code. Use it within 10 minutes.",
        "4\u200b82\u200b913",
    ],
)
def test_whatever_surrounds_a_pasted_code_falls_away(page, pasted):
    page.goto("/check-email")
    assert page.evaluate(PASTE, pasted) is False
    assert page.locator("#code").input_value() == "482913"


def test_a_paste_without_a_code_is_left_to_the_browser(page):
    page.goto("/check-email")
    assert page.evaluate(PASTE, "no digits here") is True


def test_typing_is_neither_rewritten_nor_sent(page, showcase):
    page.goto("/check-email-error")
    page.locator("#code:focus").press_sequentially("48 29-13x")
    assert page.locator("#code").input_value() == "48 29-13x"
    page.wait_for_timeout(200)
    assert showcase.posts == []


def test_the_code_field_has_the_focus_and_enter_sends_it(page, showcase):
    page.goto("/check-email")
    page.locator("#code:focus").press_sequentially("482913")
    page.keyboard.press("Enter")
    posted(page)
    assert showcase.posts == ["/signin/code"]
    assert showcase.bodies == ["csrf=form-token&code=482913"]


def test_a_button_pressed_twice_sends_once_and_says_that_it_works(page, showcase):
    page.goto("/sign-in-email")
    page.fill("#email", "alice@example.com")
    words, state, moved = page.evaluate(
        """() => {
          const button = document.querySelector("button");
          const box = () => JSON.stringify(button.getBoundingClientRect());
          const before = box();
          button.click();
          button.click();
          return [button.textContent, button.getAttribute("aria-disabled"), box() !== before];
        }"""
    )
    assert (words, state, moved) == ("Sending…", "true", False)
    posted(page)
    assert showcase.posts == ["/signin/email"]


def test_a_page_shown_again_by_back_can_be_sent_again(page, showcase):
    page.goto("/sign-in-email")
    page.evaluate(
        """() => {
          document.querySelector("form").addEventListener("submit", (e) => e.preventDefault());
          document.querySelector("button").click();
          dispatchEvent(new PageTransitionEvent("pageshow", {persisted: true}));
        }"""
    )
    assert page.get_by_role("button", name="Continue").get_attribute("aria-disabled") is None


def test_a_mouse_user_can_type_at_once_on_the_first_page(page):
    page.goto("/sign-in-email")
    page.locator("#email:focus").press_sequentially("alice")
    assert page.locator("#email").input_value() == "alice"


def test_the_suggestion_button_sends_the_suggestion_and_enter_sends_what_was_typed(page, showcase):
    page.goto("/sign-in-email-suggestion")
    page.get_by_role("button", name="Yes, send it there").click()
    posted(page)
    page.goto("/sign-in-email-suggestion")
    page.locator("#email").press("Enter")
    posted(page)
    assert showcase.bodies == [
        "csrf=form-token&email=alice%40gmail.com",
        "csrf=form-token&as_typed=alice%40gmial.com&email=alice%40gmial.com",
    ]


def test_times_are_told_in_the_readers_zone(page):
    page.goto("/link-expired")
    at = page.locator("main time")
    assert at.get_attribute("datetime") == "2026-11-23T14:35:00Z"
    assert "14:35" not in at.inner_text()
    assert datetime.fromisoformat(at.get_attribute("datetime")) == pages.AT
    assert "8:05" in at.inner_text()


def test_the_link_continues_by_itself_before_somebodys_eyes(page, showcase):
    page.goto("/link-continue")
    posted(page)
    assert showcase.posts == ["/l/token"]


@pytest.mark.parametrize(
    ("state", "name", "value", "event"),
    [
        (HIDDEN, "visibilityState", "'visible'", "visibilitychange"),
        (PRERENDERED, "prerendering", "false", "prerenderingchange"),
    ],
)
def test_the_link_waits_until_it_is_really_seen(page, showcase, state, name, value, event):
    page.add_init_script(f"if (!document.referrer) {state}")
    page.goto("/link-continue")
    page.wait_for_timeout(300)
    assert showcase.posts == []
    page.evaluate(
        APPEAR.format(name=name, value=value) + f"document.dispatchEvent(new Event('{event}'))"
    )
    posted(page)
    assert showcase.posts == ["/l/token"]


def test_without_script_the_link_needs_one_press(chromium, showcase):
    showcase.posts.clear()
    with chromium.new_context(java_script_enabled=False) as context, context.new_page() as page:
        page.goto(f"{showcase.url}/link-continue")
        assert showcase.posts == []
        page.get_by_role("button", name="Continue").click()
        page.wait_for_url("**/l/token")
    assert showcase.posts == ["/l/token"]


def test_no_other_link_page_does_anything_by_itself(page, showcase):
    for name in pages.LINK_PAGES:
        if name != "link-continue":
            page.goto(f"/{name}")
    page.wait_for_timeout(300)
    assert showcase.posts == []


def test_send_again_counts_down_silently_and_opens_with_one_message(page, showcase):
    page.clock.install()
    page.goto("/check-email")
    page.get_by_text("Nothing arrived?").click()
    again = page.get_by_role("button", name="Send a new email")
    timer = page.get_by_role("timer")
    assert again.get_attribute("aria-disabled") == "true"
    assert timer.inner_text() == "0:30"
    again.dispatch_event("click")
    page.clock.run_for(10_000)
    assert timer.inner_text() == "0:20"
    message = page.locator("[data-open]")
    assert (message.get_attribute("role"), message.inner_text()) == ("status", "")
    page.clock.run_for(21_000)
    assert message.inner_text() == "You can send another one now."
    assert showcase.posts == []
    again.click()
    posted(page)
    assert showcase.posts == ["/signin/again"]


def test_a_texted_code_is_filled_in_and_sent_once(page, showcase):
    page.add_init_script(TEXTED)
    page.goto("/check-phone")
    assert page.evaluate("asked.otp.transport") == ["sms"]
    page.evaluate("answer({code: '482913'})")
    posted(page)
    assert showcase.bodies == ["csrf=form-token&code=482913"]


@pytest.mark.parametrize(
    "leave",
    [
        "document.querySelector('form').dispatchEvent(new Event('submit'))",
        "dispatchEvent(new Event('pagehide'))",
    ],
)
def test_the_wait_for_a_texted_code_ends_when_the_page_is_left(page, leave):
    page.add_init_script(TEXTED)
    page.goto("/check-phone")
    assert page.evaluate("asked.signal.aborted") is False
    page.evaluate(leave)
    assert page.evaluate("asked.signal.aborted") is True


def test_the_wait_for_a_texted_code_ends_after_a_minute(page):
    page.clock.install()
    page.add_init_script(TEXTED)
    page.goto("/check-phone")
    page.clock.run_for(61_000)
    assert page.evaluate("asked.signal.aborted") is True


def test_what_became_of_the_message_is_asked_until_it_is_final(page, showcase):
    showcase.status = '{"sentence": "The message was delivered.", "final": true}'
    page.clock.install()
    page.goto("/check-email")
    line = page.locator("[data-status]")
    assert line.inner_text() == "The receiving side has accepted the message."
    page.clock.run_for(2_500)
    page.get_by_text("The message was delivered.").wait_for()
    page.clock.run_for(120_000)
    assert len(showcase.polls) == 1


def test_the_code_is_copied_whole(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/link-code")
    page.get_by_role("button", name="Copy the code").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "482913"


def test_without_script_everything_that_needs_it_is_absent(chromium, showcase):
    with chromium.new_context(java_script_enabled=False) as context, context.new_page() as page:
        page.goto(f"{showcase.url}/link-code")
        assert page.locator("button").count() == 1
        assert not page.locator("button").is_visible()
        page.goto(f"{showcase.url}/check-email")
        page.get_by_text("Nothing arrived?").click()
        assert page.get_by_text("You can send another one in 30 seconds.").is_visible()
        assert page.get_by_role("button", name="Send a new email").is_enabled()
