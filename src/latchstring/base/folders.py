"""Folders that hold what is nobody else's business."""

from pathlib import Path


def make_private(folder: Path) -> None:
    """Make a folder and whatever is missing above it, each for its owner alone.

    ``mkdir(parents=True, mode=…)`` gives the parents the default mode, so that others may look in.
    """
    missing = [step for step in (folder, *folder.parents) if not step.exists()]
    for step in reversed(missing):
        step.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)  # refuses a file in its place
