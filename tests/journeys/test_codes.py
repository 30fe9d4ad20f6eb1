"""The page that takes the code: typing, pasting, mistakes, waiting, and sending again."""

from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests.support.browsing import fresh_email, requested

TEXTED = """window.OTPCredential = class {};
navigator.credentials.get = (asked) => new Promise((resolve) => {
  window.texted = (code) => resolve({code});
  asked.signal.addEventListener('abort', () => { window.aborted = true; });
});"""

PRESSED_THRICE = """button => {
  const [form, width] = [button.form, button.offsetWidth];
  button.click();
  button.click();
  form.requestSubmit();
  return {
    words: button.textContent,
    disabled: button.getAttribute("aria-disabled"),
    moved: button.offsetWidth !== width,
  };
}"""
SUBMITS_TO_NOBODY = """document.querySelector("form[data-webotp]")
  .addEventListener("submit", (event) => event.preventDefault())"""


def wrong(code: str) -> str:
    """Return a code that is not this one."""
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}d}"


def arabic(code: str) -> str:
    return "".join(chr(0x0660 + int(digit)) for digit in code)


def full_width(code: str) -> str:
    return "".join(chr(0xFF10 + int(digit)) for digit in code)


PASTED = {
    "bare": lambda code: code,
    "spaces": lambda code: f" {code[:3]} {code[3:]}\n",
    "hyphen": lambda code: f"{code[:3]}-{code[3:]}",
    "dash": lambda code: f"{code[:3]}–{code[3:]}",
    "full-width": full_width,
    "arabic": arabic,
    "sentence": lambda code: f"Your code is {code}",
}


@pytest.mark.parametrize("shape", PASTED)
def test_p24_a_pasted_code_signs_in_whatever_surrounds_it(
    open_browser, server, alice, shape, scripts
):
    window = open_browser(scripts=scripts, permissions=["clipboard-read", "clipboard-write"])
    window.ask(alice)
    pasted = PASTED[shape](server.mail.wait_for(alice).code)
    if scripts:
        window.page.evaluate("text => navigator.clipboard.writeText(text)", pasted)
        window.code_field.press("Control+V")
    else:
        window.code_field.fill(pasted)
    window.code_field.press("Enter")
    window.is_signed_in_as(alice)


def test_p25_p28_the_one_code_field_is_focused_and_says_what_it_wants(window, alice):
    page = window.ask(alice).page
    fields = page.locator("input[autocomplete='one-time-code']")
    assert fields.count() == 1
    assert fields.evaluate("field => field === document.activeElement")
    assert fields.get_attribute("maxlength") is None
    assert fields.get_attribute("pattern") is None
    window.says(alice).says("6 digits").says("10 minutes")


def test_p29_a_slip_is_explained_and_is_not_counted_as_a_try(open_browser, server, alice, scripts):
    window = open_browser(scripts=scripts).ask(alice)
    code = server.mail.wait_for(alice).code
    window.enter("").says("Enter the code from the message.")
    window.enter(code[:5]).says("The code is 6 digits. You entered 5.")
    window.enter("secret").says("The code is 6 digits, like 482 913.")
    assert window.page.title().startswith("Error: ")
    assert window.code_field.input_value() == ""
    assert window.code_field.get_attribute("aria-invalid") == "true"
    assert window.code_field.evaluate("field => field === document.activeElement")
    window.enter(wrong(code)).says("You have 2 tries left.")
    window.enter(code).is_signed_in_as(alice)


def test_p30_the_third_wrong_code_ends_them_all_and_a_new_one_goes_on(
    open_browser, server, alice, scripts
):
    window = open_browser(scripts=scripts).ask(alice)
    code = server.mail.wait_for(alice).code
    window.enter(wrong(code)).says("You have 2 tries left.")
    window.enter(wrong(code)).says("You have 1 try left.")
    window.enter(wrong(code)).shows("That was too many tries")
    waiting = window.page.url
    window.goto(waiting).enter(code).shows("That was too many tries")
    window.ask(alice).enter(server.mail.wait_for(alice, count=2).code).is_signed_in_as(alice)


def test_p30_the_new_code_is_one_press_away_once_sending_again_is_open(
    open_timed_browser, timed, alice
):
    window = open_timed_browser(scripts=False).ask(alice)
    code = timed.code(alice)
    for _ in range(3):
        window.enter(wrong(code))
    window.shows("That was too many tries")
    timed.advance(31)
    window.press("Send a new email").shows("Check your email")
    window.enter(timed.code(alice)).is_signed_in_as(alice)


def test_p31_an_expired_code_is_answered_with_a_new_one_once(open_timed_browser, timed, alice):
    timed.change(code_lifetime=60)
    window = open_timed_browser().ask(alice)
    code = timed.code(alice)
    timed.advance(61)
    window.enter(code).says(f"That code has expired. We've sent a new one to {alice}.")
    window.enter(code).says("That code has expired.")
    assert len(timed.messages(alice)) == 2
    window.enter(timed.code(alice)).is_signed_in_as(alice)


def test_p33_a_code_is_refused_in_a_browser_that_waits_for_somebody_else(
    open_browser, server, alice
):
    bob = fresh_email("bob")
    window, other = open_browser().ask(alice), open_browser().ask(bob)
    code = server.mail.wait_for(alice).code
    other.enter(code).says("That code isn't right.")
    other.is_signed_out()
    window.enter(code).is_signed_in_as(alice)


def test_p34_without_scripts_an_early_send_again_is_answered_kindly_and_a_later_one_sends(
    open_timed_browser, timed, alice
):
    window = open_timed_browser(scripts=False).ask(alice)
    window.says("You can send another one in 30 seconds.")
    with window.page.expect_response("**/again") as early:
        window.send_again()
    assert early.value.status == 429
    assert 0 < int(early.value.headers["retry-after"]) <= 30
    window.shows("Please wait a moment").says("The one we sent may still arrive")
    timed.advance(31)
    window.press("Send a new email").shows("Check your email").says("We've sent a new one to")
    assert len(timed.messages(alice)) == 2
    window.says("You can send another one in 1 minute.")
    window.enter(timed.code(alice)).is_signed_in_as(alice)


def test_p35_the_countdown_is_silent_until_one_sentence_says_that_it_is_over(window, alice):
    window.page.clock.install()
    window.ask(alice)
    page = window.page
    page.get_by_text("Nothing arrived?").click()
    button = page.get_by_role("button", name="Send a new email")
    timer = page.get_by_role("timer")
    assert button.get_attribute("aria-disabled") == "true"
    assert page.locator("[aria-live]").count() == 0
    page.clock.run_for(5_000)
    assert timer.inner_text().startswith("0:2")
    page.clock.run_for(27_000)
    assert button.get_attribute("aria-disabled") is None
    window.says("You can send another one now.")


@pytest.mark.parametrize(
    ("domain", "name"),
    [("gmail.com", "Gmail"), ("proton.me", "Proton Mail"), ("example.org", None)],
)
def test_p37_the_mailbox_is_a_press_away_where_the_address_tells_which_it_is(
    window, alice, domain, name
):
    address = alice.replace("example.com", domain)
    window.ask(address)
    links = window.page.locator("a[target=_blank]")
    assert links.count() == (1 if name else 0)
    if name:
        assert links.inner_text().startswith(f"Open {name}")
        assert "noreferrer" in (links.get_attribute("rel") or "")


def test_p38_typing_sends_nothing_by_itself(open_browser, server, alice):
    window = open_browser().ask(alice)
    code = server.mail.wait_for(alice).code
    before = len(window.posts)
    window.code_field.press_sequentially(code)
    assert window.code_field.input_value() == code
    window.page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    assert len(window.posts) == before
    window.page.keyboard.press("Enter")
    window.is_signed_in_as(alice)


def test_p38_a_code_that_the_phone_offers_is_sent_once(open_browser, server, number):
    window = open_browser()
    window.page.add_init_script(TEXTED)
    window.ask_by_phone(number)
    before = len(window.posts)
    window.page.evaluate("code => texted(code)", server.sms.wait_for(number).code)
    window.is_signed_in_as(number)
    assert len(window.posts) == before + 1


def test_p39_waiting_for_the_phones_offer_ends_with_the_form(open_browser, server, number):
    window = open_browser()
    window.page.add_init_script(TEXTED)
    window.ask_by_phone(number)
    window.page.evaluate(SUBMITS_TO_NOBODY)
    window.enter(server.sms.wait_for(number).code)
    window.page.wait_for_function("window.aborted === true")


def test_p40_back_and_reload_after_success_send_nothing_again(open_browser, server, alice):
    window = open_browser().ask(alice)
    window.enter(server.mail.wait_for(alice).code).is_signed_in_as(alice)
    posted = len(window.posts)
    window.page.reload()
    window.is_signed_in_as(alice)
    window.page.go_back()
    window.page.go_back()
    window.page.go_forward()
    assert len(window.posts) == posted
    window.goto(f"{window.app}/").is_signed_in_as(alice)


def test_p14_p84_a_press_is_told_in_words_and_pressing_again_sends_nothing_more(
    open_browser, server, alice
):
    window = open_browser().ask(alice)
    before = len(window.posts)
    window.code_field.fill(server.mail.wait_for(alice).code)
    told = window.control("Continue").evaluate(PRESSED_THRICE)
    assert told == {"words": "Checking…", "disabled": "true", "moved": False}
    window.is_signed_in_as(alice)
    assert len(window.posts) == before + 1


def test_p14_presses_at_the_same_moment_without_scripts_send_one_message(
    open_browser, server, alice
):
    window = open_browser(scripts=False).begin()
    form = {"email": alice, "csrf": window.page.locator("[name=csrf]").first.input_value()}
    cookies = {cookie["name"]: cookie["value"] for cookie in window.context.cookies()}
    url = f"{window.page.url}/email"
    with ThreadPoolExecutor() as fingers:
        presses = [fingers.submit(httpx2.post, url, data=form, cookies=cookies) for _ in range(4)]
    assert [press.result().status_code for press in presses] == [303] * 4
    window.goto(f"{window.page.url}/code").shows("Check your email")
    window.enter(server.mail.wait_for(alice).code).is_signed_in_as(alice)
    # A later message has come, so an earlier one would have come too.
    requested(server, alice, count=1)
    assert len(server.mail.to(alice)) == 2


def test_the_delivery_is_told_as_it_really_went(open_timed_browser, timed, alice):
    window = open_timed_browser()
    window.page.clock.install()
    window.ask(alice).says("The message is on its way out.")
    timed.messages(alice)
    timed.advance(3)
    with window.page.expect_response("**/status"):
        window.page.clock.run_for(2_500)
    window.says("The receiving side has accepted the message.")


def test_a_page_left_waiting_falls_silent_when_the_sign_in_is_finished_elsewhere(
    open_browser, server, alice
):
    window = open_browser().ask(alice)
    url = window.page.locator("[data-status]").get_attribute("data-status")
    window.tab().goto(server.mail.wait_for(alice).link).is_signed_in_as(alice)
    answer = window.page.evaluate("url => fetch(url).then(answer => answer.json())", url)
    assert answer == {"sentence": "", "final": True}


def test_every_request_of_a_browser_without_its_cookie_is_refused_kindly(
    open_browser, server, alice
):
    window = open_browser().ask(alice)
    answer = httpx2.get(window.page.url)
    assert answer.status_code == 400
    assert "cookie" in answer.text
