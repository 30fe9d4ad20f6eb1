"""Where the current test's databases are: files, or databases on the suite's PostgreSQL server.

Support code asks ``here`` where it would otherwise name a file, and every test that reaches it
runs at each place (``pytest_generate_tests`` in ``tests/conftest.py``).
"""

import atexit
import inspect
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

from latchstring.db.database import Database
from latchstring.db.opening import open_url
from tests.support.databases import Databases

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
PLAIN = "postgresql-plain"
"""PostgreSQL with one statement per step (``database_statements = "plain"``)."""
TWO_NODES = "two-nodes"
"""PostgreSQL with two nodes of a house: each request is answered by another one than the last."""

USUAL = (SQLITE, POSTGRESQL)
AND_TWO_NODES = (*USUAL, TWO_NODES)
ALL = (SQLITE, POSTGRESQL, PLAIN)

_OURS = "tests."


@dataclass(slots=True)
class Place:
    """One kind of database, for one test; what it lent comes back when the test is over."""

    kind: str
    server: Callable[[], Databases]
    _urls: dict[Path, str] = field(default_factory=dict)
    _lent: dict[Path, ExitStack] = field(default_factory=dict)

    def url_for(self, path: Path) -> str:
        """Return the URL of the database that stands for a file, the same one for the same file."""
        if self.kind == SQLITE:
            return f"sqlite:///{path}"
        if path not in self._urls:
            stack = self._lent[path] = ExitStack()
            self._urls[path] = stack.enter_context(self.server().a_database())
        return self._urls[path]

    def settings_for(self, path: Path) -> Mapping[str, Any]:
        """Return the settings that name the database."""
        statements = "plain" if self.kind == PLAIN else "combined"
        return {"database_url": self.url_for(path), "database_statements": statements}

    async def open(self, path: Path) -> Database:
        """Open the database that stands for a file, as one process does.

        A new file begins as a copy of one with the current schema, which is made once per process.
        """
        if self.kind == SQLITE:
            _begin_with_schema(path, await _file_with_schema())
        return await open_url(self.url_for(path), combined=self.kind != PLAIN)

    def give_back(self, path: Path) -> None:
        """Need a database no more, before the test is over; the file is the caller's."""
        self._urls.pop(path, None)
        self._lent.pop(path, ExitStack()).close()

    def close(self) -> None:
        """Give back what was lent."""
        for path in list(self._lent):
            self.give_back(path)


_schema = ExitStack()
_files: list[Path] = []


def _begin_with_schema(path: Path, schema: Path) -> None:
    if path.parent.is_dir() and not path.exists():
        shutil.copyfile(schema, path)


async def _file_with_schema() -> Path:
    if not _files:
        folder = _schema.enter_context(tempfile.TemporaryDirectory(prefix="latchstring-schema-"))
        atexit.register(_schema.close)
        file = Path(folder, "latchstring.db")
        await (await open_url(f"sqlite:///{file}")).close()
        _files.append(file)
    return _files[0]


_here: list[Place] = []


def here() -> Place:
    """Return where the current test's databases are."""
    assert _here, "this test opens a database, and nobody told it where (pytest.mark.at)"
    return _here[-1]


@contextmanager
def being_at(place: Place) -> Iterator[Place]:
    """Be at this place for the time of the block, and give back what it lent."""
    _here.append(place)
    try:
        yield place
    finally:
        _here.remove(place)
        place.close()


def nodes() -> int:
    """Return how many nodes a house has here."""
    return 2 if _here and _here[-1].kind == TWO_NODES else 1


def usual(functions: Iterable[Callable[..., Any]], *, thorough: bool) -> tuple[str, ...]:
    """Return where a test runs that asks for no places, by what it and its fixtures call."""
    called = _all_called(functions)
    if here not in called:
        return ()
    return AND_TWO_NODES if thorough and nodes in called else USUAL


def _all_called(functions: Iterable[Callable[..., Any]]) -> set[Callable[..., Any]]:
    """Return these, and whatever in our tests they call by name."""
    waiting, seen = [inspect.unwrap(function) for function in functions], set[Any]()
    while waiting:
        function = waiting.pop()
        if function not in seen:
            seen.add(function)
            waiting += _called(function)
    return seen


@cache
def _called(function: Callable[..., Any]) -> list[Callable[..., Any]]:
    """What of our own a function mentions by name."""
    code, known = getattr(function, "__code__", None), getattr(function, "__globals__", {})
    if code is None:
        return []
    return [ours for name in _names(code) for ours in _ours(known.get(name))]


def _names(code: CodeType) -> set[str]:
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return set(code.co_names).union(*(_names(found) for found in inner))


def _ours(found: object) -> list[Callable[..., Any]]:
    """A function of our tests, or every function of a class of theirs."""
    if not getattr(found, "__module__", "").startswith(_OURS):
        return []
    if isinstance(found, type):
        return [value for value in vars(found).values() if inspect.isfunction(value)]
    function = inspect.unwrap(found) if callable(found) else None
    return [function] if function else []
