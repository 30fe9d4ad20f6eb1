"""A relay is greeted: connected, private as the operator demands, signed in.

Of all the rooms only this one knows the client library. It is imported with the first mail: a start
shall not wait for it.
"""

import asyncio
import re
from typing import cast

import aiosmtplib
from aiosmtplib import SMTP

from latchstring.domain.delivery.senders import SendError
from latchstring.domain.delivery.senders.smtp_line import SmtpLine
from latchstring.domain.delivery.senders.smtp_url import SmtpServer, Tls
from latchstring.domain.delivery.senders.trust import opportunistic, verifying

_ENHANCED = re.compile(r"\A[245]\.\d{1,3}\.\d{1,3}(?!\S)", re.ASCII)
"""What a refusal begins with where the relay has codes of RFC 3463."""


async def greeted(server: SmtpServer, hello: str, seconds: float) -> SmtpLine:
    """Return a connection that may carry mail; raise ``SendError``, or ``TimeoutError``."""
    try:
        return await _greeted(server, hello, seconds)
    except TimeoutError:  # an ``OSError`` as well, without a word to quote
        raise
    except (aiosmtplib.SMTPException, OSError) as trouble:
        raise SendError(_words(trouble), permanent=False) from trouble


async def _greeted(server: SmtpServer, hello: str, seconds: float) -> SmtpLine:
    implicit = server.tls is Tls.IMPLICIT
    connection = SMTP(
        hostname=server.host,
        port=server.port,
        local_hostname=hello,
        use_tls=implicit,
        start_tls=False,
        tls_context=verifying() if implicit else None,
        timeout=seconds,
    )
    try:
        await connection.connect()
        await connection.ehlo()
        if server.tls in (Tls.REQUIRED, Tls.OPTIONAL):
            await _start_tls(connection, server)
        if server.username:
            await _sign_in(connection, server)
        _end_if_cancelled()
        return SmtpLine(_transport_of(connection), connection.esmtp_extensions)
    except BaseException:
        connection.close()
        raise


def _end_if_cancelled() -> None:
    """Raise what the client library kept back.

    It waits with ``asyncio.wait_for``, which forgets a cancellation that comes together with what
    it waits for (Python 3.11). A mail whose lease has run out would then be sent here, and once
    more by whoever holds it now.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def _start_tls(connection: SMTP, server: SmtpServer) -> None:
    if connection.supports_extension("starttls"):
        context = verifying() if server.verified else opportunistic()
        await connection.starttls(tls_context=context)
        await connection.ehlo()
    elif server.tls is Tls.REQUIRED:
        # An attacker in the middle can take the offer out; then nothing is said at all.
        raise SendError("the relay offers no STARTTLS, and it is required", permanent=False)


async def _sign_in(connection: SMTP, server: SmtpServer) -> None:
    try:
        await connection.login(server.username, server.password)
    except aiosmtplib.SMTPResponseException as refusal:
        # In its words it may quote the command, and the command is the password.
        code = [str(refusal.code)] if refusal.code > 0 else []
        said = [*code, *_ENHANCED.findall(refusal.message), "the relay refused to sign us in"]
        raise SendError(" ".join(said), permanent=False) from None


def _transport_of(connection: SMTP) -> asyncio.Transport:
    """Return what the client library speaks over, TLS included; it is not to touch it again."""
    if connection.transport is None:
        raise aiosmtplib.SMTPServerDisconnected("Connection lost")
    return cast("asyncio.Transport", connection.transport)  # uvloop's are of no such class


def _words(trouble: Exception) -> str:
    """Return what went wrong in the relay's words, or the system's."""
    if isinstance(trouble, aiosmtplib.SMTPResponseException):
        return f"{trouble.code} {trouble.message}" if trouble.code > 0 else trouble.message
    return str(trouble) or type(trouble).__name__
