"""Who is measured: each contestant is a few processes, a database, and a way to be spoken to."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.load import Dialect, Load
from bench.processes import Server
from bench.stores import Store


@dataclass(frozen=True, slots=True)
class Census:
    """The queries that tell how many people and how many logins a database holds."""

    people: str
    logins: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """Something that people sign in at."""

    name: str
    people: int
    """How many it knows from the beginning."""

    dialect: Dialect
    servers: Sequence[Server]
    store: Store | None
    census: Census | None
    prepare: Callable[[], Awaitable[None]]
    """Makes the schema and loads the people; nothing of it runs afterwards."""

    load: type[Load] = Load
    """The way that people go, where it is not a request for a code and an answer with it."""

    configuration: Path | None = None
    """The product's configuration file."""
