"""The list of procedures, in the order of their numbers."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from chaos.databases import KINDS, SQLITE
from chaos.figures import Figure

if TYPE_CHECKING:
    from chaos.stage import Stage

Run = Callable[["Stage"], Awaitable[list[Figure]]]

_MODULES = (
    "kills",
    "mail",
    "races",
    "disk",
    "clients",
    "server",
    "queue",
    "network",
    "backups",
    "migrations",
    "load",
    "drain",
    "workers",
    "signing",
    "withdrawing",
    "failover",
    "clocks",
    "repeats",
    "logouts",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """One failure: what is done, on which databases, and what must hold."""

    id: str
    sentence: str
    bound: str
    """What must hold, as the documentation says it."""
    on_sqlite: str = ""
    """The sentence for SQLite, where something else is done there than on a server."""
    bound_on_sqlite: str = ""
    """The bound for SQLite, where another one holds there."""
    databases: Sequence[str] = KINDS
    hurts_server: bool = False
    """Whether it stops, pauses or kills the PostgreSQL server, which is then its own."""
    mostly_waits: bool = False
    """Whether time passes rather than work is done: several of those may run side by side."""
    run: Run | None = None
    waits_for: str = ""
    """Why it cannot be run yet; such a procedure is told, and never counted as passed."""

    def sentence_for(self, database: str) -> str:
        """Return what is done on this kind of database."""
        return (database == SQLITE and self.on_sqlite) or self.sentence

    def bound_for(self, database: str) -> str:
        """Return what must hold on this kind of database."""
        return (database == SQLITE and self.bound_on_sqlite) or self.bound


_known: dict[str, Procedure] = {}


def procedure(
    id_: str,
    sentence: str,
    *,
    bound: str,
    on_sqlite: str = "",
    bound_on_sqlite: str = "",
    databases: Sequence[str] = KINDS,
    hurts_server: bool = False,
    mostly_waits: bool = False,
) -> Callable[[Run], Run]:
    """Register the decorated function."""

    def register(run: Run) -> Run:
        _add(
            Procedure(
                id=id_,
                sentence=sentence,
                bound=bound,
                on_sqlite=on_sqlite,
                bound_on_sqlite=bound_on_sqlite,
                databases=databases,
                hurts_server=hurts_server,
                mostly_waits=mostly_waits,
                run=run,
            )
        )
        return run

    return register


def waiting(id_: str, sentence: str, *, bound: str, waits_for: str) -> None:
    """Register what cannot be run yet, with the reason."""
    _add(Procedure(id=id_, sentence=sentence, bound=bound, waits_for=waits_for))


def _add(found: Procedure) -> None:
    if found.id in _known:
        raise ValueError(f"two procedures are called {found.id}")
    _known[found.id] = found


def procedures() -> list[Procedure]:
    """Return all of them."""
    for module in _MODULES:
        import_module(f"chaos.procedures.{module}")
    return [_known[name] for name in sorted(_known)]
