"""The worker that delivers messages, and where it hands them over."""

# ruff: noqa: PLC0415 - who sends no SMS shall not wait for an HTTP client at every start

import gettext
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from latchstring.base.ids import ChallengeId
from latchstring.base.logging import get_logger
from latchstring.base.mailbox import Mailbox
from latchstring.base.secrets import Keyring
from latchstring.base.settings import Settings
from latchstring.domain.challenges import secret
from latchstring.domain.delivery.message import State
from latchstring.domain.delivery.render import Letterhead, Renderer
from latchstring.domain.delivery.senders import Senders
from latchstring.domain.delivery.templates import Templates
from latchstring.domain.delivery.verdict import Report, Settlement
from latchstring.flows.deliver_messages import DeliverMessages, new_owner
from latchstring.main.installation import Installation

if TYPE_CHECKING:
    from latchstring.domain.delivery.senders.gateway import GatewaySender
    from latchstring.domain.delivery.senders.smtp import SmtpSender

SERVER = "serve"
WORKER = "worker"
_LOCALES = Path(__file__).resolve().parents[1] / "locale"

logger = get_logger()


class MessageSecrets(msgspec.Struct, frozen=True):
    """What a message carries, derived from its challenge; the two rooms need not meet."""

    keyring: Keyring
    public_url: str

    def code(self, challenge_id: ChallengeId, length: int, *, key_version: int) -> str:
        """Return the one-time code."""
        return secret.code_of(
            challenge_id, length=length, version=key_version, keyring=self.keyring
        )

    def link(self, challenge_id: ChallengeId, key_version: int) -> str:
        """Return the magic link; its host comes from the configuration, never from a request."""
        token = secret.link_token(challenge_id, version=key_version, keyring=self.keyring)
        return f"{self.public_url}/l/{token}"

    def message_id(self, challenge_id: ChallengeId, key_version: int) -> str:
        """Return what is unique about the Message-ID."""
        return secret.message_id_of(challenge_id, version=key_version, keyring=self.keyring)


def configured_senders(settings: Settings) -> Senders:
    """Return the senders of the configuration; a channel without one fails its messages."""
    return Senders(email=_smtp_sender(settings), sms=_gateway_sender(settings))


def _smtp_sender(settings: Settings) -> "SmtpSender | None":
    if not settings.mail.smtp_url:
        return None
    from latchstring.domain.delivery.senders.smtp import SmtpSender
    from latchstring.domain.delivery.senders.smtp_pool import SmtpPool
    from latchstring.domain.delivery.senders.smtp_url import parse_smtp_url

    return SmtpSender(SmtpPool(parse_smtp_url(settings.mail.smtp_url), hello=settings.host))


def _gateway_sender(settings: Settings) -> "GatewaySender | None":
    if not settings.sms.gateway_url:
        return None
    from latchstring.domain.delivery.senders.gateway import GatewaySender

    return GatewaySender(settings.sms.gateway_url, settings.sms.gateway_token)


def worker(installation: Installation, senders: Senders, role: str) -> DeliverMessages:
    """Return the worker; a server alone on its file takes over what its predecessor held."""
    settings = installation.settings
    secrets = MessageSecrets(installation.keyring, settings.public_url)
    return DeliverMessages(
        database=installation.database,
        clock=installation.clock,
        renderer=Renderer(secrets, letterhead(settings), Templates(catalogue)),
        senders=senders,
        owner=new_owner(role),
        predecessors=f"{SERVER}/" if role == SERVER and settings.is_sqlite else "",
        report=log_settlement,
    )


def catalogue(language: str) -> gettext.NullTranslations:
    """Return a language's translations, the same as the pages'; English where there are none."""
    return gettext.translation("messages", _LOCALES, languages=[language], fallback=True)


def letterhead(settings: Settings) -> Letterhead:
    """Return who the messages come from."""
    reply_to = settings.mail.reply_to
    return Letterhead(
        mail_from=Mailbox.parse(settings.mail_sender),
        reply_to=Mailbox.parse(reply_to) if reply_to else None,
        sms_from=settings.sms.from_,
        host=settings.host,
    )


def log_settlement(report: Report) -> None:
    """Log what became of a message, without its recipient."""
    verdict = report.verdict
    if isinstance(verdict, Settlement) and verdict.state is State.SUPPRESSED:
        return
    good = isinstance(verdict, Settlement) and verdict.state is State.HANDED_OVER
    log = logger.info if good else logger.warning
    log(
        "message",
        message_id=report.message.id,
        channel=report.message.channel,
        state=verdict.state if isinstance(verdict, Settlement) else "retry",
        error=verdict.last_error,
    )
