"""Configuration files for tests: the documented example, and changes to it."""

from pathlib import Path

EXAMPLE = Path(__file__).with_name("latchstring.toml").read_text(encoding="utf-8")
"""The configuration that the project promises to accept as it is."""

SECRET = "a-secret-of-at-least-32-characters!!"


def write(folder: Path, text: str = EXAMPLE) -> Path:
    """Write a configuration file and return its path."""
    path = folder / "latchstring.toml"
    path.write_text(text, encoding="utf-8")
    return path


def line_of(text: str, part: str) -> int:
    """Return the number of the first line that holds a part."""
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


def mode_of(path: Path) -> int:
    """Return who may do what with a file."""
    return path.stat().st_mode & 0o777
