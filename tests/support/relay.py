"""Mail relays on loopback: a real one (aiosmtpd) and one that follows a script, word by word."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass  # without slots, as tests.support.sinks says
class Sink:
    """Takes every mail, unless told what to answer to a command."""

    mails: list[Envelope] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)
    """Per command (MAIL, RCPT, DATA), what to say instead of yes, once each."""
    sessions: int = 0
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once somebody said goodbye."""
    commands: list[str] = field(default_factory=list)
    delays: dict[str, float] = field(default_factory=dict)
    """Per recipient domain, how long to think about RCPT."""
    offers: tuple[str, ...] = ()
    """What to announce besides what aiosmtpd does; it copes with PIPELINING, for one."""

    async def handle_EHLO(self, _server, session, _envelope, hostname, responses):  # noqa: N802 - aiosmtpd's name
        """Greet, and announce what we offer."""
        session.host_name = hostname
        last = responses.pop()
        return [*responses, *(f"250-{offer}" for offer in self.offers), last]

    async def handle_MAIL(self, _server, _session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        """Take the sender, or answer as told."""
        self.commands.append("MAIL")
        told = self._told("MAIL")
        if told:
            return told
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 sender ok"

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 - aiosmtpd's name
        """Take the recipient, slowly where told."""
        await asyncio.sleep(self.delays.get(address.rpartition("@")[2], 0))
        told = self._told("RCPT")
        if told:
            return told
        envelope.rcpt_tos.append(address)
        return "250 recipient ok"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - aiosmtpd's name
        """Take the mail."""
        told = self._told("DATA")
        if told:
            return told
        self.mails.append(envelope)
        return f"250 2.0.0 queued as {len(self.mails):06}"

    async def handle_RSET(self, _server, _session, _envelope):  # noqa: N802 - aiosmtpd's name
        """Note that the connection was cleared."""
        self.commands.append("RSET")
        return "250 OK"

    async def handle_QUIT(self, _server, _session, _envelope):  # noqa: N802 - aiosmtpd's name
        """Note that somebody left politely."""
        self.commands.append("QUIT")
        self.left.set()
        return "221 Bye"

    def _told(self, command: str) -> str | None:
        answers = self.answers.get(command)
        return answers.pop(0) if answers else None

    @property
    def recipients(self) -> list[str]:
        """Who got mail, in order."""
        return [mail.rcpt_tos[0] for mail in self.mails]


@asynccontextmanager
async def relay(sink: Sink, *, port: int = 0, **options: Any) -> AsyncIterator[int]:
    """Run aiosmtpd on a port of this machine, 0: a free one."""
    protocols: list[SMTP] = []

    def connected() -> SMTP:
        sink.sessions += 1
        with warnings.catch_warnings():
            # aiosmtpd warns of signing in without TLS; on loopback that is what is being tested.
            warnings.simplefilter("ignore", UserWarning)
            protocol = SMTP(sink, enable_SMTPUTF8=True, hostname="relay.test", **options)
        protocols.append(protocol)
        return protocol

    loop = asyncio.get_running_loop()
    server = await loop.create_server(connected, "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for protocol in protocols:
            if isinstance(protocol.transport, asyncio.WriteTransport):
                with suppress(AttributeError):  # Python 3.11.2 trips over a TLS that has ended
                    protocol.transport.abort()
        await asyncio.sleep(0)


def only(user: str, password: str) -> Callable[..., AuthResult]:
    """Let this user in and nobody else."""

    def check(_server, _session, _envelope, _mechanism, data) -> AuthResult:
        good = data == LoginPassword(user.encode(), password.encode())
        return AuthResult(success=good, handled=False)

    return check


Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def scripted(script: Script, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Run a relay on a free port that does exactly what the script says, over TLS if asked to."""
    running: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            await script(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            running.discard(task)

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def say(writer: asyncio.StreamWriter, *lines: str) -> None:
    """Write lines to the client."""
    writer.write("".join(f"{line}\r\n" for line in lines).encode())
    await writer.drain()


async def hear(reader: asyncio.StreamReader, word: str) -> str:
    """Read the client's next line, which must begin with this word."""
    line = (await reader.readline()).decode().strip()
    assert line.upper().startswith(word), line
    return line


async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *offers: str) -> None:
    """Play the part up to the first mail."""
    await say(writer, "220 relay.test")
    await hear(reader, "EHLO")
    *others, last = ("relay.test", *offers)
    await say(writer, *(f"250-{other}" for other in others), f"250 {last}")


async def take_data(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """Play the part from MAIL to the last line of the mail; return it."""
    for word, answer in (("MAIL", "250 ok"), ("RCPT", "250 ok"), ("DATA", "354 go on")):
        await hear(reader, word)
        await say(writer, answer)
    return await reader.readuntil(b"\r\n.\r\n")


def a_certificate(folder: Path, *names: str, days: int = 1) -> ssl.SSLContext:
    """Write ``cert.pem`` and return the server's context; negative days: it has expired."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "relay.test")])
    now = datetime.now(UTC)
    start, end = sorted((now - timedelta(minutes=1), now + timedelta(days=days)))
    alternatives = [
        x509.IPAddress(ip_address(one)) if one[0].isdigit() else x509.DNSName(one) for one in names
    ]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context
