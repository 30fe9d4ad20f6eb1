"""Run the demo application: `python -m latchstring_demo`."""

import os
import signal
import sys
import threading

import uvicorn

from latchstring_demo.app import build
from latchstring_demo.settings import SettingsRefused, read


def main(arguments: list[str]) -> int:
    """Serve until stopped; with `--until-stdin-closes` also end together with the parent."""
    try:
        settings = read(os.environ)
    except SettingsRefused as refused:
        sys.stderr.write(f"latchstring_demo: {refused}\n")
        return 2
    if "--until-stdin-closes" in arguments:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    uvicorn.run(
        build(settings),
        host=settings.hostname,
        port=settings.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    return 0


def _end_with_stdin() -> None:
    # A parent killed outright cannot end its child, but its end of the pipe closes all the same.
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
