"""The relay of the procedures takes mail as production relays do: commands in groups, too."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chaos.edges.mail import MailRelay, a_relay
from chaos.edges.record import Record
from chaos.edges.rules import RECIPIENT, Rule
from chaos.messages import Messages

GROUP = b"MAIL FROM:<login@acme.example>\r\nRCPT TO:<%b>\r\nDATA\r\n"
MAIL = b"Message-ID: <one@acme.example>\r\n\r\n123456\r\n.\r\n"


class Client:
    """One connection to a relay."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def say(self, octets: bytes) -> None:
        self.writer.write(octets)

    async def hear(self) -> str:
        """Return the next reply, all of its lines."""
        lines = []
        while True:
            line = (await asyncio.wait_for(self.reader.readline(), 5)).decode().rstrip()
            lines.append(line)
            if line[3:4] != "-":
                return "\n".join(lines)

    async def codes(self, count: int) -> list[str]:
        return [(await self.hear())[:3] for _ in range(count)]


@asynccontextmanager
async def a_client(relay: MailRelay) -> AsyncIterator[Client]:
    streams = await asyncio.open_connection("127.0.0.1", relay.port)
    client = Client(*streams)
    try:
        assert await client.hear() == "220 edge"
        yield client
    finally:
        streams[1].close()


def arrived(path) -> list[str]:
    messages = Messages(path)
    messages.refresh()
    return [message.to for message in messages.all]


async def test_it_offers_groups_and_answers_each_command_of_one(tmp_path):
    async with a_relay(Record(tmp_path / "record")) as relay, a_client(relay) as client:
        client.say(b"EHLO acme.example\r\n")
        assert "250-PIPELINING" in await client.hear()
        client.say(GROUP % b"alice@example.com")
        assert await client.codes(3) == ["250", "250", "354"]
        client.say(MAIL)
        assert await client.codes(1) == ["250"]
    assert arrived(tmp_path / "record") == ["alice@example.com"]


async def test_data_after_a_refused_recipient_is_refused_and_the_next_mail_is_taken(tmp_path):
    async with a_relay(Record(tmp_path / "record")) as relay, a_client(relay) as client:
        relay.rules.rules = [Rule(stage=RECIPIENT, domain="unknown.example", say="550 unknown")]
        client.say(GROUP % b"bob@unknown.example")
        assert await client.codes(3) == ["250", "550", "503"]
        client.say(b"RSET\r\n" + GROUP % b"alice@example.com")
        assert await client.codes(4) == ["250", "250", "250", "354"]
        client.say(MAIL)
        assert await client.codes(1) == ["250"]
    assert arrived(tmp_path / "record") == ["alice@example.com"]


async def test_a_recipient_counts_for_one_mail(tmp_path):
    async with a_relay(Record(tmp_path / "record")) as relay, a_client(relay) as client:
        client.say(b"MAIL FROM:<a@acme.example>\r\nRCPT TO:<alice@example.com>\r\nRSET\r\nDATA\r\n")
        assert await client.codes(4) == ["250", "250", "250", "503"]
