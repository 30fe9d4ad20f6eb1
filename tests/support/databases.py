"""A fresh database for every test of the suite, in milliseconds.

``create database`` copies some 300 files and takes 46 ms by either strategy, ``truncate`` of all
tables 21 ms, ``delete`` 4 ms. So a database is made once, emptied by ``delete`` after a test and
used by the next, unless its schema or the rows it was born with are not what they were.
"""

# ruff: noqa: S608 - the names put into statements are those of our own schema

import asyncio
import os
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
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

Prepare = Callable[[str], Awaitable[object]]
"""Brings the database at a URL to the current schema and closes it."""

_END = "-- done --"

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


class Session:
    """One psql that stays open: starting another for each statement would cost 15 ms."""

    def __init__(self, sockets: Path) -> None:
        self._sockets = sockets
        self._process = subprocess.Popen(
            [programs() / "psql", "-XqtA", "-v", "ON_ERROR_STOP=1", self._url("postgres")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **as_an_ordinary_user(),
        )

    def _url(self, database: str) -> str:
        return socket_url(self._sockets, database, SUPERUSER)

    def into(self, database: str) -> None:
        """Go on in another database."""
        self.execute(f"\\c '{self._url(database)}'")

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
        self._process.communicate()


class Databases:
    """Databases with the current schema and nothing else in them, one per asking."""

    def __init__(self, sockets: Path, prepare: Prepare, name: str) -> None:
        self._sockets = sockets
        self._name = name
        self._made = 0
        self._clean: list[str] = []
        self._session = Session(sockets)
        self._template = f"{name}_template"
        self._create(self._template, "template0")
        # In a thread of its own: the asking thread may have a loop already.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, _prepared(prepare, self.url(self._template))).result()
        self._session.into(self._template)
        self._sweep, self._state = self._how_to_empty()
        self._expected = self._session.execute(self._state)
        self._session.into("postgres")

    def url(self, database: str) -> str:
        """The URL of one of these databases."""
        return socket_url(self._sockets, database)

    @contextmanager
    def a_database(self) -> Iterator[str]:
        """Lend a database by its URL; afterwards whoever is still connected is thrown out."""
        name = self._clean.pop() if self._clean else self._another()
        try:
            yield self.url(name)
        finally:
            self._take_back(name)

    def close(self) -> None:
        """Leave the cluster; the databases go with it."""
        self._session.close()

    def _another(self) -> str:
        self._made += 1
        name = f"{self._name}_{self._made}"
        self._create(name, self._template)
        return name

    def _create(self, name: str, template: str) -> None:
        self._session.execute(f"create database {name} owner {OWNER} template {template};")

    def _take_back(self, name: str) -> None:
        self._session.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            f" where datname = '{name}';"
        )
        if not self._session.execute(f"select 1 from pg_database where datname = '{name}';"):
            return  # A test removed its database.
        self._session.into(name)
        same = self._session.execute(self._state_of_schema_first()) == self._expected
        self._session.into("postgres")
        if same:
            self._clean.append(name)
        else:
            self._session.execute(f"drop database {name} with (force);")

    def _state_of_schema_first(self) -> str:
        # A test may have dropped a table: then the sweep would fail rather than tell. So it is
        # guarded by the schema being what it was.
        return f"""
            select ({_SCHEMA}) = '{self._expected[0]}' as same \\gset
            \\if :same
            {self._sweep}
            {self._state}
            \\endif
        """

    def _how_to_empty(self) -> tuple[str, str]:
        """The statements that empty a database, and those that tell what is left in it."""
        sweep = ["set session_replication_role = replica;", "begin;"]
        state = [f"{_SCHEMA};"]
        for line in self._session.execute(f"{_RELATIONS};"):
            kind, name = line.split("|", 1)
            if kind == "S":
                found = self._session.execute(f"select last_value, is_called from {name};")
                last, called = found[0].split("|")
                sweep.append(f"\\o /dev/null\nselect setval('{name}', {last}, '{called}');\n\\o")
            elif self._session.execute(f"select 1 from {name} limit 1;"):
                state.append(
                    f"select md5(string_agg(t::text, ',' order by t::text)) from {name} as t;"
                )
            else:
                sweep.append(f"delete from {name};")
        return "\n".join([*sweep, "commit;"]), "\n".join(state)


async def _prepared(prepare: Prepare, url: str) -> None:
    await prepare(url)


@contextmanager
def the_suites_databases(prepare: Prepare, sockets: str | None, worker: str) -> Iterator[Databases]:
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
