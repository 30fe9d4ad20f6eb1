"""Ports for servers that are started again and again on the same one."""

import random
import socket

_LOWEST, _HIGHEST = 12_000, 30_000
"""Below the ports that the system gives to outgoing connections: while a server is down, none of
those may take its place."""

_DRAW = random.SystemRandom()


def stable_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    while True:
        port = _DRAW.randrange(_LOWEST, _HIGHEST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
