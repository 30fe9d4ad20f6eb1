"""``python -m bench``: measure, print, and fail where a figure could not be trusted."""

import argparse
import asyncio
import shlex
import sys
import tempfile
from pathlib import Path

import uvloop

from bench.heats import HEATS
from bench.plan import BenchFailed, Plan
from bench.report import document, plot, table
from bench.rounds import run


def main() -> int:
    """Return the exit code."""
    options = _options()
    # Not /tmp, which may lie in memory, where fsync is free. Clusters are made there, too.
    tempfile.tempdir = str(options.folder)
    with tempfile.TemporaryDirectory(prefix="latchstring-bench-") as folder:
        plan = _plan(options, Path(folder))
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                result = runner.run(run(plan))
        except BenchFailed as failed:
            print(f"bench: {failed}", file=sys.stderr)
            return 1
    lines = [
        f"`make bench ARGS={shlex.quote(' '.join(sys.argv[1:]))}`",
        "",
        *table.lines(plan, result),
    ]
    print("\n".join(lines))
    if options.write:
        document.write(lines, plot.svg(plan, result))
    return 0


def _plan(options: argparse.Namespace, folder: Path) -> Plan:
    return Plan(
        folder=folder,
        heats=tuple(options.heats),
        seconds=1.5 if options.quick else options.seconds,
        warm_up=4 if options.quick else options.warm_up,
        rounds=2 if options.quick else options.rounds,
        users=(options.users[-1],) if options.quick else tuple(options.users),
        cold_starts=1 if options.quick else options.cold_starts,
        people=() if options.quick else tuple(options.users_in_database),
        peers=not options.without_peers,
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="Measure sign-ins.")
    add = parser.add_argument
    add("--heats", nargs="+", choices=list(HEATS), default=list(HEATS), help="which; all")
    add("--quick", action="store_true", help="a glance: 2 short rounds, one number of users")
    add("--seconds", type=float, default=3, help="of load per measurement")
    add("--warm-up", type=float, default=10, help="seconds of load before the first measurement")
    add("--rounds", type=int, default=5, help="measurements of each line")
    add("--users", type=int, nargs="+", default=[8, 32], help="virtual users")
    add(
        "--users-in-database",
        type=int,
        nargs="*",
        default=[100_000],
        help="sizes of the product's databases to measure beside 1000",
    )
    add("--cold-starts", type=int, default=5, help="of each server")
    add("--without-peers", action="store_true", help="measure the product and the limits alone")
    add("--folder", type=Path, default=Path("/var/tmp"), help="on the disk to measure")  # noqa: S108 - a folder of our own below it
    add("--write", action="store_true", help=f"write {document.DOCUMENT} and {document.PLOT}")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
