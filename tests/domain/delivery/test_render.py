"""The mails and the text message, as a person and as a program read them."""

import email
import email.policy
import re
from datetime import timedelta
from gettext import NullTranslations
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latchstring.base.mailbox import Mailbox
from latchstring.base.settings import Send
from latchstring.domain.delivery.color import paint
from latchstring.domain.delivery.message import Channel
from latchstring.domain.delivery.parcel import Mail, Sms
from latchstring.domain.delivery.render import Renderer
from latchstring.domain.delivery.sms_text import fits_one_segment
from latchstring.domain.delivery.templates import Templates
from tests.support.delivery import (
    HOST,
    NOW,
    FakeSecrets,
    a_letterhead,
    a_mail,
    a_message,
    a_renderer,
    a_sign_in,
    an_sms,
)

ALL = pytest.mark.parametrize("send", list(Send))
NASTY = (
    "<script>alert(1)</script>\"'><img src=x onerror=y>{{7*7}}${7*7}\r\nBcc: mallory@evil.example"
)


class Page(HTMLParser):
    """Collects what a reader of the HTML part needs."""

    def __init__(self, html):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.tags and self.tags[-1][0] != "style":
            self.texts.append(data)


def parsed(mail):
    return email.message_from_bytes(mail.content, policy=email.policy.default)


def parts(mail):
    text, html = parsed(mail).iter_parts()
    return text.get_content(), html.get_content()


# --- the whole ---------------------------------------------------------------------------------


def test_p5_a_second_rendering_is_the_same_to_the_byte():
    assert a_renderer().render(a_message()) == a_renderer().render(a_message())


def test_two_challenges_have_two_mails():
    one, two = a_mail("one"), a_mail("two")
    assert one.message_id != two.message_id
    assert one.code != two.code
    assert one.link != two.link
    assert one.content != two.content


@ALL
def test_m10_the_mail_is_small_and_its_lines_are_short(send):
    mail = a_mail(content=a_sign_in(send=send, client_name="Bürgeramt " * 6))
    assert len(mail.content) < 30 * 1024
    assert max(map(len, mail.content.split(b"\r\n"))) <= 998
    assert mail.content.isascii()


@pytest.mark.parametrize(
    ("send", "code", "link"), [("both", True, True), ("link", False, True), ("code", True, False)]
)
def test_r2_the_mail_carries_what_was_asked_for(send, code, link):
    mail = a_mail(content=a_sign_in(send=Send(send)))
    secrets = FakeSecrets()
    the_code = secrets.code(a_message().challenge_id, 6, key_version=1)
    the_link = secrets.link(a_message().challenge_id, 1)
    assert (mail.code, mail.link) == (the_code if code else None, the_link if link else None)
    for part in parts(mail):
        assert (the_code in part) is code
        assert (the_link in part) is link


# --- headers -----------------------------------------------------------------------------------


def test_m8_the_headers_are_those_of_a_machine_that_wants_no_answer():
    message = parsed(a_mail())
    assert dict(message.items()) == {
        "Date": "Mon, 23 Nov 2026 14:02:31 +0000",
        "From": "Acme <login@auth.acme.example>",
        "To": "alice@example.com",
        "Subject": f"{a_mail().code} is your Acme sign-in code",
        "Message-ID": a_mail().message_id,
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "X-Entity-Ref-ID": a_mail().message_id.strip("<>").partition("@")[0],
        "Feedback-ID": "acme-web:email:sign_in:latchstring",
        "Content-Language": "en",
        "MIME-Version": "1.0",
        "Content-Type": message["Content-Type"],
    }
    assert message.get_content_type() == "multipart/alternative"
    assert a_mail().message_id.endswith("@auth.acme.example>")


def test_replies_go_where_the_operator_says():
    renderer = a_renderer(reply_to=Mailbox.parse("Help <help@acme.example>"))
    mail = renderer.render(a_message())
    assert isinstance(mail, Mail)
    message = email.message_from_bytes(mail.content)
    assert message["Reply-To"] == "Help <help@acme.example>"


@ALL
def test_p6_nobody_can_unsubscribe_from_signing_in(send):
    names = {name.lower() for name in parsed(a_mail(content=a_sign_in(send=send)))}
    assert not names & {"list-unsubscribe", "list-unsubscribe-post", "precedence", "importance"}


@pytest.mark.parametrize("send", [Send.BOTH, Send.CODE])
def test_m2_the_subject_starts_with_the_code(send):
    mail = a_mail(content=a_sign_in(send=send))
    assert re.match(r"\d{6} is your Acme sign-in code$", mail.subject)


def test_m2_the_subject_of_a_link_differs_each_second():
    first = a_mail(content=a_sign_in(send=Send.LINK))
    later = a_sign_in(send=Send.LINK, requested_at=NOW + timedelta(seconds=1))
    assert first.subject == "Sign in to Acme (asked at 14:02:31 UTC)"
    assert a_mail(content=later).subject != first.subject


def test_p8_an_address_beyond_ascii_stands_in_the_header_as_it_is():
    mail = a_mail(recipient="jürgen@example.com")
    assert mail.needs_utf8
    assert "To: <jürgen@example.com>\r\n".encode() in mail.content


def test_m19_no_header_but_the_subject_knows_the_code():
    mail = a_mail()
    assert mail.code is not None
    head = mail.content.partition(b"\r\n\r\n")[0].decode()
    assert [line for line in head.split("\r\n") if mail.code in line] == [
        f"Subject: {mail.subject}"
    ]
    assert "/l/" not in head


# --- the text part -----------------------------------------------------------------------------


@pytest.mark.parametrize("length", [6, 8, 10])
def test_m4_the_text_holds_one_number_that_could_be_the_code(length):
    mail = a_mail(content=a_sign_in(code_length=length))
    text, _ = parts(mail)
    assert re.findall(rf"\b\d{{{length}}}\b", text) == [mail.code]
    assert mail.code in text.splitlines()


@pytest.mark.parametrize("send", [Send.BOTH, Send.LINK])
def test_m6_the_link_is_the_first_url_alone_on_its_line(send):
    mail = a_mail(content=a_sign_in(send=send))
    text, _ = parts(mail)
    assert re.findall(r"https?://\S+", text) == [mail.link]
    assert mail.link in text.splitlines()
    assert len(mail.link or "") < 100
    assert (mail.link or "").encode() in mail.content.split(b"\r\n")


@ALL
def test_r5_the_real_lifetime_is_printed(send):
    content = a_sign_in(send=send, code_seconds=180, link_seconds=180)
    for part in parts(a_mail(content=content)):
        assert "within 3 minutes" in part
        assert "10 minutes" not in part


def test_r5_two_lifetimes_are_both_printed():
    content = a_sign_in(code_seconds=300, link_seconds=3600)
    for part in parts(a_mail(content=content)):
        assert "The code works within 5 minutes, the link within 1 hour." in part


def test_r5_lifetimes_that_differ_by_seconds_are_both_printed():
    content = a_sign_in(code_seconds=170, link_seconds=160)
    words = "within 2 minutes and 50 seconds, the link within 2 minutes and 40 seconds."
    for part in parts(a_mail(content=content)):
        assert words in part


@ALL
def test_m18_the_mail_says_what_to_do_if_one_did_not_ask(send):
    for part in parts(a_mail(content=a_sign_in(send=send))):
        assert "If you didn't ask for this, ignore it; nobody can sign in without this" in part
        assert "Asked for at 14:02 UTC in Chrome on Windows." in part
        assert "Acme sent this" in part


@ALL
def test_r6_the_mail_may_be_forwarded_and_says_honestly_what_that_means(send):
    for part in parts(a_mail(content=a_sign_in(send=send))):
        assert "can sign in as you" in part
        assert "forward" not in part.lower()


def test_an_unknown_device_is_not_mentioned():
    for part in parts(a_mail(content=a_sign_in(device=""))):
        assert "Asked for at 14:02 UTC." in part
        assert " in ." not in part


# --- the HTML part -----------------------------------------------------------------------------


def test_m4_the_code_is_one_text_node():
    mail = a_mail()
    texts = [text for text in Page(mail.html).texts if mail.code and mail.code in text]
    assert texts == [mail.code]


@ALL
def test_m3_the_preheader_is_short_hidden_and_without_a_number(send):
    html = a_mail(content=a_sign_in(send=send, device="x" * 80)).html
    hidden = re.search(r'<div aria-hidden="true" style="display:none[^>]*>([^<]*)</div>', html)
    assert hidden is not None
    words = re.sub(r"(&#\d+;|\s)+$", "", hidden[1])
    assert 20 <= len(words) <= 90
    assert not re.search(r"\d{6}", words)


@ALL
def test_m9_nothing_is_fetched_from_anywhere(send):
    html = a_mail(content=a_sign_in(send=send)).html
    page = Page(html)
    assert not {tag for tag, _ in page.tags} & {"img", "link", "script", "iframe", "object", "form"}
    assert not [name for _, attrs in page.tags for name in attrs if name in ("src", "background")]
    assert "url(" not in html
    assert "@import" not in html


def test_m5_the_button_is_drawn_by_outlook_too_and_has_an_address_below():
    mail = a_mail()
    assert mail.html.count(f'href="{mail.link}"') == 3
    assert "<v:roundrect" in mail.html
    assert f">{mail.link}</a>" in mail.html
    assert {attrs["href"] for tag, attrs in Page(mail.html).tags if tag == "a"} == {mail.link}


@ALL
def test_m11_tables_are_for_looks_and_the_language_is_named(send):
    page = Page(a_mail(content=a_sign_in(send=send)).html)
    tables = [attrs for tag, attrs in page.tags if tag == "table"]
    assert tables
    assert all(table.get("role") == "presentation" for table in tables)
    assert page.tags[0] == ("html", page.tags[0][1])
    assert (page.tags[0][1]["lang"], page.tags[0][1]["dir"]) == ("en", "ltr")


def test_an_arabic_mail_reads_from_the_right():
    assert '<html lang="ar" dir="rtl"' in a_mail(language="ar").html


@ALL
def test_dark_mode_is_declared_and_styled(send):
    html = a_mail(content=a_sign_in(send=send)).html
    assert '<meta name="color-scheme" content="light dark">' in html
    assert "prefers-color-scheme: dark" in html


def test_the_application_s_color_is_on_the_button_in_light_and_dark():
    color = paint("#0055aa")
    html = a_mail(content=a_sign_in(color="#0055aa")).html
    assert "background:#0055aa" in html
    assert f".button, .tile {{ background: {color.dark} !important" in html
    assert color.dark != color.light


def test_d02_what_is_no_color_never_reaches_a_style():
    html = a_mail(content=a_sign_in(color="red;} body{display:none")).html
    assert 'display:none"' not in html
    assert "red;" not in html


# --- what others have chosen -------------------------------------------------------------------


@ALL
def test_d02_a_hostile_name_is_shown_as_text(send):
    mail = a_mail(content=a_sign_in(send=send, client_name=NASTY, device=NASTY))
    text, html = parts(mail)
    assert "<script" not in html
    assert "<img" not in html
    assert "{{7*7}}" in html
    assert "bcc" not in {name.lower() for name in parsed(mail)}
    assert "<script>alert(1)</script>" in text


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.text(max_size=200))
def test_s13_no_name_breaks_the_mail(name, device):
    mail = a_mail(content=a_sign_in(client_name=name, device=device))
    message = parsed(mail)
    assert len(message.keys()) == 12
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert len(mail.content) < 30 * 1024


def test_a_kept_template_never_leaks_into_another_message():
    renderer = a_renderer()
    first = renderer.render(a_message("one"))
    second = renderer.render(a_message("two"))
    assert first.code != second.code
    assert a_mail("two") == second


class Shouting(NullTranslations):
    """A language of capitals; placeholders stay as they are."""

    def gettext(self, message):
        pieces = re.split(r"(%\(\w+\)[sd])", message)
        return "".join(piece if piece.startswith("%(") else piece.upper() for piece in pieces)

    def ngettext(self, msgid1, msgid2, n):
        return self.gettext(msgid2)


@ALL
def test_every_sentence_comes_from_the_catalogue(send):
    renderer = Renderer(FakeSecrets(), a_letterhead(), Templates(lambda _language: Shouting()))
    content = a_sign_in(send=send, client_name="ACME", device="CHROME")
    mail = renderer.render(a_message(content=content))
    assert isinstance(mail, Mail)
    text, html = parts(mail)
    words = [mail.subject, text, *Page(html).texts]
    small = [word for word in words if re.search("[a-z]", word.replace(mail.link or "-", ""))]
    assert small == []


# --- the text message --------------------------------------------------------------------------


def test_p1_the_text_message_is_as_browsers_want_it():
    sms = an_sms()
    assert sms.body == (
        f"Acme: {sms.code} is your sign-in code. Don't share it.\n\n@{HOST} #{sms.code}"
    )
    assert sms.sender == "Acme"
    assert sms.link is None


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_s1_it_is_one_segment_whatever_the_name(name):
    sms = an_sms(content=a_sign_in(client_name=name))
    assert fits_one_segment(sms.body)
    assert sms.body.splitlines()[-1] == f"@{HOST} #{sms.code}"


def test_a_language_that_does_not_fit_falls_back_to_english():
    class Wordy(NullTranslations):
        def gettext(self, message):
            return "Это ваш код для входа, никому его не сообщайте: " + message

    templates = Templates(lambda language: Wordy() if language == "ru" else NullTranslations())
    renderer = Renderer(FakeSecrets(), a_letterhead(), templates)
    assert renderer.render(a_message(channel=Channel.SMS, language="ru")) == an_sms()


def test_a_host_too_long_for_any_text_still_gets_its_line():
    host = "a" * 60 + "." + "b" * 60 + ".example"
    rendered = a_renderer(host=host).render(a_message(channel=Channel.SMS))
    assert isinstance(rendered, Sms)
    assert rendered.body == f"{rendered.code}\n\n@{host} #{rendered.code}"
