"""Ports of the loopback for servers that are started later, or again and again on the same one."""

import os
import random
import socket

_LOWEST, _SHARE, _SHARES = 12_000, 2_000, 9
"""Below the ports that the system gives to outgoing connections: none of those may take the place
of a server that is not there yet. Up to eight processes that run tests have shares of their own,
and so has whatever runs beside them."""

_DRAW = random.SystemRandom()
_given: set[int] = set()


def free_port() -> int:
    """Return a port that nobody listens on, and never the same one twice in a process."""
    for port in _DRAW.sample(_share(), _SHARE):
        if port not in _given and _is_free(port):
            _given.add(port)
            return port
    message = f"no port of {_share()} is left"
    raise OSError(message)


def _share() -> range:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw-1").removeprefix("gw")
    first = _LOWEST + (int(worker) + 1) % _SHARES * _SHARE
    return range(first, first + _SHARE)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
