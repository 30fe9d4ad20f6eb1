"""MAIL, RCPT and DATA in one write (RFC 2920), and every way a relay can say no to one of them."""

import asyncio
import itertools
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchstring.domain.delivery.senders import SendError
from latchstring.domain.delivery.senders.smtp import _as_data
from tests.domain.delivery.senders.sending import refusal, sending
from tests.support.delivery import a_mail
from tests.support.relay import Sink, greet, hear, relay, say, scripted, take_data

GROUPS = pytest.mark.parametrize("offers", [(), ("PIPELINING",)], ids=["one by one", "in groups"])
END = b"\r\n.\r\n"


async def until_end(reader):
    """Return the mail as it was before it was sent; nothing, or part of it, if that is all."""
    raw = b""
    while not raw.endswith(END) and (line := await reader.readline()):
        raw += line
    return raw.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")


async def eventually(true):
    """Wait until the relay has noticed."""
    for _ in range(1000):
        if true():
            return
        await asyncio.sleep(0.005)


async def bid_farewell(reader, writer):
    """Play the end of a connection."""
    await hear(reader, "QUIT")
    await say(writer, "221 bye")


@dataclass
class Stubborn:
    """Answers the first mail with these four replies, sense or not; takes every other one."""

    replies: tuple[str, str, str, str]
    offers: tuple[str, ...]
    sessions: int = 0
    mails: list[tuple[str, bytes]] = field(default_factory=list)
    """The recipients and mails that it was sent, whatever it thought of them."""
    _first: bool = True

    async def __call__(self, reader, writer):
        """Serve one connection."""
        self.sessions += 1
        await greet(reader, writer, *self.offers)
        recipient, replies = "", iter(self.replies)
        while line := await reader.readline():
            verb = line[:4].decode()
            if verb == "MAIL":
                fine = ("250 ok", "250 ok", "354 go on", "250 taken")
                replies = iter(self.replies if self._first else fine)
                self._first = False
            elif verb == "RCPT":
                recipient = line.decode().strip()[len("RCPT TO:<") : -1]
            answer = next(replies) if verb in {"MAIL", "RCPT", "DATA"} else "250 ok"
            await say(writer, answer)
            if verb == "DATA" and answer.startswith("354"):
                mail = await until_end(reader)
                if not mail:
                    return
                self.mails.append((recipient, mail))
                await say(writer, next(replies))


ANSWERS = list(
    itertools.product(
        ("250 sender ok", "450 later", "550 never", "354 what"),
        ("250 recipient ok", "451 later", "551 never"),
        ("354 go on", "452 later", "554 never", "250 what"),
        ("250 taken", "453 full", "556 spam"),
    )
)


@GROUPS
async def test_no_refusal_of_one_mail_gets_into_the_next(offers):
    """Each mail is sent whole or not at all, and the first no decides about it."""
    first, second = a_mail("one", recipient="bob@example.com"), a_mail("two")
    for replies in ANSWERS:
        stubborn = Stubborn(replies, offers)
        async with scripted(stubborn) as port, sending(f"smtp://127.0.0.1:{port}") as sender:
            wanted = ("250", "250", "354", "250")
            no = next((r for r, w in zip(replies, wanted, strict=True) if r[:3] != w), None)
            if no is None:
                assert (await sender.send(first)).answer == "250 taken"
            else:
                error = await refusal(sender, first)
                assert (error.reason, error.permanent) == (no, no.startswith("5"))
            await sender.send(second)
        was_sent = no in {None, replies[3]}
        out_of_step = no is not None and (
            no[0] not in "45" or (offers and not was_sent and replies[2].startswith("354"))
        )
        assert stubborn.sessions == (2 if out_of_step else 1), replies
        expected = [(first.recipient, first.content)] if was_sent else []
        assert stubborn.mails == [*expected, ("alice@example.com", second.content)]


async def test_three_commands_leave_together_and_the_mail_waits_for_their_answers():
    reads = []

    async def watching(reader, writer):
        await greet(reader, writer, "PIPELINING")
        reads.append(await reader.read(65536))
        await say(writer, "250 ok", "250 ok")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.1)
        await say(writer, "354 go on")
        reads.append(await until_end(reader))
        await say(writer, "250 taken")
        await bid_farewell(reader, writer)

    mail = a_mail()
    async with scripted(watching) as port, sending(f"smtp://127.0.0.1:{port}") as sender:
        await sender.send(mail)
    group = b"MAIL FROM:<login@auth.acme.example>\r\nRCPT TO:<alice@example.com>\r\nDATA\r\n"
    assert reads == [group, mail.content]


async def test_a_relay_that_does_not_offer_it_gets_one_command_at_a_time():
    reads = []

    async def old(reader, writer):
        await greet(reader, writer)
        for answer in ("250 ok", "250 ok", "354 go on"):
            reads.append(await reader.read(65536))
            await say(writer, answer)
        await until_end(reader)
        await say(writer, "250 taken")
        await bid_farewell(reader, writer)

    async with scripted(old) as port, sending(f"smtp://127.0.0.1:{port}") as sender:
        await sender.send(a_mail())
    assert [read[:4] for read in reads] == [b"MAIL", b"RCPT", b"DATA"]


async def test_a_relay_that_wants_the_mail_of_a_refused_recipient_gets_nothing_but_our_leave():
    rest = []

    async def trap(reader, writer):
        await greet(reader, writer, "PIPELINING")
        for word, answer in (("MAIL", "250 ok"), ("RCPT", "550 no"), ("DATA", "354 go on")):
            await hear(reader, word)
            await say(writer, answer)
        rest.append(await reader.read())

    async with scripted(trap) as port, sending(f"smtp://127.0.0.1:{port}") as sender:
        error = await refusal(sender)
        assert (error.permanent, error.reason) == (True, "550 no")
        await refusal(sender)
        await eventually(lambda: len(rest) == 2)
    assert rest == [b"", b""]


async def test_a_refusal_of_all_three_costs_no_connection():
    sink = Sink(offers=("PIPELINING",), answers={"MAIL": ["550 5.7.1 not you"]})
    async with relay(sink) as port, sending(f"smtp://127.0.0.1:{port}") as sender:
        assert (await refusal(sender)).reason == "550 5.7.1 not you"
        await sender.send(a_mail())
    assert (sink.sessions, len(sink.mails)) == (1, 1)
    assert sink.commands == ["MAIL", "RSET", "MAIL", "QUIT"]


@pytest.mark.parametrize("answers", [1, 2, 3])
async def test_a_relay_that_hangs_up_among_the_answers_is_tried_again(answers):
    async def leaving(reader, writer):
        await greet(reader, writer, "PIPELINING")
        await hear(reader, "MAIL")
        await say(writer, *("250 ok", "250 ok", "354 go on")[:answers])

    async with scripted(leaving) as port, sending(f"smtp://127.0.0.1:{port}") as sender:
        error = await refusal(sender)
    assert not error.permanent


async def test_a_success_that_was_not_asked_for_is_none():
    seen = []

    async def eager(reader, writer):
        await greet(reader, writer, "PIPELINING")
        for word in ("MAIL", "RCPT", "DATA"):
            await hear(reader, word)
        await say(writer, "250 ok", "250 ok", "354 go on", "250 taken")
        seen.append(await reader.read())

    async with scripted(eager) as port, sending(f"smtp://127.0.0.1:{port}") as sender:
        error = await refusal(sender)
        await eventually(lambda: seen)
    assert not error.permanent
    assert seen == [b""]


async def test_a_kept_connection_that_closes_at_the_group_costs_nothing():
    served = []

    async def tired(reader, writer):
        served.append(1)
        await greet(reader, writer, "PIPELINING")
        await take_data(reader, writer)
        await say(writer, "250 taken")
        await hear(reader, "MAIL")
        await say(writer, "421 4.7.0 enough of you")

    async with scripted(tired) as port, sending(f"smtp://127.0.0.1:{port}") as sender:
        await sender.send(a_mail("one"))
        await sender.send(a_mail("two"))
    assert len(served) == 2


async def test_many_at_once_never_get_mixed():
    sink = Sink(offers=("PIPELINING",))
    sink.answers = {"RCPT": ["550 no"] * 7, "DATA": ["451 later"] * 5}
    mail = a_mail()
    mails = [
        replace(mail, recipient=f"user{n}@example.com", content=b"X-Number: %d\r\n\r\n" % n)
        for n in range(40)
    ]
    async with relay(sink) as port, sending(f"smtp://127.0.0.1:{port}", most=4) as sender:
        ends = await asyncio.gather(*map(sender.send, mails), return_exceptions=True)
    refused = [end for end in ends if isinstance(end, SendError)]
    assert len(refused) == 12
    by_recipient = {mail.recipient: mail.content for mail in mails}
    assert len(sink.mails) == 28
    for got in sink.mails:
        assert got.original_content == by_recipient[got.rcpt_tos[0]]
        assert len(got.rcpt_tos) == 1
    assert sink.sessions <= 4


# --- the mail as DATA takes it -----------------------------------------------------------------

OCTETS = st.lists(st.sampled_from([b".", b"..", b"\r", b"\n", b"\r\n", b"a", b"\xc3\xa4"])).map(
    b"".join
)


@given(OCTETS)
def test_nothing_in_a_mail_can_end_it_early(content):
    data = _as_data(content)
    assert (b"\r\n" + data).index(END) == len(data) - 3
    without_pairs = data.replace(b"\r\n", b"")
    assert b"\r" not in without_pairs
    assert b"\n" not in without_pairs


@given(OCTETS)
def test_every_dot_comes_back(content):
    *lines, last, nothing = _as_data(content).split(b"\r\n")
    assert (last, nothing) == (b".", b"")
    unstuffed = [line.removeprefix(b".") for line in lines]
    whole = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    assert unstuffed == whole.removesuffix(b"\n").split(b"\n")


def test_our_mails_have_lines_that_begin_with_dots():
    content = a_mail().content
    dots = content.count(b"\r\n.")
    assert dots
    assert len(_as_data(content)) == len(content) + dots + len(b".\r\n")
