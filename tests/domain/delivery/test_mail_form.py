"""The short way to a mail leads to the same bytes as the long one, whatever goes into the gaps."""

import hashlib
import re
from dataclasses import dataclass, replace
from email.utils import format_datetime
from gettext import NullTranslations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from latchstring.base.mailbox import Mailbox
from latchstring.base.settings import Send
from latchstring.domain.delivery.header import address_field, text_field, token_field
from latchstring.domain.delivery.mail_form import on_the_wire
from latchstring.domain.delivery.mime import html_part, mail_bytes, text_part
from latchstring.domain.delivery.parcel import Mail
from latchstring.domain.delivery.render import Renderer
from latchstring.domain.delivery.templates import Form, Templates
from latchstring.domain.delivery.words import clock_time
from tests.support.delivery import FakeSecrets, a_letterhead, a_message, a_sign_in

HOSTILE = [
    "123456",
    "https://auth.acme.example/l/a=b&c=d",
    '<b>"1"</b>&amp;\'',
    "Käse 🧀 =C3=A4",
    ".",
    "\n.\n",
    "\r\n.\r\nMAIL FROM:<mallory@evil.example>",
    "a\u2028b\x85c\x0bd",
    " blanks  at both ends ",
    "x" * 1200,
    "=" * 80,
    "\ue000\ue001\ue001",
    "--=_boundary--",
    "%(code)s {{ code }}",
    "",
]
VALUES = st.sampled_from(HOSTILE) | st.text(max_size=80) | st.text("=.<& ä\n\r\t7x", max_size=90)


class Umlauts(NullTranslations):
    """A language beyond ASCII whose words have no blanks to break at."""

    def gettext(self, message):
        pieces = re.split(r"(%\(\w+\)[sd])", message)
        return "".join(it if it.startswith("%(") else it.replace("e", "ë") for it in pieces)

    def ngettext(self, msgid1, msgid2, n):
        return self.gettext(msgid2)


class Endless(Umlauts):
    """A language whose sentences are longer than a line of a mail may be."""

    def gettext(self, message):
        return super().gettext(message) + "." * 1000


LANGUAGES = {"en": NullTranslations(), "de": Umlauts(), "ar": Endless()}
TEMPLATES = Templates(LANGUAGES.__getitem__)


@dataclass(frozen=True)
class Told:
    """Secrets as the test wants them."""

    the_code: str
    the_link: str

    def code(self, _challenge_id, _length, *, key_version):
        """Any text at all."""
        return self.the_code if key_version else ""

    def link(self, _challenge_id, _key_version):
        """Any text at all."""
        return self.the_link

    def message_id(self, challenge_id, key_version):
        """The usual one."""
        return FakeSecrets().message_id(challenge_id, key_version)


def the_long_way(secrets, message, content):
    """Render by running each template with the values themselves, and encoding all of it."""
    renderer = Renderer(secrets, a_letterhead(), TEMPLATES)
    values = {
        "code": "" if content.send is Send.LINK else secrets.the_code,
        "link": "" if content.send is Send.CODE else secrets.the_link,
        "requested_time": clock_time(content.requested_at),
        "requested_second": clock_time(content.requested_at, seconds=True),
    }
    everything = renderer._steady(message, content) | values
    subject, text, html = (
        TEMPLATES._run(f"mail/{message.template}/{part}", message.language, everything)
        for part in ("subject.txt", "body.txt", "body.html")
    )
    unique = secrets.message_id(message.challenge_id, message.key_version)
    fields = [
        token_field("Date", format_datetime(content.requested_at)),
        address_field("To", Mailbox("", message.recipient)),
        text_field("Subject", subject.strip()),
        token_field("Message-ID", f"<{unique}@auth.acme.example>"),
        token_field("X-Entity-Ref-ID", unique),
        *renderer._fields(message, content),
    ]
    boundary = "=_" + hashlib.sha256(unique.encode()).hexdigest()[:32]
    content_bytes = mail_bytes(
        fields, text=text_part(text), html=html_part(html), boundary=boundary
    )
    return subject.strip(), text, html, content_bytes


def outcome(call):
    """Return what comes of it, be it a refusal."""
    try:
        return call()
    except ValueError as refused:
        return str(refused)


@given(
    code=VALUES,
    link=VALUES,
    name=VALUES,
    device=VALUES,
    send=st.sampled_from(Send),
    language=st.sampled_from(sorted(LANGUAGES)),
)
@example("12345678", "https://x/l/a", "Acme", "", Send.BOTH, "en")
@example("12345678", "https://x/l/a", "Ämter 🧀", "Chrome", Send.BOTH, "de")
@example("1234", "https://x/l/" + "a" * 1200, "Acme", "Chrome", Send.LINK, "en")
def test_both_ways_lead_to_the_same_bytes(code, link, name, device, send, language):
    secrets = Told(code, link)
    content = a_sign_in(client_name=name, device=device, send=send)
    message = a_message(content=content, language=language)
    renderer = Renderer(secrets, a_letterhead(), TEMPLATES)

    def the_short_way():
        mail = renderer.render(message)
        assert isinstance(mail, Mail)
        return mail.subject, mail.text, mail.html, mail.content

    expected = outcome(lambda: the_long_way(secrets, message, content))
    assert outcome(the_short_way) == expected
    # Again, over the form that is kept by now.
    assert outcome(the_short_way) == expected


@given(first=VALUES, second=VALUES)
def test_nothing_of_one_mail_is_left_in_the_next(first, second):
    content = a_sign_in(send=Send.BOTH)
    renderer = Renderer(Told("123456", first), a_letterhead(), TEMPLATES)
    renderer.render(a_message(content=content))
    second = second.ljust(len(first), "y")[: len(first)]  # the same form
    secrets = Told("123456", second)
    mail = replace(renderer, secrets=secrets).render(a_message(content=content))
    assert isinstance(mail, Mail)
    assert mail.content == the_long_way(secrets, a_message(content=content), content)[3]


@pytest.mark.parametrize("send", list(Send))
@pytest.mark.parametrize("language", ["en", "de"])
def test_the_short_way_is_taken_where_it_can_be(send, language, monkeypatch):
    renderer = Renderer(FakeSecrets(), a_letterhead(), TEMPLATES)
    content = a_sign_in(send=send, client_name="Bürger & Söhne")
    first = renderer.render(a_message("one", content, language=language))
    monkeypatch.setattr("latchstring.domain.delivery.mail_form.html_part", None)
    second = renderer.render(a_message("two", content, language=language))
    assert first.code != second.code or first.link != second.link


def test_a_line_that_is_too_long_keeps_it_from_being_taken():
    html = Form(("a" * 990, "", "b"), ((1, "code"),), escaped=True)
    assert on_the_wire(html, {"code": 7}) is not None
    assert on_the_wire(html, {"code": 8}) is None


def test_mail_forms_do_not_pile_up(monkeypatch):
    monkeypatch.setattr("latchstring.domain.delivery.render._KEPT", 3)
    renderer = Renderer(FakeSecrets(), a_letterhead(), TEMPLATES)
    for number in range(10):
        mail = renderer.render(a_message(content=a_sign_in(device=f"Device {number}")))
        assert isinstance(mail, Mail)
        assert f"Device {number}." in mail.text
        assert len(renderer._forms) <= 3
