"""One development server about to run: what `dev` has chosen, for the roof to serve."""

import socket
from collections.abc import Callable

import msgspec

from latchstring.base.settings import Settings


class DevRun(msgspec.Struct, frozen=True, kw_only=True):
    """What the roof needs to serve a development server with the inbox."""

    settings: Settings
    """Loopback only; every message goes to the developer inbox."""

    sock: socket.socket
    """Bound to the settings' address already, so the port cannot be lost on the way."""

    demo_url: str
    """Where the demo application is; the empty inbox leads there."""

    on_ready: Callable[[], None]
    """To be called once, from any thread, when requests are answered; returns at once."""
