"""Mail through a relay, over connections that are kept and used again.

A reply of the relay to the mail itself decides about the mail: 4yz may be tried again, 5yz is final
(RFC 5321 section 4.2.1). Trouble before the relay has heard of the mail (connection, greeting, TLS,
sign-in) says nothing about it, so it is tried again whatever the code, as other mail servers do.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

import aiosmtplib
from aiosmtplib import SMTP

from latchstring.domain.delivery.parcel import Mail
from latchstring.domain.delivery.senders import Handed, SendError
from latchstring.domain.delivery.senders.smtp_pool import SmtpPool, words

T = TypeVar("T")
_PERMANENT = range(500, 600)
_CLOSING = 421


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a relay may take, in seconds. A tarpit must not hold a connection for ever."""

    connect: float = 10
    """From the first packet to a greeted, private, signed-in connection."""
    command: float = 20
    stale: float = 5
    """For a kept connection to show that it still lives."""
    whole: float = 45


class _Stale(Exception):
    """A kept connection turned out to be dead before the relay accepted anything."""


class SmtpSender:
    """Hands mail to one relay."""

    def __init__(self, pool: SmtpPool, *, patience: Patience | None = None) -> None:
        """Send over this pool's connections."""
        self._pool = pool
        self._patience = patience or Patience()

    async def send(self, parcel: Mail) -> Handed:
        """Return once the relay has answered 250 to the whole mail."""
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

    async def _over(self, connection: SMTP, mail: Mail, *, first_wait: float) -> Handed:
        """Send over this connection and keep it, or close it where its state is not certain."""
        try:
            handed = await self._transaction(connection, mail, first_wait)
        except SendError as error:
            refusal = error.__cause__
            if isinstance(refusal, aiosmtplib.SMTPResponseException) and refusal.code > 0:
                await self._reset(connection)
            else:  # cut off, or gibberish: the next reply might belong to this mail
                connection.close()
            raise
        except BaseException:
            connection.close()
            raise
        self._pool.keep(connection)
        return handed

    async def _transaction(self, connection: SMTP, mail: Mail, first_wait: float) -> Handed:
        if not mail.recipient.isprintable() or " " in mail.recipient:
            # The client library would quietly send to what stands before the blank.
            raise SendError("the address cannot be written in SMTP", permanent=True)
        options, encoding = [], "ascii"
        if mail.needs_utf8:
            if not connection.supports_extension("smtputf8"):
                raise SendError("the relay does not take such addresses (SMTPUTF8)", permanent=True)
            options, encoding = ["SMTPUTF8"], "utf-8"
        try:
            await connection.mail(
                mail.sender, options=options, encoding=encoding, timeout=first_wait
            )
        except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError, OSError) as dead:
            raise _Stale(words(dead)) from None
        except aiosmtplib.SMTPResponseException as refusal:
            if refusal.code == _CLOSING:
                raise _Stale(words(refusal)) from None
            raise _refused(refusal) from refusal
        wait = self._patience.command
        await _judged(connection.rcpt(mail.recipient, encoding=encoding, timeout=wait))
        answer = await _judged(connection.data(mail.content, timeout=wait))
        return Handed(f"{answer.code} {answer.message}")

    async def _reset(self, connection: SMTP) -> None:
        """Clear the relay's memory of a refused mail before the connection is used again."""
        try:
            await connection.rset(timeout=self._patience.stale)
        except (aiosmtplib.SMTPException, OSError):
            connection.close()
        else:
            self._pool.keep(connection)


async def _judged(command: Awaitable[T]) -> T:
    """Await a command about the mail; turn what goes wrong into what it means for the mail."""
    try:
        return await command
    except aiosmtplib.SMTPResponseException as refusal:
        raise _refused(refusal) from refusal
    except (aiosmtplib.SMTPException, OSError) as trouble:
        # After DATA nobody knows whether the relay has it; a copy with the same Message-ID is the
        # lesser evil.
        raise SendError(words(trouble), permanent=False) from trouble


def _refused(refusal: aiosmtplib.SMTPResponseException) -> SendError:
    return SendError(words(refusal), permanent=refusal.code in _PERMANENT)
