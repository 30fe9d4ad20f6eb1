"""SMTP against a real relay, and against ones that misbehave; one by one and in groups."""

import asyncio
import time
from dataclasses import replace

import pytest

from latchstring.domain.delivery.senders import smtp_pool
from latchstring.domain.delivery.senders.smtp import Patience, SmtpSender
from tests.domain.delivery.senders.sending import PATIENCE, refusal, sending
from tests.support.delivery import a_mail, a_sign_in
from tests.support.relay import Sink, greet, hear, relay, say, scripted, take_data
from tests.support.workers import until


@pytest.fixture(params=[(), ("PIPELINING",)], ids=["one by one", "in groups"])
def offers(request):
    return request.param


@pytest.fixture
async def sink(offers):
    return Sink(offers=offers)


@pytest.fixture
async def sender(sink):
    async with relay(sink) as port, sending(f"smtp://127.0.0.1:{port}") as sender:
        yield sender


# --- what arrives ------------------------------------------------------------------------------


async def test_the_mail_arrives_as_it_was_rendered(sender, sink):
    mail = a_mail(content=a_sign_in(client_name="Ämter"))
    handed = await sender.send(mail)
    assert handed.answer == "250 2.0.0 queued as 000001"
    (received,) = sink.mails
    assert received.original_content == mail.content
    assert received.mail_from == "login@auth.acme.example"
    assert received.rcpt_tos == ["alice@example.com"]


async def test_lines_of_dots_survive(sender, sink):
    mail = a_mail(content=a_sign_in(client_name="."))
    await sender.send(mail)
    assert sink.mails[0].original_content == mail.content


async def test_one_connection_carries_many_mails(sender, sink):
    for name in ("one", "two", "three"):
        await sender.send(a_mail(name))
    assert len(sink.mails) == 3
    assert sink.sessions == 1


async def test_many_mails_at_once_use_no_more_connections_than_allowed(sink):
    async with relay(sink) as port, sending(f"smtp://127.0.0.1:{port}", most=3) as sender:
        await asyncio.gather(*(sender.send(a_mail(f"m{number}")) for number in range(30)))
    assert len(sink.mails) == 30
    assert sink.sessions <= 3


async def test_closing_says_goodbye(sink):
    async with relay(sink) as port, sending(f"smtp://127.0.0.1:{port}") as sender:
        await sender.send(a_mail())
    assert sink.commands[-1] == "QUIT"


async def test_idle_connections_are_let_go(sink):
    async with (
        relay(sink) as port,
        sending(f"smtp://127.0.0.1:{port}", idle_seconds=0.05) as sender,
    ):
        await sender.send(a_mail())
        await asyncio.wait_for(sink.left.wait(), 5)
        await sender.send(a_mail("two"))
    assert sink.sessions == 2


async def test_a_connection_that_the_relay_closed_meanwhile_costs_nothing(offers):
    served = []

    async def one_mail_then_gone(reader, writer):
        served.append(1)
        await greet(reader, writer, *offers)
        await take_data(reader, writer)
        await say(writer, "250 ok")
        # Gone without a word: the client only notices when it writes again.
        await hear(reader, "MAIL") if len(served) == 1 else None

    async with scripted(one_mail_then_gone) as port, sending(f"smtp://127.0.0.1:{port}") as sender:
        await sender.send(a_mail("one"))
        await sender.send(a_mail("two"))
    assert len(served) == 2


async def test_a_relay_that_is_tired_of_a_connection_gets_a_fresh_one(sender, sink):
    await sender.send(a_mail("one"))
    sink.answers["MAIL"] = ["421 4.7.0 too many messages on this connection"]
    await sender.send(a_mail("two"))
    assert sink.sessions == 2
    assert len(sink.mails) == 2


# --- refusals ----------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(
    ("code", "permanent"), [("451 4.7.1 later", False), ("550 5.1.1 no", True)]
)
async def test_p7_r06_4yz_may_be_tried_again_and_5yz_may_not(
    sender, sink, command, code, permanent
):
    sink.answers[command] = [code]
    error = await refusal(sender)
    assert error.permanent is permanent
    assert error.reason == code
    assert sink.mails == []


async def test_a_refused_mail_does_not_spoil_the_connection(sender, sink):
    sink.answers["RCPT"] = ["550 5.1.1 nobody"]
    await refusal(sender)
    await sender.send(a_mail("two"))
    assert sink.sessions == 1
    assert "RSET" in sink.commands
    assert sink.recipients == ["alice@example.com"]


async def test_p8_an_address_beyond_ascii_needs_a_relay_that_knows_it(sink, offers):
    mail = a_mail(recipient="jürgen@example.com")
    async with relay(sink) as port, sending(f"smtp://127.0.0.1:{port}") as sender:
        await sender.send(mail)
    assert sink.mails[0].rcpt_tos == ["jürgen@example.com"]
    assert "SMTPUTF8" in sink.mails[0].mail_options

    async def plain(reader, writer):
        await greet(reader, writer, *offers)
        await reader.read()

    async with scripted(plain) as port, sending(f"smtp://127.0.0.1:{port}") as sender:
        error = await refusal(sender, mail)
    assert error.permanent


@pytest.mark.parametrize(
    "recipient",
    [
        "alice@example.com\r\nDATA",
        "alice@example.com\n",
        "alice@example.com> NOTIFY=NEVER",
        "alice@example.com>NOTIFY",
        "<alice@example.com",
        "alice @example.com",
        "alice\u2028@example.com",
        "alice\x7f@example.com",
    ],
    ids=ascii,
)
async def test_an_address_that_smtp_cannot_say_is_never_tried_again(sender, sink, recipient):
    error = await refusal(sender, replace(a_mail(), recipient=recipient))
    assert error.permanent
    assert sink.mails == []
    assert sink.commands == ["RSET"]


# --- trouble -----------------------------------------------------------------------------------


async def test_r05_a_relay_that_is_down_is_tried_again_later(unused_tcp_port):
    async with sending(f"smtp://127.0.0.1:{unused_tcp_port}") as sender:
        error = await refusal(sender)
    assert not error.permanent
    assert "127.0.0.1" in error.reason


@pytest.mark.parametrize("greeting", ["554 no service", "421 busy", "hello there", "", "2"])
async def test_r06_a_bad_greeting_says_nothing_about_the_mail(greeting):
    async def rude(_reader, writer):
        await say(writer, greeting)

    async with scripted(rude) as port, sending(f"smtp://127.0.0.1:{port}") as sender:
        error = await refusal(sender)
    assert not error.permanent


async def test_r06_a_drop_after_data_is_tried_again(offers):
    seen = []

    async def forgetful(reader, writer):
        await greet(reader, writer, *offers)
        seen.append(await take_data(reader, writer))

    async with scripted(forgetful) as port, sending(f"smtp://127.0.0.1:{port}") as sender:
        error = await refusal(sender)
        assert not error.permanent
        await refusal(sender)
    assert len(seen) == 2
    assert seen[0] == seen[1]
    assert b"\r\nMessage-ID: " in seen[0]


@pytest.mark.parametrize("gibberish", ["maybe", "999 what", "250"])
async def test_an_answer_nobody_understands_is_no_success(gibberish, offers):
    async def confused(reader, writer):
        await greet(reader, writer, *offers)
        await hear(reader, "MAIL")
        await say(writer, gibberish if gibberish != "250" else "25 0")
        await reader.read()

    async with scripted(confused) as port, sending(f"smtp://127.0.0.1:{port}") as sender:
        error = await refusal(sender)
    assert not error.permanent


async def test_r07_a_tarpit_is_cut_off(offers):
    async def tarpit(reader, writer):
        await greet(reader, writer, *offers)
        await hear(reader, "MAIL")
        for letter in "250-" + "x" * 500:
            writer.write(letter.encode())
            await writer.drain()
            await asyncio.sleep(0.1)

    async with scripted(tarpit) as port, sending(f"smtp://127.0.0.1:{port}") as sender:
        began = time.monotonic()
        error = await refusal(sender)
    assert time.monotonic() - began < PATIENCE.whole + 1
    assert not error.permanent


async def test_a_relay_that_is_slow_at_every_step_is_cut_off_all_the_same(offers):
    async def dawdling(reader, writer):
        await asyncio.sleep(0.3)
        await greet(reader, writer, *offers)
        await asyncio.sleep(0.3)
        await take_data(reader, writer)

    patience = Patience(connect=5, command=5, whole=0.5)
    async with scripted(dawdling) as port, sending(f"smtp://127.0.0.1:{port}") as sender:
        error = await refusal(SmtpSender(sender._pool, patience=patience))
    assert (error.permanent, error.reason) == (False, "the relay took too long")


async def test_a_relay_that_never_greets_is_cut_off():
    async def silent(reader, _writer):
        await reader.read()

    patience = Patience(connect=0.3)
    async with scripted(silent) as port, sending(f"smtp://127.0.0.1:{port}") as sender:
        began = time.monotonic()
        error = await refusal(SmtpSender(sender._pool, patience=patience))
    assert time.monotonic() - began < 2
    assert not error.permanent


async def test_a_cancelled_send_keeps_no_connection(sender, sink):
    sink.delays["slow.example"] = 30
    task = asyncio.create_task(sender.send(a_mail(recipient="alice@slow.example")))
    await until(lambda: sink.sessions == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await sender.send(a_mail("two"))
    assert sink.sessions == 2
    assert sink.recipients == ["alice@example.com"]


async def test_a_cancellation_at_any_moment_of_a_greeting_is_none_too_early(sender, sink):
    sink.delays["slow.example"] = 30
    moments = 0
    while "MAIL" not in sink.commands:
        task = asyncio.create_task(sender.send(a_mail(recipient="alice@slow.example")))
        for _ in range(moments):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        moments += 1
    assert sink.mails == []


async def test_a_cancelled_send_hangs_up_at_once(offers):
    begun, gone = asyncio.Event(), asyncio.Event()

    async def silent(reader, writer):
        await greet(reader, writer, *offers)
        await hear(reader, "MAIL")
        begun.set()
        await reader.read()
        gone.set()

    async with scripted(silent) as port, sending(f"smtp://127.0.0.1:{port}") as sender:
        task = asyncio.create_task(sender.send(a_mail()))
        await asyncio.wait_for(begun.wait(), 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(gone.wait(), 10)


async def test_after_trouble_others_do_not_knock_for_a_moment(monkeypatch):
    monkeypatch.setattr(smtp_pool, "CALM_SECONDS", 60)
    knocks = []

    async def rude(_reader, writer):
        knocks.append(1)
        await say(writer, "554 no service")

    async with scripted(rude) as port, sending(f"smtp://127.0.0.1:{port}") as sender:
        for _ in range(5):
            await refusal(sender)
    assert len(knocks) == 1
