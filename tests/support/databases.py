"""A fresh database for every test of the suite, in milliseconds.

``create database`` copies some 300 files and takes 46 ms by either strategy, ``truncate`` of all
tables 21 ms, ``delete`` 4 ms. So a database is made once, emptied by ``delete`` after a test, given
the rows that it was born with, and used by the next, unless its schema is not what it was.
"""

# ruff: noqa: S608 - the names put into statements are those of our own schema

import asyncio
import os
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.postgresql import (
    NO_HURRY_TO_DISK,
    OWNER,
    SUPERUSER,
    Cluster,
    NoPostgresqlError,
    programs,
    socket_url,
)
from tests.support.tethered import as_an_ordinary_user

SUITE = "LATCHSTRING_TEST_POSTGRESQL"
"""The environment variable with the folder of the sockets of the suite's cluster."""

SOCKETS = os.environ.get(SUITE)
"""Read before the first test, since a test sees no variable of ours."""

Prepare = Callable[[str], Awaitable[object]]
"""Brings the database at a URL to the current schema and closes it."""

_LEAVES_WITHIN = 5.0
_END = "-- done --"
_HERE = "psql of the suite"

_RELATIONS = """
select relkind, quote_ident(nspname) || '.' || quote_ident(relname)
from pg_class join pg_namespace n on n.oid = relnamespace
where relkind in ('r', 'S') and nspname not in ('pg_catalog', 'information_schema')
"""

# Every statement that changes the schema writes rows of these, whose xmin then differs. The copy
# of a template has the template's.
_SCHEMA = """
select md5(string_agg(line, ',' order by line)) from (
    select 'c' || oid || ' ' || xmin as line from pg_class where oid >= 16384
    union all select 'a' || attrelid || ' ' || attnum || ' ' || xmin from pg_attribute
        where attrelid >= 16384
    union all select 'n' || oid || ' ' || xmin from pg_namespace where oid >= 16384
    union all select 'k' || oid || ' ' || xmin from pg_constraint where oid >= 16384
    union all select 'p' || oid || ' ' || xmin from pg_proc where oid >= 16384
    union all select 't' || oid || ' ' || xmin from pg_trigger where oid >= 16384
) as lines
"""


# A row that a table was born with, as a statement.
_BORN = """
select format(
    'insert into {name} select * from jsonb_populate_record(null::{name}, %L);', to_jsonb(t)
) from {name} as t;
"""


class Session:
    """One psql that stays open: a new one would first learn the catalogs again, for 15 ms."""

    def __init__(self, sockets: Path, database: str = "postgres") -> None:
        self.database = database
        address = socket_url(sockets, database, SUPERUSER)
        self._process = subprocess.Popen(
            [programs() / "psql", "-XqtA", "-v", "ON_ERROR_STOP=1", address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PGAPPNAME": _HERE},
            **as_an_ordinary_user(),
        )

    def execute(self, sql: str) -> list[str]:
        """Execute statements and return the lines they print."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{sql}\n\\echo {_END}\n")
        self._process.stdin.flush()
        lines: list[str] = []
        for line in self._process.stdout:
            if line.rstrip("\n") == _END:
                return lines
            lines.append(line.rstrip("\n"))
        raise NoPostgresqlError(f"psql gave up: {lines}")

    def close(self) -> None:
        """Leave."""
        with suppress(BrokenPipeError):
            self._process.communicate()


class Databases:
    """Databases with the current schema and nothing else in them, one per asking."""

    def __init__(self, sockets: Path, prepare: Prepare, name: str) -> None:
        self._sockets = sockets
        self._name = name
        self._made = 0
        self._clean: list[Session] = []
        self._session = Session(sockets)
        self._template = f"{name}_template"
        self._create(self._template, "template0")
        # In a thread of its own: the asking thread may have a loop already.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, _prepared(prepare, self.url(self._template))).result()
        inside = Session(sockets, self._template)
        self._schema = inside.execute(f"{_SCHEMA};")[0]
        self._sweep, self._rows = _how_to_empty(inside)
        self._expected = inside.execute(self._rows)
        inside.close()

    def url(self, database: str) -> str:
        """The URL of one of these databases."""
        return socket_url(self._sockets, database)

    @contextmanager
    def a_database(self) -> Iterator[str]:
        """Lend a database by its URL; afterwards whoever is still connected is thrown out."""
        lent = self._clean.pop() if self._clean else self._another()
        try:
            yield self.url(lent.database)
        finally:
            self._take_back(lent)

    def close(self) -> None:
        """Leave the cluster; the databases go with it."""
        for session in [self._session, *self._clean]:
            session.close()

    def _another(self) -> Session:
        self._made += 1
        name = f"{self._name}_{self._made}"
        self._create(name, self._template)
        return Session(self._sockets, name)

    def _create(self, name: str, template: str) -> None:
        self._session.execute(f"create database {name} owner {OWNER} template {template};")

    def _take_back(self, lent: Session) -> None:
        self._throw_out(lent.database)
        # A test may have dropped a table: emptying that would fail rather than tell.
        emptied = f"""
            select ({_SCHEMA}) = '{self._schema}' as same \\gset
            \\if :same
            {self._sweep}
            {self._rows}
            \\endif
        """
        try:
            same = lent.execute(emptied) == self._expected
        except (NoPostgresqlError, BrokenPipeError):  # Removed, or locked by a latecomer.
            same = False
        if same:
            self._clean.append(lent)
        else:
            lent.close()
            self._session.execute(f"drop database if exists {lent.database} with (force);")

    def _throw_out(self, database: str) -> None:
        others = (
            "select pg_terminate_backend(pid) from pg_stat_activity"
            f" where datname = '{database}' and application_name <> '{_HERE}';"
        )
        until = time.monotonic() + _LEAVES_WITHIN
        while self._session.execute(others) and time.monotonic() < until:
            time.sleep(0.001)


def _how_to_empty(session: Session) -> tuple[str, str]:
    """The statements that empty a database, and those that tell the rows it was born with."""
    sweep = ["set session_replication_role = replica;", "set lock_timeout = '2s';", "begin;"]
    rows = ["\\echo rows"]
    for line in session.execute(f"{_RELATIONS};"):
        kind, name = line.split("|", 1)
        if kind == "S":
            found = session.execute(f"select last_value, is_called from {name};")
            last, called = found[0].split("|")
            sweep.append(f"\\o /dev/null\nselect setval('{name}', {last}, '{called}');\n\\o")
            continue
        sweep.append(f"delete from {name};")
        born = session.execute(_BORN.format(name=name))
        sweep += born
        if born:
            rows.append(f"select md5(string_agg(t::text, ',' order by t::text)) from {name} as t;")
    return "\n".join([*sweep, "commit;"]), "\n".join(rows)


async def _prepared(prepare: Prepare, url: str) -> None:
    await prepare(url)


@contextmanager
def the_suites_databases(
    prepare: Prepare, worker: str = "alone", sockets: str | None = SOCKETS
) -> Iterator[Databases]:
    """Lend databases of the suite's cluster, or of one started for this process."""
    if sockets is not None:
        yield from _databases(Path(sockets), prepare, worker)
        return
    with Cluster(NO_HURRY_TO_DISK) as cluster:
        yield from _databases(cluster.sockets, prepare, worker)


def _databases(sockets: Path, prepare: Prepare, worker: str) -> Iterator[Databases]:
    found = Databases(sockets, prepare, f"{worker}_{os.getpid()}")
    try:
        yield found
    finally:
        found.close()
