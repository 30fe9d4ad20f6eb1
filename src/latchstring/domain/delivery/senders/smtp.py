"""Mail through a relay, over connections that are kept and used again.

A reply of the relay to the mail itself decides about the mail: 4yz may be tried again, 5yz is final
(RFC 5321 section 4.2.1). Trouble before the relay has heard of the mail (connection, greeting, TLS,
sign-in) says nothing about it, so it is tried again whatever the code, as other mail servers do.

Where the relay takes commands in groups, MAIL, RCPT and DATA leave in one write (RFC 2920); the
mail itself never leaves before all three are answered with yes.
"""

import asyncio
import re

import msgspec

from latchstring.domain.delivery.parcel import Mail
from latchstring.domain.delivery.senders import Handed, SendError
from latchstring.domain.delivery.senders.smtp_line import LineLost, Reply, SmtpLine
from latchstring.domain.delivery.senders.smtp_pool import SmtpPool

_YES, _GO_ON, _LATER, _NEVER = 2, 3, 4, 5
"""The first digit of a reply."""
_CLOSING = 421
_DATA = b"DATA\r\n"
_RESET = b"RSET\r\n"
_LINE_END = re.compile(rb"\r\n|\r|\n")
_BREAKS_OUT = re.compile(r"[\s<>]")


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long a relay may take, in seconds. A tarpit must not hold a connection for ever."""

    connect: float = 10
    """From the first packet to a greeted, private, signed-in connection."""
    command: float = 20
    stale: float = 5
    """For a kept connection to show that it still lives."""
    whole: float = 45


class _Stale(Exception):
    """A connection turned out to be dead before the relay accepted anything."""


class SmtpSender:
    """Hands mail to one relay."""

    def __init__(self, pool: SmtpPool, *, patience: Patience | None = None) -> None:
        """Send over this pool's connections."""
        self._pool = pool
        self._patience = patience or Patience()

    async def send(self, parcel: Mail) -> Handed:
        """Return once the relay has said yes to the whole mail."""
        try:
            async with asyncio.timeout(self._patience.whole):
                return await self._send(parcel)
        except TimeoutError:
            raise SendError("the relay took too long", permanent=False) from None

    async def close(self) -> None:
        """Say goodbye on every idle connection."""
        await self._pool.close()

    async def _send(self, mail: Mail) -> Handed:
        async with self._pool.place():
            kept = self._pool.take_idle()
            if kept is not None:
                try:
                    return await self._over(kept, mail, first_wait=self._patience.stale)
                except _Stale:
                    pass  # relays close idle connections as they please
            fresh = await self._pool.open(self._patience.connect)
            try:
                return await self._over(fresh, mail, first_wait=self._patience.command)
            except _Stale as dead:
                raise SendError(str(dead), permanent=False) from None

    async def _over(self, line: SmtpLine, mail: Mail, *, first_wait: float) -> Handed:
        """Send over this connection and keep it, or end it where its state is not certain."""
        try:
            handed = await self._transaction(line, mail, first_wait)
        except SendError:
            await self._clear(line)
            raise
        except BaseException:
            line.end()
            raise
        self._pool.keep(line)
        return handed

    async def _transaction(self, line: SmtpLine, mail: Mail, first_wait: float) -> Handed:
        envelope = _envelope(mail, utf8=line.takes_utf8)
        wait = self._patience.command
        if line.pipelines:
            line.say(*envelope)
        for command in envelope:
            if not line.pipelines:
                line.say(command)
            if command is envelope[0]:
                reply = await _first_heard(line, first_wait)
            else:
                reply = await _heard(line, wait)
            _demand(line, reply, _GO_ON if command is _DATA else _YES)
        line.say(_as_data(mail.content))
        # From here on nobody knows whether the relay has it; a copy with the same Message-ID is the
        # lesser evil.
        answer = await _heard(line, wait)
        _demand(line, answer, _YES)
        return Handed(str(answer))

    async def _clear(self, line: SmtpLine) -> None:
        """Bring a connection to where the next mail can begin after a refusal, or end it."""
        wait = self._patience.stale
        try:
            while line.unheard:
                reply = await line.hear(wait)
                if reply.kind == _GO_ON:
                    # It refused the sender or the recipient and wants the mail all the same. A lone
                    # dot would be an empty mail, to whomever it has in mind (RFC 2920 section 3.1).
                    line.end()
            line.say(_RESET)
            reply = await line.hear(wait)
        except LineLost:
            return
        except BaseException:
            line.end()
            raise
        if reply.kind == _YES:
            self._pool.keep(line)
        else:
            line.end()


def _envelope(mail: Mail, *, utf8: bool) -> tuple[bytes, bytes, bytes]:
    """Return the commands in front of the mail; refuse what SMTP or this relay cannot say."""
    for address in (mail.sender, mail.recipient):
        if not address.isprintable() or _BREAKS_OUT.search(address):
            raise SendError("the address cannot be written in SMTP", permanent=True)
    option = ""
    if mail.needs_utf8:
        if not utf8:
            raise SendError("the relay does not take such addresses (SMTPUTF8)", permanent=True)
        option = " SMTPUTF8"
    return (
        f"MAIL FROM:<{mail.sender}>{option}\r\n".encode(),
        f"RCPT TO:<{mail.recipient}>\r\n".encode(),
        _DATA,
    )


def _as_data(content: bytes) -> bytes:
    """Return the mail as DATA takes it: only its end is a dot alone between two ends of lines.

    A CR or LF by itself is an end of line to some relays and none to others, which is how one mail
    becomes two (SMTP smuggling); ours has none, and should one come, it is made whole.
    """
    ends = content.count(b"\r\n")
    if content.count(b"\n") != ends or content.count(b"\r") != ends or content[-2:] != b"\r\n":
        content = _LINE_END.sub(b"\r\n", content).removesuffix(b"\r\n") + b"\r\n"
    dotted = content.replace(b"\r\n.", b"\r\n..")  # RFC 5321 section 4.5.2
    return (b"." if dotted[:1] == b"." else b"") + dotted + b".\r\n"


async def _first_heard(line: SmtpLine, within: float) -> Reply:
    """Hear the first reply to a mail: only now is it certain that a kept connection lives."""
    try:
        reply = await line.hear(within)
    except LineLost as dead:
        raise _Stale(str(dead)) from None
    if reply.code == _CLOSING:
        raise _Stale(str(reply))
    return reply


async def _heard(line: SmtpLine, within: float) -> Reply:
    try:
        return await line.hear(within)
    except LineLost as trouble:
        raise SendError(str(trouble), permanent=False) from trouble


def _demand(line: SmtpLine, reply: Reply, kind: int) -> None:
    """Take this kind of reply for a yes, and any other for a refusal of the mail."""
    if reply.kind == kind:
        return
    if reply.kind not in (_LATER, _NEVER):  # nobody knows what it is waiting for now
        line.end()
    raise SendError(str(reply), permanent=reply.kind == _NEVER)
