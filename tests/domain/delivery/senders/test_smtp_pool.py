"""Connections to a relay: private as demanded, signed in as configured, kept while useful."""

import asyncio
import binascii
import re
import traceback
from typing import Any

import pytest
import uvloop

from latchstring.domain.delivery.senders import trust
from tests.domain.delivery.senders.sending import refusal, sending
from tests.support.delivery import a_mail
from tests.support.relay import (
    Sink,
    a_certificate,
    greet,
    hear,
    only,
    relay,
    say,
    scripted,
    take_data,
)

PASSWORD = "a secret for the relay"


@pytest.fixture
async def sink():
    return Sink()


@pytest.fixture
def trusted(tmp_path, monkeypatch):
    """Make the relay's certificate an authority of this process, as an operator would."""

    def trust_it():
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        trust.verifying.cache_clear()

    yield trust_it
    trust.verifying.cache_clear()


async def test_starttls_is_used_where_it_is_offered(sink, tmp_path):
    context = a_certificate(tmp_path, "localhost")
    options: dict[str, Any] = {"tls_context": context, "require_starttls": True}
    async with relay(sink, **options) as port, sending(f"smtp://127.0.0.1:{port}") as sender:
        await sender.send(a_mail())
    assert len(sink.mails) == 1


async def test_required_starttls_that_is_not_offered_sends_nothing(sink):
    async with (
        relay(sink) as port,
        sending(f"smtp://127.0.0.1:{port}?starttls=required") as sender,
    ):
        error = await refusal(sender)
    assert not error.permanent
    assert "STARTTLS" in error.reason
    assert sink.commands == []


async def test_required_starttls_takes_a_certificate_it_can_verify(sink, tmp_path, trusted):
    context = a_certificate(tmp_path, "127.0.0.1")
    trusted()
    async with (
        relay(sink, tls_context=context, require_starttls=True) as port,
        sending(f"smtp://127.0.0.1:{port}?starttls=required") as sender,
    ):
        await sender.send(a_mail())
    assert len(sink.mails) == 1


@pytest.mark.parametrize(
    ("names", "days"), [(["127.0.0.1"], -2), (["mail.example"], 1)], ids=["expired", "wrong name"]
)
async def test_r06_a_bad_certificate_means_no_mail(sink, tmp_path, trusted, names, days):
    context = a_certificate(tmp_path, *names, days=days)
    trusted()
    async with (
        relay(sink, tls_context=context) as port,
        sending(f"smtp://127.0.0.1:{port}?starttls=required") as sender,
    ):
        error = await refusal(sender)
    assert not error.permanent
    assert re.search("certificate", error.reason, re.IGNORECASE)
    assert sink.commands == []


async def test_an_unknown_authority_means_no_mail(sink, tmp_path):
    context = a_certificate(tmp_path, "127.0.0.1")
    async with (
        relay(sink, tls_context=context) as port,
        sending(f"smtp://127.0.0.1:{port}?starttls=required") as sender,
    ):
        error = await refusal(sender)
    assert not error.permanent
    assert sink.mails == []


async def test_smtps_is_tls_from_the_first_byte(sink, tmp_path, trusted):
    context = a_certificate(tmp_path, "127.0.0.1")
    trusted()

    async def over_tls(reader, writer):
        await greet(reader, writer)
        await take_data(reader, writer)
        await say(writer, "250 ok over TLS")
        await hear(reader, "QUIT")
        await say(writer, "221 bye")

    async with (
        scripted(over_tls, tls=context) as port,
        sending(f"smtps://127.0.0.1:{port}") as sender,
    ):
        handed = await sender.send(a_mail())
    assert handed.answer == "250 ok over TLS"


@pytest.mark.parametrize("password", [PASSWORD, "wrong"])
async def test_r06_signing_in(sink, password):
    options: dict[str, Any] = {
        "authenticator": only("ann", PASSWORD),
        "auth_required": True,
        "auth_require_tls": False,
    }
    async with relay(sink, **options) as port:
        url = f"smtp://ann:{password.replace(' ', '%20')}@127.0.0.1:{port}"
        async with sending(url) as sender:
            if password == PASSWORD:
                await sender.send(a_mail())
                assert len(sink.mails) == 1
                return
            error = await refusal(sender)
    # The relay refused us, not the mail: the operator may mend the password in time.
    assert not error.permanent
    assert error.reason.startswith("535")
    assert password not in error.reason


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("535-5.7.8 No: {}|535 5.7.8 try again", "535 5.7.8 the relay refused to sign us in"),
        ("500 unknown command {}", "500 the relay refused to sign us in"),
        ("what is {}", "the relay refused to sign us in"),
    ],
)
async def test_a_relay_that_quotes_how_we_sign_in_tells_the_log_nothing(answer, kept):
    quoted: list[str] = []

    async def quotes(reader, writer):
        await greet(reader, writer, "AUTH PLAIN")
        said = (await hear(reader, "AUTH PLAIN")).removeprefix("AUTH PLAIN ")
        assert PASSWORD.encode() in binascii.a2b_base64(said)
        quoted.append(said)
        await say(writer, *answer.format(said).split("|"))
        await reader.read()

    async with scripted(quotes) as port:
        url = f"smtp://ann:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{port}"
        async with sending(url) as sender:
            error = await refusal(sender)
    assert not error.permanent
    assert error.reason == kept
    assert quoted[0] not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize("tls", ["never", "required", "implicit"])
def test_it_all_works_in_the_server_s_event_loop(tmp_path, trusted, tls):
    """Taking a connection over from the client library is a matter between it and the loop."""
    context = a_certificate(tmp_path, "127.0.0.1")
    trusted()

    async def serving(reader, writer):
        await greet(reader, writer, *(("STARTTLS",) if tls == "required" else ("PIPELINING",)))
        if tls == "required":
            await hear(reader, "STARTTLS")
            await say(writer, "220 go on")
            await writer.start_tls(context)
            await hear(reader, "EHLO")
            await say(writer, "250-relay.test", "250 PIPELINING")
        for number in range(2):
            await take_data(reader, writer)
            await say(writer, f"250 taken {number}")
        await hear(reader, "QUIT")
        await say(writer, "221 bye")

    async def two_mails():
        scheme, query = ("smtps", "") if tls == "implicit" else ("smtp", f"?starttls={tls}")
        async with (
            scripted(serving, tls=context if tls == "implicit" else None) as port,
            sending(f"{scheme}://127.0.0.1:{port}{query}") as sender,
        ):
            return [(await sender.send(a_mail())).answer for _ in range(2)]

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(two_mails()) == ["250 taken 0", "250 taken 1"]
