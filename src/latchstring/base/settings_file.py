"""A TOML file that remembers the line of each key, so that a refusal can point at it."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from latchstring.base.settings_values import refuse

Key = tuple[str | int, ...]
"""A path into the file: ``("mail", "from")``, or ``("clients", 0, "name")`` in a repeated table."""

_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*|[\[\]{}]|\n|.",
    re.DOTALL,
)
_PART = re.compile(r"""\"(?:\\.|[^"\\])*\"|'[^']*'|[A-Za-z0-9_-]+""")
_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


class FileError(ValueError):
    """The file cannot be read or is not TOML."""

    def __init__(self, where: str, message: str) -> None:
        """Take the file, with the line where there is one, and what is wrong."""
        super().__init__(message)
        self.where = where


class SettingsFile(msgspec.Struct, frozen=True):
    """What a configuration file says, and where."""

    path: Path
    table: dict[str, Any]
    lines: dict[Key, int] = msgspec.field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where relative paths begin."""
        return self.path.parent.absolute()

    def where(self, key: Key) -> str:
        """Return ``file:line`` of a key, or of what would hold it."""
        while key and key not in self.lines:
            key = key[:-1]
        return f"{self.path}:{self.lines.get(key, 1)}"

    def text_of(self, name: object) -> str:
        """Return what stands in a file named by a setting, without the line end after it."""
        if not isinstance(name, str) or not name or "\0" in name:
            refuse("must be a path")
        try:
            return (self.folder / name).read_text(encoding="utf-8").rstrip("\r\n")
        except OSError as error:
            refuse(f"cannot read its file: {error.strerror}")
        except UnicodeDecodeError:
            refuse("cannot read its file: it is not UTF-8 text")


def read(path: Path) -> SettingsFile:
    """Return the file's contents; raise ``FileError`` with file and line."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise FileError(str(path), f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise FileError(f"{path}:{line}", "is not UTF-8 text") from None
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(path, text, str(error)) from None
    return SettingsFile(path, table, dict(_lines(text.replace("\r\n", "\n"))))


def _syntax_error(path: Path, text: str, message: str) -> FileError:
    place = _TOML_PLACE.search(message)
    line = place[1] if place and place[1] else text.count("\n") + 1
    return FileError(f"{path}:{line}", f"is not valid TOML: {_TOML_PLACE.sub('', message)}")


def _lines(text: str) -> Iterator[tuple[Key, int]]:
    """Walk through valid TOML and yield each header and key with its line."""
    prefix: Key = ()
    repeated: dict[Key, int] = {}
    for line, statement in _statements(text):
        if statement.startswith("[["):
            name = _resolved(_parts(statement), repeated, last=False)
            repeated[name] = repeated.get(name, -1) + 1
            prefix = (*name, repeated[name])
            yield prefix, line
        elif statement.startswith("["):
            prefix = _resolved(_parts(statement), repeated)
            yield prefix, line
        else:
            parts = _parts(statement)
            yield from (((*prefix, *parts[:size]), line) for size in range(1, len(parts) + 1))


def _resolved(parts: Key, repeated: dict[Key, int], *, last: bool = True) -> Key:
    """Return a header's key with the index of the newest element of each repeated table."""
    key: Key = ()
    for position, part in enumerate(parts, 1):
        key = (*key, part)
        if key in repeated and (last or position < len(parts)):
            key = (*key, repeated[key])
    return key


def _parts(statement: str) -> Key:
    """Return the dotted names before the first ``=``, or inside a header's brackets."""
    names: list[str] = []
    rest = statement.lstrip("[ \t")
    while match := _PART.match(rest):
        quoted = match[0][0] in "\"'"
        names.append(tomllib.loads(f"k={match[0]}")["k"] if quoted else match[0])
        rest = rest[match.end() :].lstrip(" \t")
        if not rest.startswith("."):
            break
        rest = rest[1:].lstrip(" \t")
    return tuple(names)


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield each header and each key with its value, and the line where it begins."""
    line, depth, start, pieces = 1, 0, 1, ""
    for piece in _TOKEN.findall(text + "\n"):
        if piece == "\n" and depth == 0:
            if pieces.strip():
                yield start, pieces.strip()
            pieces, start = "", line + 1
        elif not piece.startswith("#"):
            depth += (piece in "[{") - (piece in "]}")
            pieces += piece
        line += piece.count("\n")
