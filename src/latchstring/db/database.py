"""What callers may rely on, whichever database stands behind it."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, Protocol, TypeVar, runtime_checkable

import msgspec

from latchstring.base.errors import Unavailable
from latchstring.db.statements import Statement

Record = TypeVar("Record")
Result = TypeVar("Result")
Refusal = TypeVar("Refusal")

Values = Mapping[str, object]
"""Named parameters: text, numbers, booleans, datetimes, enums, and JSON-able lists and dicts."""


class Transaction(Protocol):
    """One transaction; a room receives it and never starts or ends one."""

    async def one(
        self, statement: Statement, record: type[Record], values: Values
    ) -> Record | None:
        """Return the first row as a record (or a scalar), or nothing."""

    async def all(self, statement: Statement, record: type[Record], values: Values) -> list[Record]:
        """Return every row as a record (or a scalar)."""

    async def run(self, statement: Statement, values: Values) -> int:
        """Execute, and return how many rows were changed."""

    async def each(
        self, statement: Statement, record: type[Record], values: Sequence[Values]
    ) -> list[Record]:
        """Execute once for each set of values, in one round trip; return the rows of all."""


class Undone(msgspec.Struct, Generic[Refusal], frozen=True):
    """What work returns for a refusal that must leave no trace: it is rolled back, and answered."""

    refusal: Refusal


Work = Callable[[Transaction], Awaitable[Result]]
"""A flow's body. It awaits nothing but its transaction, so that a group of flows can share one
commit; it *returns* a refusal, because raising rolls back what it counted (where it is to be
rolled back, it says so by returning ``Undone``); and it may be run again from its beginning, after
a rollback, where others were in its way."""


ANOTHER_WAIT_SECONDS = 0.5
"""Into a request, after which it asks the database for nothing more that may take all its time."""


def require_time_since(began: float) -> None:
    """Raise ``Unavailable`` where so much time has passed that one more wait would be too long.

    Each answer of a database in trouble comes in time; a request that waits for several of them,
    one after the other, would not. ``began`` is on the monotonic clock.
    """
    if time.monotonic() - began > ANOTHER_WAIT_SECONDS:
        raise Unavailable(detail="the database was slow, and more was to be asked of it")


class AtOnce(Protocol):
    """Runs single statements, each a transaction of its own.

    Only PostgreSQL has statements that write several tables at once, so only it has this; callers
    that arrive together share a round trip and a commit.
    """

    async def __call__(
        self, statement: Statement, record: type[Record], values: Values
    ) -> Record | None:
        """Return the statement's one row, durable; nothing where others were in its way.

        Then nothing of it was kept, and the caller does it step by step in a transaction.
        """


class Load(msgspec.Struct, frozen=True):
    """How much there is to do for a database, in this process."""

    working: int
    """Sessions in use; where there is one writing connection, whether it writes."""

    waiting: int
    """Work that waits for its turn."""


@runtime_checkable
class HasLoad(Protocol):
    """A database that tells how much there is to do."""

    @property
    def load(self) -> Load:
        """How much there is to do just now."""


class Database(Protocol):
    """Runs work in transactions and answers only when the outcome is durable."""

    @property
    def at_once(self) -> AtOnce | None:
        """How one statement can do the work of a whole flow, where that is possible."""

    async def transact(self, work: Work[Result]) -> Result:
        """Run the work in one transaction; commit, then answer.

        An exception from the work rolls back and comes through. ``Unavailable`` means that the
        database is out of reach, full, read-only, or held by somebody else; the caller must not
        believe that anything was kept, nor that it was not.
        """

    async def read(self, work: Work[Result]) -> Result:
        """Run work that only reads, on one consistent snapshot."""

    async def close(self) -> None:
        """Finish what was accepted, then close."""
