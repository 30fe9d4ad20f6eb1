"""Who are you: the email page and the phone page, as people use and misuse them."""

import httpx2
import pytest

from tests.support.browsing import PHONE_VIEW, WIDER_THAN_ITS_WINDOW, requested


def test_p1_the_first_page_comes_in_one_answer_after_at_most_one_redirect(server):
    request = {
        "client_id": "acme-web",
        "redirect_uri": f"{server.app}/callback",
        "response_type": "code",
        "scope": "openid",
    }
    answer = httpx2.get(f"{server.url}/authorize", params=request, follow_redirects=True)
    assert answer.status_code == 200
    assert len(answer.history) <= 1
    assert "<title>Sign in – Acme</title>" in answer.text


def test_p2_p7_sending_nothing_names_the_field_and_keeps_the_focus_there(open_browser, scripts):
    window = open_browser(scripts=scripts).begin()
    assert window.page.title() == "Sign in – Acme"
    window.press("Continue").says("Enter your email address.")
    assert window.page.title() == "Error: Sign in – Acme"
    field = window.page.get_by_label("Email address")
    assert field.get_attribute("aria-invalid") == "true"
    assert field.get_attribute("aria-describedby") == "email-error"
    assert field.evaluate("field => field === document.activeElement")
    field.fill("alice at example.com")
    window.press("Continue").says("Enter an email address in the form name@example.com.")
    assert field.input_value() == "alice at example.com"


def test_p8_spaces_capitals_and_a_full_width_at_sign_are_accepted(open_browser, server, alice):
    typed = f"  {alice.upper().replace('@', '＠')}  "
    window = open_browser(scripts=False).begin().give_email(typed).shows("Check your email")
    window.says(alice).enter(server.mail.wait_for(alice).code).is_signed_in_as(alice)


def test_p9_an_address_in_another_script_works(open_browser, server, alice):
    local = alice.partition("@")[0]
    window = open_browser().begin().give_email(f"{local}@bücher.example")
    window.shows("Check your email")
    mail = server.mail.wait_for(f"{local}@xn--bcher-kva.example")
    window.enter(mail.code).is_signed_in_as(f"{local}@xn--bcher-kva.example")


def test_p10_the_applications_hint_fills_in_the_address(window, alice, number):
    window.begin(login_hint=alice).shows("Sign in to Acme")
    assert window.page.get_by_label("Email address").input_value() == alice
    window.begin(login_hint=number)
    assert window.page.get_by_label("Mobile number").input_value() == number


def test_p12_changing_the_way_keeps_the_sign_in(open_browser, server, alice, number, scripts):
    window = open_browser(scripts=scripts).begin()
    sign_in = window.page.url
    window.press("Use your mobile number instead")
    assert window.page.url == f"{sign_in}/phone"
    window.press("Use your email address instead")
    assert window.page.url == f"{sign_in}/email"
    window.press("Use your mobile number instead").give_phone(number).shows("Check your phone")
    window.page.goto(f"{sign_in}/email")
    window.give_email(alice).shows("Check your email")
    window.enter(server.mail.wait_for(alice).code).is_signed_in_as(alice)


def test_p13_a_likely_slip_is_asked_about_and_never_changed_silently(
    open_browser, server, alice, scripts
):
    typed, meant = (alice.replace("example.com", domain) for domain in ("gmial.com", "gmail.com"))
    window = open_browser(scripts=scripts).begin().give_email(typed)
    window.says(f"Did you mean {meant}?")
    assert window.page.get_by_label("Email address").input_value() == typed
    assert server.mail.to(typed) == server.mail.to(meant) == []
    window.press("Yes, send it there").shows("Check your email").says(meant)
    window.enter(server.mail.wait_for(meant).code).is_signed_in_as(meant)


def test_p13_who_meant_it_goes_on_as_typed(open_browser, server, alice):
    typed = alice.replace("example.com", "gmial.com")
    window = open_browser(scripts=False).begin().give_email(typed)
    window.press("No, continue as typed").shows("Check your email").says(typed)
    window.enter(server.mail.wait_for(typed).code).is_signed_in_as(typed)


@pytest.mark.parametrize(
    "shape", ["07700 900{}", "+44 7700 900{}", "(0)7700-900{}", "0044 7700 900{}"]
)
def test_p16_however_it_is_written_it_is_the_same_number(open_browser, server, number, shape):
    window = open_browser(scripts=False).begin().press("Use your mobile number instead")
    window.give_phone(shape.format(number[-3:])).shows("Check your phone").says(number)
    window.enter(server.sms.wait_for(number).code).is_signed_in_as(number)


def test_p17_p20_a_number_with_its_country_overrides_the_list_and_nothing_rewrites_it(
    window, server, number
):
    window.begin().press("Use your mobile number instead")
    window.page.get_by_label("Country").select_option("US")
    field = window.page.get_by_label("Mobile number")
    field.press_sequentially(f"{number[:3]} {number[3:]}")
    assert field.input_value() == f"{number[:3]} {number[3:]}"
    window.press("Continue").shows("Check your phone").says(number)
    window.enter(server.sms.wait_for(number).code).is_signed_in_as(number)


def test_p18_p19_numbers_that_get_no_sms_are_refused_in_words(open_browser, scripts):
    window = open_browser(scripts=scripts).begin().press("Use your mobile number instead")
    window.give_phone("020 7946 0018").says("Enter a mobile number")
    assert window.page.get_by_label("Mobile number").input_value() == "020 7946 0018"
    window.give_phone("+33 6 39 98 00 01")
    window.says("We can't send SMS to numbers in France. Use your email address instead.")
    window.press("Use your email address instead")
    assert window.page.get_by_label("Email address").is_visible()


def test_p22_the_countries_are_named_and_sorted_and_the_readers_own_comes_first(open_browser):
    window = open_browser(locale="de-DE").begin().press("Use your mobile number instead")
    options = window.page.locator("select option").all_inner_texts()
    assert options == sorted(options)
    assert options == ["Germany (+49)", "United Kingdom (+44)", "United States (+1)"]
    assert window.page.get_by_label("Country").input_value() == "DE"


def test_the_eleventh_request_of_an_hour_is_told_its_limit_and_its_end(
    open_browser, server, alice, scripts
):
    requested(server, alice, count=10)
    window = open_browser(scripts=scripts).begin().give_email(alice)
    window.shows("Please wait a little")
    window.says("Too many codes were requested for this address or number.")
    window.says("You can try again at ").picture("slow-down")
    assert len(server.mail.to(alice)) == 10


def test_p82_the_longest_address_wraps_on_a_small_phone(open_browser):
    longest = f"{'a' * 60}@{'.'.join(['b' * 60] * 3)}.example"
    window = open_browser(viewport=PHONE_VIEW).ask(longest).says(longest)
    assert not window.page.evaluate(WIDER_THAN_ITS_WINDOW)


def test_p27_the_way_back_to_the_address_keeps_it(open_browser, server, alice):
    window = open_browser(scripts=False).ask(alice).press("Change the address")
    field = window.page.get_by_label("Email address")
    assert field.input_value() == alice
    other = alice.replace("alice", "alicia")
    window.give_email(other).shows("Check your email").says(other)
    window.enter(server.mail.wait_for(other).code).is_signed_in_as(other)


def test_p86_an_answer_that_never_comes_does_not_lose_the_address(open_browser, alice):
    window = open_browser().begin()
    window.expected.append("ERR_INTERNET_DISCONNECTED|net::ERR_")
    window.page.get_by_label("Email address").fill(alice)
    window.context.set_offline(offline=True)
    window.press("Continue")
    window.page.wait_for_url("chrome-error://**")
    window.context.set_offline(offline=False)
    window.page.go_back()
    window.shows("Sign in to Acme")
    assert window.page.get_by_label("Email address").input_value() == alice
    window.press("Continue").shows("Check your email")
