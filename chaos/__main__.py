"""``python -m chaos [R-01 …]``: break things, print what it cost, fail where it cost too much."""

import argparse
import asyncio
import dataclasses
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import uvloop

from chaos.databases import KINDS
from chaos.registry import Procedure, procedures
from chaos.report import FAIL, Result, line, summary, write
from chaos.running import run
from chaos.scale import FULL, SHORT, Scale

_FOLDER = Path(".latchstring")


_SIDE_BY_SIDE = 4
"""Procedures that mostly wait, at the same time."""


def main() -> int:
    """Return the exit code: 1 where a procedure fell short."""
    options = _options()
    scale = SHORT if options.short else dataclasses.replace(FULL, stretch=options.stretch)
    chosen = [each for each in procedures() if not options.ids or each.id in options.ids]
    # Not the system's folder for temporary files: it may lie in memory, where fsync is free.
    options.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    options.folder = options.folder.resolve()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        results = runner.run(_run_all(chosen, scale, options))
    print(summary(results))
    if options.write:
        write(results, _command(options), anew=not (options.ids or options.database))
    return int(not results or any(result.verdict == FAIL for result in results))


async def _run_all(
    chosen: Sequence[Procedure], scale: Scale, options: argparse.Namespace
) -> list[Result]:
    """Run those that mostly wait side by side, then the others, which want the machine alone."""
    runs = [(each, kind) for each in chosen for kind in _databases(each, options.database)]
    places = asyncio.Semaphore(_SIDE_BY_SIDE)

    async def one(procedure: Procedure, kind: str) -> Result:
        async with places:
            return await _run(procedure, kind, scale, options)

    patient = [each for each in runs if scale.is_full and each[0].mostly_waits]
    results = list(await asyncio.gather(*(one(*each) for each in patient)))
    results += [await one(*each) for each in runs if each not in patient]
    return sorted(results, key=lambda result: (result.procedure.id, result.database != KINDS[0]))


def _databases(procedure: Procedure, wanted: str | None) -> list[str]:
    if procedure.waits_for:
        return [KINDS[0]]
    return [kind for kind in procedure.databases if wanted in (None, kind)]


async def _run(
    procedure: Procedure, database: str, scale: Scale, options: argparse.Namespace
) -> Result:
    if procedure.waits_for:
        result = Result(procedure=procedure)
        print(line(result), flush=True)
        return result
    folder = Path(tempfile.mkdtemp(prefix=f"chaos-{procedure.id}-", dir=options.folder))
    result = await run(procedure, database, scale, folder)
    print(line(result), flush=True)
    if options.keep or result.verdict == FAIL:
        print(f"  kept: {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return result


def _command(options: argparse.Namespace) -> str:
    words = ["python -m chaos", *options.ids]
    words += ["--short"] if options.short else []
    words += ["--database", options.database] if options.database else []
    words += ["--stretch", f"{options.stretch:g}"] if options.stretch != 1 else []
    return " ".join(words)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="chaos", description="Break things on purpose.")
    parser.add_argument("ids", nargs="*", metavar="R-01", help="only these procedures")
    parser.add_argument("--short", action="store_true", help="seconds each instead of minutes")
    parser.add_argument("--database", choices=KINDS, help="only on this one")
    parser.add_argument(
        "--stretch", type=float, default=1.0, help="factor on outages and soaking (full runs)"
    )
    parser.add_argument("--write", action="store_true", help="put the rows into the documentation")
    parser.add_argument("--keep", action="store_true", help="keep the folders of runs")
    parser.add_argument("--folder", type=Path, default=_FOLDER, help="on the disk to use")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
