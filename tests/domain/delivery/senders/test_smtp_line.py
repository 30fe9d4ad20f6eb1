"""What is said and what is heard stays in step, however the bytes arrive."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchstring.domain.delivery.senders.smtp_line import LineLost, Reply, SmtpLine

WAIT = 0.2


class FakeTransport(asyncio.Transport):
    """Keeps what is written; its other side is the test."""

    def __init__(self):
        super().__init__()
        self.written: list[bytes] = []
        self.ended = ""

    def set_protocol(self, protocol):
        self.protocol = protocol

    def write(self, data):
        self.written.append(data)

    def is_closing(self):
        return bool(self.ended)

    def close(self):
        self.ended = self.ended or "closed"

    def abort(self):
        self.ended = self.ended or "aborted"


def a_line(*offers):
    transport = FakeTransport()
    return SmtpLine(transport, set(offers)), transport


def chunks(raw):
    """Every way to cut the bytes into segments."""
    cuts = st.sets(st.integers(1, len(raw) - 1)).map(sorted)
    return cuts.map(lambda at: [raw[a:b] for a, b in zip([0, *at], [*at, len(raw)], strict=True)])


THREE = b"250-2.1.0 sender\r\n250-really\r\n250 ok\r\n550 5.1.1 nobody\n354\r\n"


@given(chunks(THREE))
async def test_replies_are_the_same_however_they_are_cut(segments):
    line, transport = a_line()
    line.say(b"MAIL\r\n", b"RCPT\r\n", b"DATA\r\n")
    for segment in segments:
        line.data_received(segment)
    heard = [await line.hear(WAIT) for _ in range(3)]
    assert heard == [
        Reply(250, "2.1.0 sender\nreally\nok"),
        Reply(550, "5.1.1 nobody"),
        Reply(354, ""),
    ]
    assert transport.written == [b"MAIL\r\nRCPT\r\nDATA\r\n"]
    assert line.is_open
    assert line.unheard == 0


@given(chunks(b"250 ok\r\n250 and more\r\n"))
async def test_a_reply_to_nothing_ends_it_and_is_never_heard(segments):
    line, transport = a_line()
    line.say(b"MAIL\r\n")
    for segment in segments:
        line.data_received(segment)
    assert transport.ended == "aborted"
    assert await line.hear(WAIT) == Reply(250, "ok")
    line.say(b"RCPT\r\n")
    with pytest.raises(LineLost, match="a reply to nothing"):
        await line.hear(WAIT)
    assert transport.written == [b"MAIL\r\n"]


async def test_a_word_between_two_mails_ends_it():
    line, _ = a_line()
    line.data_received(b"421 4.4.2 idle for too long\r\n")
    assert not line.is_open


@pytest.mark.parametrize(
    "gibberish",
    [b"maybe", b"25 0", b"999 what", b"150 go on", b"2500", b"250_ok", b"", b"\xff\xfe"],
)
async def test_what_is_no_reply_ends_it(gibberish):
    line, _ = a_line()
    line.say(b"MAIL\r\n")
    line.data_received(gibberish + b"\r\n")
    with pytest.raises(LineLost, match="no reply of SMTP"):
        await line.hear(WAIT)


@pytest.mark.parametrize("endless", [b"250 " + b"x" * 9000, b"250-x\r\n" * 2000])
async def test_an_endless_reply_ends_it(endless):
    line, _ = a_line()
    line.say(b"MAIL\r\n")
    line.data_received(endless)
    with pytest.raises(LineLost, match="endless"):
        await line.hear(WAIT)


async def test_silence_ends_it():
    line, transport = a_line()
    line.say(b"MAIL\r\n")
    with pytest.raises(LineLost, match="too long"):
        await line.hear(0.01)
    assert transport.ended == "aborted"


async def test_what_was_said_before_hanging_up_is_heard():
    line, _ = a_line()
    line.say(b"MAIL\r\n", b"RCPT\r\n")
    line.data_received(b"421 closing\r\n")
    line.connection_lost(None)
    assert (await line.hear(WAIT)).code == 421
    with pytest.raises(LineLost, match="hung up"):
        await line.hear(WAIT)


async def test_whoever_waits_learns_that_the_relay_hung_up():
    line, _ = a_line()
    line.say(b"MAIL\r\n")
    asyncio.get_running_loop().call_soon(line.connection_lost, ConnectionResetError("reset"))
    with pytest.raises(LineLost, match="reset"):
        await line.hear(5)


async def test_octets_that_are_no_text_can_still_be_kept():
    line, _ = a_line()
    line.say(b"MAIL\r\n")
    line.data_received(b"550 n\xe4\r\n")
    assert str(await line.hear(WAIT)).encode() == "550 n\ufffd".encode()


async def test_leaving_is_polite_and_does_not_wait_for_ever():
    line, transport = a_line()
    asyncio.get_running_loop().call_soon(line.data_received, b"221 bye\r\n")
    await line.leave(WAIT)
    assert (transport.written, transport.ended) == ([b"QUIT\r\n"], "closed")
    line, transport = a_line()
    await line.leave(0.01)
    assert transport.ended == "aborted"


async def test_what_the_relay_offers_is_known():
    line, _ = a_line("pipelining", "smtputf8")
    assert (line.pipelines, line.takes_utf8) == (True, True)
    line, _ = a_line("size")
    assert (line.pipelines, line.takes_utf8) == (False, False)


async def test_a_connection_that_is_lost_before_we_have_it_is_lost():
    transport = FakeTransport()
    transport.close()
    line = SmtpLine(transport, ())
    with pytest.raises(LineLost):
        await line.hear(WAIT)
