"""Ports for the development servers: the one asked for, else the next one that is free."""

import socket

from latchstring.base.errors import Unavailable

LOOPBACK = "127.0.0.1"
ATTEMPTS = 50


def listen_near(port: int) -> socket.socket:
    """Return a socket bound to this port on loopback, or to the first free one above it.

    Raises ``Unavailable`` if none is. The caller keeps the socket, so that nobody can take the
    port between the choice and its use.
    """
    for candidate in range(port, min(port + ATTEMPTS, 65536)):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        # A port that a stopped server left a moment ago is free; one that is served is not.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((LOOPBACK, candidate))
            sock.listen()
        except OSError:
            sock.close()
            continue
        return sock
    raise Unavailable(f"No free port from {port} on. Name another with --port and --demo-port.")


def port_of(sock: socket.socket) -> int:
    """Return the port a socket is bound to."""
    port: int = sock.getsockname()[1]
    return port
