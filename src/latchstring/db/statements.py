"""Named SQL from ``.sql`` files: one text for both databases.

A statement is a line ``-- name --``, a comment that says what for, and the SQL. The fragment
``-- columns --`` is a table's column list, written once; ``{columns}`` in a statement stands for
it. Parameters are ``:name``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

_HEADING = re.compile(r"^-- (\w+) --$", re.MULTILINE)
_FRAGMENT = "columns"


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """One named statement; compared by identity, so it can key caches."""

    name: str
    text: str


def load(package: str, file: str = "store.sql") -> Mapping[str, Statement]:
    """Return the statements of a package's file by name; raise ``FileNotFoundError`` without it."""
    return parse(resources.files(package).joinpath(file).read_text(encoding="utf-8"))


def parse(source: str) -> Mapping[str, Statement]:
    """Return the statements of a source text by name; refuse a name used twice."""
    pieces = _HEADING.split(source)[1:]
    names, texts = pieces[::2], [text.strip() for text in pieces[1::2]]
    if len(set(names)) != len(names):
        message = f"a statement name is used twice among {sorted(names)}"
        raise ValueError(message)
    found = dict(zip(names, texts, strict=True))
    columns = _without_comments(found.pop(_FRAGMENT, ""))
    return {
        name: Statement(name, text.replace("{columns}", columns)) for name, text in found.items()
    }


def _without_comments(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("--")).strip()
