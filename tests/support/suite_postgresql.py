"""Run a command with one PostgreSQL for all of it: ``python -m tests.support.suite_postgresql``."""

import os
import signal
import subprocess
import sys

from tests.support.databases import SUITE
from tests.support.postgresql import NO_HURRY_TO_DISK, Cluster


def run(command: list[str]) -> int:
    """Start the cluster, run the command to its end, and return how that ended."""
    with Cluster(NO_HURRY_TO_DISK) as cluster:
        # Ctrl-C reaches the command too, which decides; this one waits for it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        environment = {**os.environ, SUITE: str(cluster.sockets)}
        return subprocess.run(
            command,
            env=environment,
            check=False,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        ).returncode


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
