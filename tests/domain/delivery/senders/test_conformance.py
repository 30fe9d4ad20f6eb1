"""Every sender we ship, against what all senders promise."""

from contextlib import asynccontextmanager

import pytest

from latchstring.domain.delivery.senders.gateway import GatewaySender
from latchstring.domain.delivery.senders.inbox import Inbox, InboxSender
from latchstring.domain.delivery.senders.smtp import Patience, SmtpSender
from latchstring.domain.delivery.senders.smtp_pool import SmtpPool
from latchstring.domain.delivery.senders.smtp_url import parse_smtp_url
from tests.domain.delivery.senders.conformance import *  # noqa: F403 - the suite itself
from tests.domain.delivery.senders.conformance import World
from tests.support.clock import FixedClock
from tests.support.delivery import NOW, a_mail, an_sms
from tests.support.gateway import Gateway, answer, listening
from tests.support.relay import Sink, relay


@asynccontextmanager
async def the_inbox():
    inbox = Inbox(FixedClock(NOW))

    def received():
        return [str(message.code) for message in reversed(inbox.list())]

    yield World(InboxSender(inbox), a_mail, received)


def code_in(content):
    return content.partition(b"Subject: ")[2][:6].decode()


@asynccontextmanager
async def smtp():
    sink = Sink()
    async with relay(sink) as port:
        pool = SmtpPool(parse_smtp_url(f"smtp://127.0.0.1:{port}"), hello="here")
        sender = SmtpSender(pool, patience=Patience(connect=1, command=0.5, whole=2))

        def vanish():
            pool.server = parse_smtp_url("smtp://127.0.0.1:1")

        yield World(
            sender,
            a_mail,
            lambda: [code_in(mail.original_content or b"") for mail in sink.mails],
            refuse=lambda: sink.answers.update(RCPT=["550 5.1.1 no such mailbox"]),
            put_off=lambda: sink.answers.update(RCPT=["450 4.2.1 mailbox busy"]),
            hang=lambda: sink.delays.update({"example.com": 30}),
            vanish=vanish,
        )
        await sender.close()


@asynccontextmanager
async def gateway():
    other = Gateway()
    async with listening(other) as url:
        sender = GatewaySender(url, whole_seconds=1)

        def vanish():
            sender.url = "http://127.0.0.1:1/sms"

        yield World(
            sender,
            an_sms,
            lambda: [call.body["body"][-6:] for call in other.taken],
            refuse=lambda: other.answers.append(answer(400)),
            put_off=lambda: other.answers.append(answer(503)),
            hang=lambda: setattr(other, "hang", True),
            vanish=vanish,
        )
        await sender.close()


def name_of(world):
    return world.__name__


@pytest.fixture(params=[the_inbox, smtp, gateway], ids=name_of)
async def world(request):
    async with request.param() as world:
        yield world


@pytest.fixture(params=[smtp, gateway], ids=name_of)
async def hostile_world(request):
    async with request.param() as world:
        yield world
