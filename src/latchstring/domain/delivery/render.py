"""From a row of the outbox to what goes over the wire.

Rendering draws no random number and reads no clock: a second attempt yields the very same bytes,
so that a mail sent twice is one mail to every program that looks at its Message-ID.
"""

import hashlib
import re
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import Any, Protocol

from latchstring.base.ids import ChallengeId
from latchstring.base.mailbox import Mailbox
from latchstring.base.settings import Send
from latchstring.domain.delivery.color import paint
from latchstring.domain.delivery.header import address_field, text_field, token_field
from latchstring.domain.delivery.mail_form import MailForm, on_the_wire
from latchstring.domain.delivery.message import Channel, Message
from latchstring.domain.delivery.mime import mail_bytes, text_part
from latchstring.domain.delivery.parcel import Mail, Parcel, Sms
from latchstring.domain.delivery.sign_in import SignIn
from latchstring.domain.delivery.sms_text import fitted
from latchstring.domain.delivery.templates import Templates
from latchstring.domain.delivery.words import clock_time, direction, duration, one_line

SOURCE_LANGUAGE = "en"
"""The language the templates are written in; needs no catalogue."""
_KEPT = 256
"""Mail forms held at once, 20 kB each: applications times languages times devices."""
_NAME = 60
_DEVICE = 40
_FEEDBACK = re.compile(r"[^A-Za-z0-9._-]+")


class Secrets(Protocol):
    """Derives what a message carries from its challenge's id; no two rooms need to meet for it."""

    def code(self, challenge_id: ChallengeId, length: int, *, key_version: int) -> str:
        """Return the one-time code."""

    def link(self, challenge_id: ChallengeId, key_version: int) -> str:
        """Return the magic link, a complete URL."""

    def message_id(self, challenge_id: ChallengeId, key_version: int) -> str:
        """Return what is unique about the Message-ID; we add the sender's domain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """Who the messages come from, as the configuration says."""

    mail_from: Mailbox
    reply_to: Mailbox | None
    sms_from: str
    host: str
    """The host of the sign-in pages: the last line of a text message binds the code to it."""


@dataclass(frozen=True, slots=True)
class Renderer:
    """Makes the mail or the text message of a queued row."""

    secrets: Secrets
    letterhead: Letterhead
    templates: Templates = field(default_factory=Templates)
    _forms: dict[object, MailForm] = field(default_factory=dict, init=False, repr=False)

    def render(self, message: Message) -> Parcel:
        """Return the parcel; raise ``ValueError`` (or a template's error) for a broken row."""
        content = SignIn.from_inputs(message.inputs)
        if message.channel is Channel.SMS:
            return self._sms(message, content)
        return self._mail(message, content)

    def _mail(self, message: Message, content: SignIn) -> Mail:
        code = "" if content.send is Send.LINK else self._code(message, content)
        link = ""
        if content.send is not Send.CODE:
            link = self.secrets.link(message.challenge_id, message.key_version)
        values = {
            "code": code,
            "link": link,
            "requested_time": clock_time(content.requested_at),
            "requested_second": clock_time(content.requested_at, seconds=True),
        }
        form = self._form(message, content, {name: len(value) for name, value in values.items()})
        subject, text, html = (part.fill(values) for part in (form.subject, form.text, form.html))
        subject = subject.strip()
        unique = self.secrets.message_id(message.challenge_id, message.key_version)
        message_id = f"<{unique}@{self.letterhead.mail_from.domain}>"
        fields = (
            token_field("Date", format_datetime(content.requested_at)),
            address_field("To", Mailbox("", message.recipient)),
            text_field("Subject", subject),
            token_field("Message-ID", message_id),
            # Gmail folds alike mails into one thread, where an old code could be the one on top.
            token_field("X-Entity-Ref-ID", unique),
            *form.fields,
        )
        return Mail(
            recipient=message.recipient,
            sender=self.letterhead.mail_from.address,
            message_id=message_id,
            subject=subject,
            text=text,
            html=html,
            content=mail_bytes(
                fields,
                text=text_part(text),
                html=form.html_part(html, values),
                boundary="=_" + hashlib.sha256(unique.encode()).hexdigest()[:32],
            ),
            code=code or None,
            link=link or None,
        )

    def _form(self, message: Message, content: SignIn, lengths: dict[str, int]) -> MailForm:
        """Return the form of this mail and all that differ from it in values of the same length."""
        key = (
            message.template,
            message.language,
            content.client_id,
            content.client_name,
            content.connection,
            content.code_seconds,
            content.link_seconds,
            content.device,
            content.color,
            *lengths.values(),
        )
        form = self._forms.get(key)
        if form is None:
            form = self._new_form(message, content, lengths)
            if len(self._forms) >= _KEPT:
                self._forms.clear()
            self._forms[key] = form
        return form

    def _new_form(self, message: Message, content: SignIn, lengths: dict[str, int]) -> MailForm:
        steady = self._steady(message, content)
        subject, text, html = (
            self.templates.form(
                f"mail/{message.template}/{part}", message.language, steady=steady, lengths=lengths
            )
            for part in ("subject.txt", "body.txt", "body.html")
        )
        return MailForm(
            fields=self._fields(message, content),
            subject=subject,
            text=text,
            html=html,
            html_on_the_wire=on_the_wire(html, lengths),
        )

    def _fields(self, message: Message, content: SignIn) -> tuple[str, ...]:
        head = self.letterhead
        return (
            address_field("From", head.mail_from),
            *([address_field("Reply-To", head.reply_to)] if head.reply_to else []),
            # RFC 3834, and Exchange's own way to say it: no out-of-office answers, please.
            "Auto-Submitted: auto-generated",
            "X-Auto-Response-Suppress: All",
            token_field("Feedback-ID", _feedback_id(message, content)),
            token_field("Content-Language", message.language),
        )

    def _sms(self, message: Message, content: SignIn) -> Sms:
        code = self._code(message, content)
        body = (
            self._sms_body(message, content, code=code, language=message.language)
            or self._sms_body(message, content, code=code, language=SOURCE_LANGUAGE)
            # Only the longest host names get here, and nothing could make those fit.
            or f"{code}\n\n@{self.letterhead.host} #{code}"
        )
        sender = self.letterhead.sms_from
        return Sms(recipient=message.recipient, sender=sender, body=body, code=code)

    def _sms_body(
        self, message: Message, content: SignIn, *, code: str, language: str
    ) -> str | None:
        def write(name: str) -> str:
            return self.templates.fill(
                f"sms/{message.template}.txt",
                language,
                steady={"client_name": name, "host": self.letterhead.host},
                varying={"code": code},
            ).strip()

        return fitted(write, one_line(content.client_name, _NAME))

    def _steady(self, message: Message, content: SignIn) -> dict[str, Any]:
        translations = self.templates.catalogues(message.language)
        color = paint(content.color)
        return {
            "language": message.language,
            "direction": direction(message.language),
            "client_name": one_line(content.client_name, _NAME),
            "code_lifetime": duration(content.code_seconds, translations),
            "link_lifetime": duration(content.link_seconds, translations),
            "device": one_line(content.device, _DEVICE),
            "color": color.light,
            "color_ink": color.light_ink,
            "dark_color": color.dark,
            "dark_ink": color.dark_ink,
        }

    def _code(self, message: Message, content: SignIn) -> str:
        return self.secrets.code(
            message.challenge_id, content.code_length, key_version=message.key_version
        )


def _feedback_id(message: Message, content: SignIn) -> str:
    """Return application, connection, template and sender, as Gmail's Postmaster Tools group by."""
    parts = (content.client_id, content.connection, message.template, "latchstring")
    return ":".join(_FEEDBACK.sub("-", part)[:60] for part in parts)
