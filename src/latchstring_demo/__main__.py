"""Run the demo application: `python -m latchstring_demo`."""

import argparse
import os
import signal
import socket
import sys
import threading
from contextlib import suppress

import uvicorn

from latchstring_demo.app import build
from latchstring_demo.settings import SettingsRefused, read


def main(arguments: list[str]) -> int:
    """Serve until stopped, by itself or for a parent."""
    options = _options(arguments)
    try:
        settings = read(os.environ)
    except SettingsRefused as refused:
        sys.stderr.write(f"latchstring_demo: {refused}\n")
        return 2
    if options.until_stdin_closes:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    config = uvicorn.Config(
        build(settings),
        host=settings.hostname,
        port=settings.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    try:
        sockets = None if options.socket is None else [socket.socket(fileno=options.socket)]
    except (OSError, ValueError):
        sys.stderr.write(f"latchstring_demo: {options.socket} is no socket\n")
        return 2
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets)
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="latchstring_demo", description=__doc__)
    parser.add_argument("--until-stdin-closes", action="store_true", help="end with the parent")
    parser.add_argument("--socket", type=int, metavar="FD", help="a listening socket to serve at")
    return parser.parse_args(arguments)


def _end_with_stdin() -> None:
    # A parent killed outright cannot end its child, but its end of the pipe closes all the same.
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
