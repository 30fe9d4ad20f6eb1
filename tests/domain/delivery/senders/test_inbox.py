"""The developer inbox."""

import asyncio
from contextlib import aclosing

import pytest

from latchstring.domain.delivery.message import Channel
from latchstring.domain.delivery.senders.inbox import KEPT, Inbox, InboxSender
from tests.support.clock import FixedClock
from tests.support.delivery import HOST, NOW, a_mail, a_sign_in, an_sms


@pytest.fixture
def inbox():
    return Inbox(FixedClock(NOW))


def test_a_mail_is_shown_with_all_it_has(inbox):
    mail = a_mail(content=a_sign_in(client_name="Ämter " * 12))
    message = inbox.add(mail)
    assert (message.number, message.channel, message.received_at) == (1, Channel.EMAIL, NOW)
    assert (message.recipient, message.subject) == ("alice@example.com", mail.subject)
    assert (message.text, message.html) == (mail.text, mail.html)
    assert (message.code, message.link) == (mail.code, mail.link)
    assert message.source == mail.content.decode()
    headers = dict(message.headers)
    assert headers["Message-ID"] == mail.message_id
    assert headers["Subject"].count("=?utf-8?B?") > 1
    assert len(headers) == len(message.headers) == 12


def test_a_text_message_is_shown_too(inbox):
    sms = an_sms()
    message = inbox.add(sms)
    assert message.channel is Channel.SMS
    assert message.subject == f"Acme: {sms.code} is your sign-in code. Don't share it."
    assert message.text.endswith(f"@{HOST} #{sms.code}")
    assert (message.html, message.link) == (None, None)
    assert dict(message.headers) == {"From": "Acme", "To": "+14155550100"}


def test_the_newest_comes_first_and_the_oldest_goes(inbox):
    for number in range(KEPT + 5):
        inbox.add(an_sms(str(number)))
    numbers = [message.number for message in inbox.list()]
    assert numbers == list(range(KEPT + 5, 5, -1))
    assert inbox.get(5) is None
    assert inbox.get(6) is not None


def test_messages_can_be_forgotten(inbox):
    one, two, three = (inbox.add(an_sms(name)) for name in ("one", "two", "three"))
    inbox.delete(two.number)
    inbox.delete(two.number)
    assert inbox.list() == (three, one)
    inbox.clear()
    assert inbox.list() == ()
    assert inbox.add(an_sms()).number == 4


async def test_readers_hear_of_each_message(inbox):
    async with aclosing(inbox.subscribe()) as first, aclosing(inbox.subscribe()) as second:
        waiting = [asyncio.ensure_future(anext(reader)) for reader in (first, second)]
        await asyncio.sleep(0)
        await InboxSender(inbox).send(a_mail())
        assert await asyncio.gather(*waiting) == [1, 1]
        await InboxSender(inbox).send(a_mail())
        assert await anext(first) == 2
    assert not inbox._readers


async def test_a_reader_that_stopped_reading_costs_little(inbox):
    async with aclosing(inbox.subscribe()) as reader:
        first = asyncio.ensure_future(anext(reader))
        await asyncio.sleep(0)
        sms = an_sms()
        for _ in range(1500):
            inbox.add(sms)
        assert await first == 501
        assert await anext(reader) == 502
