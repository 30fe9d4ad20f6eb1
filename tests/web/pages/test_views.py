"""Every hosted page, in every state: what its HTML promises without a browser's help."""

import gettext as catalogues
import gzip
import re

import pytest

from latchstring.web.http import render
from latchstring.web.http.words import Words
from latchstring.web.pages import views
from tests.support import pages
from tests.support.document import Document, read

RENDERER = pages.a_renderer()
every_page = pytest.mark.parametrize("name", pages.PAGES)
with_error = [name for name, view in pages.PAGES.items() if getattr(view, "error", None)]
fields = {"email", "phone", "country", "code"}


def document(name: str) -> Document:
    return read(pages.html(pages.PAGES[name], RENDERER))


@every_page
def test_a_page_has_one_heading_and_a_title_that_begins_with_it_or_names_the_error(name):
    page = document(name)
    heading, title = page.one("h1").text, page.one("title").text
    brand = pages.PAGES[name].frame.brand
    assert title.endswith(f" – {brand.name}" if brand else "")
    assert title.startswith("Error: ") == (name in with_error)
    assert heading.startswith(title.removeprefix("Error: ").split(" – ")[0])


@every_page
def test_a_page_is_well_formed_with_unique_ids_in_its_language(name):
    page = document(name)
    assert page.unclosed == []
    ids = [element.attributes["id"] for element in page.elements if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    assert page.one("html").attributes == {"lang": "en", "dir": "ltr"}


@every_page
def test_every_field_has_a_label_and_what_describes_it_exists(name):
    page = document(name)
    labels = {label.attributes["for"] for label in page.all("label")}
    ids = {element.attributes.get("id", "") for element in page.elements}
    for control in page.elements:
        if control.attributes.get("name") in fields and control.attributes.get("type") != "hidden":
            assert control.attributes["id"] in labels
            assert set(control.attributes.get("aria-describedby", "").split()) <= ids
            assert "aria-describedby" not in control.attributes or (
                control.attributes["aria-describedby"] != ""
            )


@every_page
def test_nothing_stands_in_the_way_of_typing_pasting_or_autofill(name):
    unwanted = {"maxlength", "pattern", "placeholder", "tabindex", "style", "minlength"}
    for element in document(name).elements:
        assert not unwanted & element.attributes.keys()
        assert element.attributes.get("autocomplete") != "off"
        assert element.attributes.get("type") not in {"number", "password"}
        assert not [key for key in element.attributes if key.startswith("on")]


@every_page
def test_every_form_posts_to_its_own_action_and_carries_the_form_token(name):
    page = document(name)
    csrf = pages.PAGES[name].frame.csrf
    forms = page.all("form")
    assert all(form.attributes["method"] == "post" and form.attributes["action"] for form in forms)
    tokens = page.all("input", name="csrf")
    assert [token.attributes["value"] for token in tokens] == [csrf] * (len(forms) if csrf else 0)


@every_page
def test_help_and_the_reference_are_in_the_same_place(name):
    page = document(name)
    first_link = next(link for link in page.all("a") if "footer" in link.inside)
    assert first_link.text == "Help"
    assert first_link.attributes["href"] == pages.PAGES[name].frame.help_url
    reference = next(code for code in page.all("code") if "footer" in code.inside)
    assert reference.text == pages.REQUEST_ID


@every_page
def test_a_page_fits_into_the_first_flight_of_packets(name):
    html = pages.html(pages.PAGES[name], RENDERER)
    assert len(gzip.compress(html.encode())) <= 14 * 1024


@pytest.fixture(scope="module")
def scrambling():
    """A renderer that has loaded the language; any other loads its words from the catalogues."""
    renderer = pages.a_renderer()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(render, "load_words", lambda language: Words(language, Scrambled()))
        pages.html(pages.PAGES["help"], renderer, language="ar-XB")
    return renderer


@every_page
def test_a_page_speaks_the_language_it_is_given_with_no_english_left(name, scrambling):
    html = pages.html(pages.PAGES[name], scrambling, language="ar-XB")
    page = read(html)
    assert page.one("html").attributes == {"lang": "ar-XB", "dir": "rtl"}
    untranslated = {"bdi", "time", "code", "pre", "style", "script", "option", "title"}
    # Not ours to translate: the developer's summary, a country's name, Acme's monogram.
    summary = getattr(pages.PAGES[name], "summary", "")
    country = "United Kingdom (" if "one-country" in name else ""
    for text, inside in page.texts:
        if not untranslated & set(inside) and text.strip() not in {summary, country, "A"}:
            assert not re.search("[A-Za-z]", text), text


class Scrambled(catalogues.NullTranslations):
    """A language in which every Latin letter outside a placeholder is another one."""

    def gettext(self, message):
        parts = re.split(r"(%\(\w+\)[sd]|<[^>]+>|\{time\})", message)
        return "".join(
            part if index % 2 else re.sub("[A-Za-z]", "ẋ", part) for index, part in enumerate(parts)
        )

    def ngettext(self, msgid1, msgid2, n):
        return self.gettext(msgid1 if n == 1 else msgid2)


def test_the_email_field_follows_the_recipe():
    attributes = document("sign-in-email").one("input", name="email").attributes
    assert (
        attributes.items()
        >= {
            "type": "email",
            "autocomplete": "email",
            "inputmode": "email",
            "autocapitalize": "off",
            "spellcheck": "false",
            "enterkeyhint": "next",
            "required": "",
        }.items()
    )


def test_the_phone_fields_follow_the_recipe():
    page = document("sign-in-phone")
    assert page.one("select").attributes["autocomplete"] == "tel-country-code"
    phone = page.one("input", name="phone").attributes
    assert (phone["type"], phone["inputmode"], phone["autocomplete"]) == (
        "tel",
        "tel",
        "tel-national",
    )
    assert page.one("option", selected="").text == "United Kingdom (+44)"


def test_one_country_needs_no_choice():
    page = document("sign-in-phone-one-country")
    assert page.all("select") == []
    assert page.one("input", name="phone").attributes["autocomplete"] == "tel"


def test_the_carriers_sentence_is_shown_where_the_united_states_are_allowed():
    assert "Message and data rates may apply" in pages.html(pages.SIGN_IN_PHONE, RENDERER)
    one = pages.html(pages.PAGES["sign-in-phone-one-country"], RENDERER)
    assert "Message and data rates" not in one


@pytest.mark.parametrize("name", ["check-email", "check-email-link-error", "check-phone"])
def test_the_code_field_follows_the_recipe_and_has_the_focus(name):
    attributes = document(name).one("input", autocomplete="one-time-code").attributes
    assert (
        attributes.items()
        >= {
            "type": "text",
            "name": "code",
            "inputmode": "numeric",
            "autocapitalize": "off",
            "autocorrect": "off",
            "spellcheck": "false",
            "dir": "ltr",
            "required": "",
            "autofocus": "",
        }.items()
    )


@pytest.mark.parametrize("name", [name for name in pages.PAGES if name.startswith("check-")])
def test_the_sign_in_form_comes_before_every_other_form(name):
    first, *_ = document(name).all("form")
    assert first.attributes["action"] == "/signin/code"


@pytest.mark.parametrize("name", ["check-email", "not-received"])
def test_the_advice_comes_before_the_send_again_button(name):
    html = pages.html(pages.PAGES[name], RENDERER)
    right, spam, minute, again = (
        html.index(words)
        for words in ("right?", "Look in spam", "a minute or two", "Send a new email")
    )
    assert right < spam < minute < again
    assert "login@auth.acme.example" in html[spam:minute]


def test_the_sms_advice_asks_for_signal_before_the_send_again_button():
    html = pages.html(pages.PAGES["check-phone"], RENDERER)
    assert html.index("have signal?") < html.index("Send a new SMS")


def test_where_only_a_link_was_sent_the_code_field_is_folded_away_until_it_is_needed():
    field = document("check-email-link").one("input", name="code")
    assert "details" in field.inside
    assert "autofocus" not in field.attributes
    opened = document("check-email-link-error").all("details")[0]
    assert opened.attributes == {"open": ""}


def test_the_page_prints_the_lifetime_it_is_given():
    assert "Both work for 10 minutes." in pages.html(pages.CHECK_EMAIL, RENDERER)
    assert "It works for 5 minutes." in pages.html(pages.CHECK_PHONE, RENDERER)


@pytest.mark.parametrize("name", with_error)
def test_an_error_is_told_in_words_at_the_field_and_nothing_typed_is_lost(name):
    page, view = document(name), pages.PAGES[name]
    field = page.one("input", **{"aria-invalid": "true"})
    described = field.attributes["aria-describedby"].split()[-1]
    assert page.one("p", id=described).text.startswith("Error: ")
    assert "autofocus" in field.attributes
    assert field.attributes.get("value", "") == getattr(view, "value", "")
    assert view.status == 200


def test_a_suggestion_is_offered_and_never_taken_silently():
    page = document("sign-in-email-suggestion")
    assert page.one("input", id="email").attributes["value"] == "alice@gmial.com"
    assert page.one("input", name="as_typed").attributes["value"] == "alice@gmial.com"
    assert page.one("input", name="email", type="hidden").attributes["value"] == "alice@gmail.com"


def test_open_mail_is_shown_only_where_the_mail_app_is_known_and_sends_no_referrer():
    link = next(a for a in document("check-email-code").all("a") if "Open Gmail" in a.text)
    assert link.attributes["rel"] == "noopener noreferrer"
    assert "Open Gmail" not in pages.html(pages.CHECK_EMAIL, RENDERER)


def test_the_link_confirm_page_names_the_app_and_asks_to_sign_in_first():
    page = document("link-confirm")
    assert page.one("h1").text == "Sign in to Acme?"
    assert [form.attributes["action"] for form in page.all("form")] == [
        "/l/token",
        "/l/token/code",
        "/l/token/refuse",
    ]
    assert "/l/token/code" not in pages.html(pages.PAGES["link-confirm-no-code"], RENDERER)


def test_the_policy_code_page_has_no_sign_in_button():
    buttons = [button.text for button in document("link-show-code").all("button")]
    assert buttons == ["Show the code", "This wasn't me"]


def test_the_code_is_one_text_node_so_that_it_is_copied_whole():
    assert document("link-code").one("code", id="shown").text == "482913"


@pytest.mark.parametrize("name", ["link-used", "link-expired", "link-replaced", "link-unknown"])
def test_every_dead_link_says_what_happened_and_how_to_go_on(name):
    view = pages.PAGES[name]
    assert view.status == 410
    text = document(name).one("main").text
    assert "again" in text or "latest" in text or "new link" in text


def test_an_expired_link_names_when_and_after_how_long():
    text = document("link-expired").one("main").text
    assert "stopped working at 14:35 UTC, 10 minutes after we sent it" in text


def test_a_limit_names_itself_and_its_end():
    text = document("slow-down").one("main").text
    assert "Too many codes were requested for this address or number." in text
    assert "You can try again at 14:35 UTC (in 12 minutes)." in text


def test_what_users_and_operators_typed_is_text_and_nothing_else():
    html = pages.html(pages.PAGES["sign-in-email-hostile-brand"], RENDERER)
    page = read(html)
    assert page.all("img") == []
    assert "<script>1" not in html
    assert page.one("header").text.strip() == pages.HOSTILE_NAME


def test_a_logo_replaces_the_name_and_keeps_it_as_its_alternative():
    brand = views.Brand(name="Acme", logo_url="/logo.svg")
    page = read(pages.html(views.NotFound(frame=views.Frame(brand=brand)), RENDERER))
    assert page.one("img").attributes["alt"] == "Acme"
    assert page.one("header").text.strip() == ""


def test_the_developer_page_marks_where_the_values_differ():
    page = document("developer-error")
    assert [mark.text for mark in page.all("mark")] == ["/"]
    assert "clients set acme-web" in page.one("pre").text


def test_fields_of_a_sign_out_request_travel_along():
    assert document("sign-out-confirm").one("input", name="state").attributes["value"] == "abc"
