"""The edges of the world: a mail sink that speaks real SMTP, an SMS gateway that speaks real HTTP.

Both run in threads of their own on free loopback ports, so that tests of any color can use them.
"""

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support.ports import free_port

_PATIENCE = 15.0


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as the sink received it."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    at: float

    @property
    def message(self) -> EmailMessage:
        """The parsed mail."""
        parsed = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    @property
    def text(self) -> str:
        """The text part."""
        part = self.message.get_body(("plain",))
        return str(part.get_content()) if part else ""

    @property
    def code(self) -> str:
        """The one-time code."""
        found = re.search(r"^\s*(\d{6,12})\s*$", self.text, re.MULTILINE)
        return found[1] if found else ""

    @property
    def link(self) -> str:
        """The magic link."""
        found = re.search(r"https?://\S+/l/[\w-]{43}", self.text)
        return found[0] if found else ""


@dataclass  # with slots aiosmtpd cannot look at it on Python 3.11.2, which is Debian 12's
class MailSink:
    """Receives mail; ``answers`` replaces ``250 OK`` for the next messages."""

    mails: list[Mail] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    delay: float = 0.0
    port: int = 0
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Take a message, or refuse it as the test wants."""
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if self.delay:
            time.sleep(self.delay)  # noqa: ASYNC251 - the sink has a thread of its own
        if answer.startswith("250"):
            raw = envelope.content if isinstance(envelope.content, bytes) else b""
            mail = Mail(envelope.mail_from or "", tuple(envelope.rcpt_tos), raw, time.monotonic())
            with self._arrived:
                self.mails.append(mail)
                self._arrived.notify_all()
        return answer

    def wait_for(self, recipient: str, *, count: int = 1) -> Mail:
        """Return a recipient's newest mail once so many have come; fail loudly otherwise."""
        with self._arrived:
            arrived = self._arrived.wait_for(lambda: len(self.to(recipient)) >= count, _PATIENCE)
            assert arrived, f"{len(self.to(recipient))} of {count} mails came to {recipient}"
            return self.to(recipient)[-1]

    def to(self, recipient: str) -> list[Mail]:
        """Return what a recipient has received, oldest first."""
        return [mail for mail in self.mails if recipient in mail.recipients]


@contextmanager
def a_mail_sink() -> Iterator[MailSink]:
    """Run a mail sink."""
    sink = MailSink(port=free_port())
    controller = Controller(sink, hostname="127.0.0.1", port=sink.port)
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()


@dataclass(frozen=True, slots=True)
class Text:
    """One text message as the gateway received it."""

    recipient: str
    body: str
    sender: str

    @property
    def code(self) -> str:
        """The code of the last line, ``@host #code``."""
        return self.body.rpartition("#")[2]


@dataclass(slots=True)
class SmsGateway:
    """Receives text messages; ``answers`` replaces 200 for the next ones."""

    texts: list[Text] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    port: int = 0
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    @property
    def url(self) -> str:
        """Where messages are posted."""
        return f"http://127.0.0.1:{self.port}/sms"

    def take(self, posted: dict[str, Any]) -> int:
        """Take a message, or refuse it as the test wants."""
        status = self.answers.pop(0) if self.answers else 200
        with self._arrived:
            if status == 200:
                self.texts.append(Text(posted["recipient"], posted["body"], posted["sender"]))
            self._arrived.notify_all()
        return status

    def wait_for(self, recipient: str, *, count: int = 1) -> Text:
        """Return a recipient's newest text once so many have come; fail loudly otherwise."""
        with self._arrived:
            arrived = self._arrived.wait_for(lambda: len(self.to(recipient)) >= count, _PATIENCE)
            assert arrived, f"{len(self.to(recipient))} of {count} texts came to {recipient}"
            return self.to(recipient)[-1]

    def to(self, recipient: str) -> list[Text]:
        """Return what a recipient has received, oldest first."""
        return [text for text in self.texts if text.recipient == recipient]


@contextmanager
def an_sms_gateway() -> Iterator[SmsGateway]:
    """Run a gateway double."""
    gateway = SmsGateway()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(gateway.take(json.loads(body)))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    gateway.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
