"""Senders: what carries a rendered message out of the house. A new one is a class like these.

A sender answers ``Handed`` when the other side took the message, and raises ``SendError``
otherwise, nothing else: the worker decides from ``permanent`` and ``retry_after`` alone. It keeps
its own time-outs, and being cancelled must leave nothing half open. Whatever the provider said is
quoted as it is; the worker takes code and link out before it stores a word of it.
"""

from datetime import timedelta
from typing import Protocol, TypeVar

import msgspec

from latchstring.domain.delivery.parcel import Mail, Sms

Carried_contra = TypeVar("Carried_contra", contravariant=True)


class SendError(Exception):
    """The message was not handed over."""

    def __init__(
        self, reason: str, *, permanent: bool, retry_after: timedelta = timedelta(0)
    ) -> None:
        """Say why, whether trying again is pointless, and when the provider wants to be asked."""
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
        self.retry_after = retry_after


class Handed(msgspec.Struct, frozen=True):
    """The other side has taken the message over; ``answer`` is what it said, its id in it."""

    answer: str


class Sender(Protocol[Carried_contra]):
    """Carries messages of one kind."""

    async def send(self, parcel: Carried_contra) -> Handed:
        """Hand the message over or raise ``SendError``."""

    async def close(self) -> None:
        """Let go of connections; nothing is sent afterwards."""


class Senders(msgspec.Struct, frozen=True):
    """The one sender of each channel; nothing where none is configured."""

    email: Sender[Mail] | None
    sms: Sender[Sms] | None

    async def send(self, parcel: Mail | Sms) -> Handed:
        """Hand the message to its channel's sender."""
        if isinstance(parcel, Mail):
            if self.email is not None:
                return await self.email.send(parcel)
        elif self.sms is not None:
            return await self.sms.send(parcel)
        raise SendError("no sender is configured for this channel", permanent=True)

    async def close(self) -> None:
        """Close both."""
        for sender in (self.email, self.sms):
            if sender is not None:
                await sender.close()
