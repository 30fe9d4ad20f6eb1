"""What a supervisor tells a server process that it starts, and hears from it.

Over a socket that only the two of them have: no secret stands in an argument or a variable, a
process that is started again later is told the same, and each sees at once when the other is gone.
"""

import json
import pickle
import socket
import struct

import msgspec

from latchstring.base.settings import Settings
from latchstring.web.http.metrics import Snapshot

LONGEST_WORD = 1024 * 1024

_SIZE = struct.Struct(">I")


class Orders(msgspec.Struct, frozen=True):
    """How one of several server processes is to serve."""

    settings: Settings
    number: int
    """From 0 on; whoever takes the place of one that ended has its number."""


class Word(msgspec.Struct, frozen=True):
    """What a server process says: that it serves, why it cannot, or what it has counted."""

    is_ready: bool = False
    refusal: str = ""
    numbers: Snapshot | None = None

    def line(self) -> bytes:
        """Return it as a line."""
        numbers = self.numbers.plain() if self.numbers else None
        return json.dumps([self.is_ready, self.refusal, numbers]).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> "Word | None":
        """Return the word of a line; nothing where the process ended without one."""
        if not line.endswith(b"\n"):
            return None
        is_ready, refusal, numbers = json.loads(line)
        return cls(is_ready, refusal, Snapshot.of(numbers) if numbers else None)


def written(orders: Orders) -> bytes:
    """Return orders as bytes."""
    data = pickle.dumps(orders)
    return _SIZE.pack(len(data)) + data


def received(channel: socket.socket) -> Orders:
    """Return the orders that were written to a channel."""
    (size,) = _SIZE.unpack(_exactly(channel, _SIZE.size))
    found: Orders = pickle.loads(_exactly(channel, size))  # noqa: S301 - our own parent's words
    return found


def _exactly(channel: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        piece = channel.recv(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return bytes(data)
