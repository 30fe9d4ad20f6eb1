"""``python -m bench``: measure, print, and fail where a figure could not be trusted."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

import uvloop

from bench.rounds import BenchFailed, Plan, run
from bench.table import lines

_FOLDER = Path(".latchstring")


def main() -> int:
    """Return the exit code."""
    options = _options()
    # Not the system's folder for temporary files: it may lie in memory, where fsync is free.
    options.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.folder) as folder:
        plan = Plan(
            seconds=options.seconds,
            rounds=options.rounds,
            users=tuple(options.users),
            cold_starts=options.cold_starts,
            folder=Path(folder).resolve(),
        )
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                result = runner.run(run(plan))
        except BenchFailed as failed:
            print(f"bench: {failed}", file=sys.stderr)
            return 1
    for line in lines(plan, result):
        print(line)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="Measure complete logins.")
    parser.add_argument("--seconds", type=float, default=2.5, help="of load per measurement")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each line")
    parser.add_argument(
        "--users", type=int, nargs="+", default=[8, 32], help="virtual users, one line each"
    )
    parser.add_argument("--cold-starts", type=int, default=5, help="before the load")
    parser.add_argument("--folder", type=Path, default=_FOLDER, help="on the disk to measure")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
