"""Who meets whom. The entrants of a heat run at the same time and take turns at being measured.

Whoever is compared with each other stands in one heat, side by side, so that whatever else the
machine does weighs on both.
"""

from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.contestants import Contestant
from bench.contestants.allauth import allauth
from bench.contestants.bare_http import bare_http
from bench.contestants.better_auth import better_auth
from bench.contestants.latchstring import (
    LEAN,
    Variant,
    code_flow,
    full,
    latchstring,
    otp,
    refreshing,
)
from bench.entrants import Entrant, Served
from bench.limits.pgbench import Pgbench
from bench.limits.sqlite_rows import sqlite_rows
from bench.plan import Plan
from bench.sinks import Sinks
from bench.stores import Sqlite, Store, postgresql

FEW = 1000
"""How many people everybody knows who is compared with somebody else."""

_ES256, _RS256 = "ES256", "RS256"


@dataclass(slots=True)
class Heat:
    """A heat being filled: entrants by key, in the order of their turns."""

    plan: Plan
    sinks: Sinks
    stack: AsyncExitStack
    entrants: dict[str, Entrant] = field(default_factory=dict)

    def folder(self) -> Path:
        """Return a new folder of the run's own."""
        found = self.plan.folder / f"{len(list(self.plan.folder.iterdir())):02}"
        found.mkdir()
        return found

    async def store(self, kind: str) -> Store:
        """Return a new, empty database."""
        if kind == "sqlite":
            return Sqlite(self.folder() / "bench.db")
        return await self.stack.enter_async_context(postgresql())

    def serve(self, key: str, contestant: Contestant) -> None:
        """Let somebody take part."""
        for server in contestant.servers:
            self.stack.callback(server.stop)
        self.entrants[key] = Served(contestant, self.sinks.codes)

    async def better_auth(self, kind: str) -> None:
        """Let better-auth take part."""
        store = await self.store(kind)
        self.serve(f"better-auth/{kind}", better_auth(self.folder(), store, self.sinks, people=FEW))

    async def product(
        self, kind: str, variant: Variant, *, people: int = FEW, nodes: int = 1, also: str = ""
    ) -> None:
        """Let the product take part; ``also`` tells this one from another of the same variant."""
        store = await self.store(kind)
        found = latchstring(self.folder(), store, self.sinks, variant, people=people, nodes=nodes)
        if also:
            found = replace(found, name=f"{found.name}, {also}")
        size = f"/{people}" if people != FEW else ""
        self.serve(also or f"{variant.key}/{kind}{size}", found)


async def lean_on_sqlite(heat: Heat) -> None:
    """The bare code on SQLite, between better-auth and the bare rows."""
    if heat.plan.peers:
        await heat.better_auth("sqlite")
    await heat.product("sqlite", LEAN)
    rows = await heat.stack.enter_async_context(sqlite_rows(heat.folder() / "rows.db"))
    heat.entrants["rows/sqlite"] = rows
    for people in heat.plan.people:
        await heat.product("sqlite", LEAN, people=people)


async def lean_on_postgresql(heat: Heat) -> None:
    """The bare code on PostgreSQL, between better-auth and the bare rows."""
    if heat.plan.peers:
        await heat.better_auth("postgresql")
    await heat.product("postgresql", LEAN)
    store = await heat.stack.enter_async_context(postgresql())
    heat.entrants["rows/postgresql"] = Pgbench(store)
    for people in heat.plan.people:
        await heat.product("postgresql", LEAN, people=people)


async def beside_allauth(heat: Heat) -> None:
    """Mail by SMTP and ID tokens, beside django-allauth."""
    if heat.plan.peers:
        store = await heat.stack.enter_async_context(postgresql())
        heat.serve("allauth/postgresql", allauth(heat.folder(), store, heat.sinks, people=FEW))
    await heat.product("postgresql", full(_ES256))
    await heat.product("postgresql", full(_RS256))
    await heat.product("sqlite", full(_ES256))


async def nodes(heat: Heat) -> None:
    """One node and two on one PostgreSQL; and how much of a login is HTTP alone."""
    for number, name in ((1, "one node"), (2, "two nodes")):
        await heat.product("postgresql", LEAN, nodes=number, also=name)
    heat.serve("bare http", bare_http(heat.folder(), heat.sinks))


async def flows_on_sqlite(heat: Heat) -> None:
    """The ways to tokens, side by side on SQLite."""
    await _flows(heat, "sqlite")


async def flows_on_postgresql(heat: Heat) -> None:
    """The ways to tokens, side by side on PostgreSQL."""
    await _flows(heat, "postgresql")


async def _flows(heat: Heat, kind: str) -> None:
    for algorithm in (_ES256, _RS256):
        for variant in (
            otp(algorithm),
            otp(algorithm, api=True),
            otp(algorithm, offline=True),
            code_flow(algorithm),
            refreshing(algorithm),
        ):
            await heat.product(kind, variant)


HEATS = {
    "sqlite": lean_on_sqlite,
    "postgresql": lean_on_postgresql,
    "full": beside_allauth,
    "nodes": nodes,
    "flows-sqlite": flows_on_sqlite,
    "flows-postgresql": flows_on_postgresql,
}
