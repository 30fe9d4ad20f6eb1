"""Named SQL from ``.sql`` files: one text for both databases.

A statement is a line ``-- name --``, a comment that says what for, and the SQL; its parameters are
``:name``. What several share is written once: ``{columns}`` in a statement stands for the fragment
``-- columns --`` (a table's column list), ``{_rest}`` for ``-- _rest --``. The one seam between the
dialects is a comment: ``/*pg for update */`` is uncovered for PostgreSQL and stays a comment for
SQLite; where it ends in ``--``, the rest of its line is SQLite's alone.
"""

import re
from collections.abc import Mapping
from importlib import resources

import msgspec

_HEADING = re.compile(r"^-- (\w+) --$", re.MULTILINE)
_COLUMNS = "columns"
_SEAM = re.compile(r"/\*pg\s(.*?)\*/", re.DOTALL)
_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]\w*)")


class Statement(msgspec.Struct, frozen=True, eq=False):
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
    shared = {name: found.pop(name) for name in names if name == _COLUMNS or name[0] == "_"}
    return {name: Statement(name, _filled(text, shared)) for name, text in found.items()}


def _filled(text: str, shared: Mapping[str, str]) -> str:
    for name, fragment in shared.items():
        text = text.replace(f"{{{name}}}", _without_comments(fragment))
    return text


def _without_comments(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("--")).strip()


class Numbered(msgspec.Struct, frozen=True):
    """A statement as PostgreSQL takes it: ``$1`` for the first name, and so on."""

    text: str
    names: tuple[str, ...]


def numbered(text: str) -> Numbered:
    """Return the text with numbered parameters, its seams uncovered, its comments gone."""
    names: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        return f"${names.setdefault(match[1], len(names) + 1)}"

    bare = _COMMENT.sub("", _SEAM.sub(r"\1", text))
    return Numbered(_PARAMETER.sub(number, bare).strip(), tuple(names))
