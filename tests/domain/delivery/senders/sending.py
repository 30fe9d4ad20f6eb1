"""A sender on a relay's URL, for the tests of SMTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from latchstring.domain.delivery.parcel import Mail
from latchstring.domain.delivery.senders import SendError
from latchstring.domain.delivery.senders.smtp import Patience, SmtpSender
from latchstring.domain.delivery.senders.smtp_pool import SmtpPool
from latchstring.domain.delivery.senders.smtp_url import parse_smtp_url
from tests.support.delivery import a_mail

PATIENCE = Patience(connect=2, command=1, stale=0.5, whole=3)


@asynccontextmanager
async def sending(url: str, **options: Any) -> AsyncIterator[SmtpSender]:
    """Run a sender that loses its patience soon."""
    pool = SmtpPool(parse_smtp_url(url), hello="auth.acme.example", **options)
    sender = SmtpSender(pool, patience=PATIENCE)
    try:
        yield sender
    finally:
        await sender.close()


async def refusal(sender: SmtpSender, mail: Mail | None = None) -> SendError:
    """Send a mail that is not taken; return why."""
    with pytest.raises(SendError) as error:
        await sender.send(mail or a_mail())
    return error.value
