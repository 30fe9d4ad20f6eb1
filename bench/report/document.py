"""Puts the tables and the plot where people read them, between two marks in the document."""

from collections.abc import Sequence
from pathlib import Path

DOCUMENT = Path("docs/performance.md")
PLOT = Path("docs/performance.svg")
BEGIN = "<!-- measured: written by `make bench ARGS=--write`, not by hand -->"
END = "<!-- end of what was measured -->"


def replaced(document: str, lines: Sequence[str]) -> str:
    """Return the document with these lines between its marks."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the document has lost its marks")
    return "\n".join([f"{before}{BEGIN}", "", *lines, "", f"{END}{after}"])


def write(lines: Sequence[str], drawing: str) -> None:
    """Write both."""
    text = replaced(DOCUMENT.read_text(encoding="utf-8"), lines)
    DOCUMENT.write_text(text, encoding="utf-8")
    PLOT.write_text(drawing, encoding="utf-8")
