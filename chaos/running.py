"""Runs one procedure on one database, from an empty folder to its result."""

import asyncio
import time
from pathlib import Path

from chaos.registry import Procedure
from chaos.report import Result
from chaos.scale import Scale
from chaos.stage import a_stage

_LONGEST_SECONDS = 1800.0


async def run(procedure: Procedure, database: str, scale: Scale, folder: Path) -> Result:
    """Return what came of it; trouble on the way is a result too."""
    began = time.monotonic()
    assert procedure.run is not None
    try:
        async with asyncio.timeout(_LONGEST_SECONDS), a_stage(folder, scale) as stage:
            figures = await procedure.run(stage)
    except Exception as trouble:  # noqa: BLE001 - the other procedures are still to run
        words = f"{type(trouble).__name__}: {trouble}"
        return Result(
            procedure=procedure,
            database=database,
            trouble=" ".join(words.split()),
            seconds=time.monotonic() - began,
        )
    seconds = time.monotonic() - began
    return Result(procedure=procedure, database=database, figures=figures, seconds=seconds)
