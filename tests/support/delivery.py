"""Builders of the delivery room: messages, secrets that can be told apart, a sender that obeys."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from latchstring.base.ids import ChallengeId, IdentifierDigest
from latchstring.base.mailbox import Mailbox
from latchstring.base.settings import Send
from latchstring.domain.delivery.message import Channel, Message, message_id_for
from latchstring.domain.delivery.parcel import Mail, Parcel, Sms
from latchstring.domain.delivery.render import Letterhead, Renderer
from latchstring.domain.delivery.senders import Handed
from latchstring.domain.delivery.sign_in import SignIn, template_for

NOW = datetime(2026, 11, 23, 14, 2, 31, tzinfo=UTC)
HOST = "auth.acme.example"


@dataclass(frozen=True, slots=True)
class FakeSecrets:
    """Derives like the real thing: always the same from the same challenge and key."""

    def code(self, challenge_id: ChallengeId, length: int, *, key_version: int) -> str:
        """A code of decimal digits."""
        return str(_number(f"code {challenge_id} {key_version}") % 10**length).zfill(length)

    def link(self, challenge_id: ChallengeId, key_version: int) -> str:
        """A link with a token of 43 characters."""
        token = hashlib.sha256(f"link {challenge_id} {key_version}".encode()).hexdigest()[:43]
        return f"https://{HOST}/l/{token}"

    def message_id(self, challenge_id: ChallengeId, key_version: int) -> str:
        """The left half of a Message-ID."""
        return hashlib.sha256(f"id {challenge_id} {key_version}".encode()).hexdigest()[:20]


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest())


def a_letterhead(**changes: Any) -> Letterhead:
    """What the configuration says about Acme."""
    values = {
        "mail_from": Mailbox.parse("Acme <login@auth.acme.example>"),
        "reply_to": None,
        "sms_from": "Acme",
        "host": HOST,
    }
    return Letterhead(**(values | changes))


def a_renderer(**changes: Any) -> Renderer:
    """A renderer for Acme."""
    return Renderer(FakeSecrets(), a_letterhead(**changes))


def a_sign_in(**changes: Any) -> SignIn:
    """What Alice is told when she asks to sign in to Acme."""
    values: dict[str, Any] = {
        "client_id": "acme-web",
        "client_name": "Acme",
        "connection": "email",
        "send": Send.BOTH,
        "code_length": 6,
        "code_seconds": 600,
        "link_seconds": 600,
        "requested_at": NOW,
        "device": "Chrome on Windows",
    }
    return SignIn(**(values | changes))


def a_message(name: str = "one", content: SignIn | None = None, **changes: Any) -> Message:
    """A queued message to Alice about the challenge of that name."""
    content = content or a_sign_in()
    channel = changes.get("channel", Channel.EMAIL)
    challenge_id = ChallengeId(f"challenge-{name}")
    values: dict[str, Any] = {
        "id": message_id_for(challenge_id),
        "challenge_id": challenge_id,
        "channel": channel,
        "recipient": "alice@example.com" if channel is Channel.EMAIL else "+14155550100",
        "identifier_digest": IdentifierDigest("digest-of-alice"),
        "template": template_for(channel, content.send),
        "language": "en",
        "inputs": content.as_inputs(),
        "key_version": 1,
        "decoy": False,
        "created_at": NOW,
        "give_up_at": NOW + timedelta(seconds=600),
        "due_at": NOW,
    }
    return Message(**(values | changes))


def a_mail(name: str = "one", content: SignIn | None = None, **changes: Any) -> Mail:
    """A rendered mail to Alice."""
    parcel = a_renderer().render(a_message(name, content, **changes))
    assert isinstance(parcel, Mail)
    return parcel


def an_sms(name: str = "one", content: SignIn | None = None, **changes: Any) -> Sms:
    """A rendered text message to Alice."""
    parcel = a_renderer().render(a_message(name, content, channel=Channel.SMS, **changes))
    assert isinstance(parcel, Sms)
    return parcel


@dataclass(slots=True)
class FakeSender:
    """Hands everything over, or does what it is told to."""

    behave: Callable[[Parcel], Awaitable[Handed]] | None = None
    parcels: list[Parcel] = field(default_factory=list)
    cancelled: int = 0
    closed: bool = False

    async def send(self, parcel: Parcel) -> Handed:
        """Note the parcel, behave."""
        self.parcels.append(parcel)
        try:
            if self.behave is not None:
                return await self.behave(parcel)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return Handed("250 fine")

    async def close(self) -> None:
        """Note it."""
        self.closed = True

    @property
    def recipients(self) -> list[str]:
        """Who was sent to, in order."""
        return [parcel.recipient for parcel in self.parcels]
