"""Everything that a procedure finds when it begins: a folder, a database, edges, a driver."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from chaos import ledger as books
from chaos.configuration import configuration
from chaos.databases import Database, consumed
from chaos.driver import Driver
from chaos.edges.process import RECORD, EdgeProcess, edges
from chaos.figures import Figure
from chaos.ledger import Ledger
from chaos.messages import Messages
from chaos.nodes import PROGRAM, Node
from chaos.scale import Scale
from chaos.wire import Wire
from tests.support.ports import free_port

_QUEUED = "select count(*) from messages where state = 'queued'"


@dataclass(slots=True, eq=False)
class Stage:
    """One run of one procedure."""

    folder: Path
    scale: Scale
    database: Database
    edges: EdgeProcess
    messages: Messages
    stack: AsyncExitStack
    program: Sequence[str] = PROGRAM
    """What its nodes run, unless it is said."""

    ledger: Ledger = field(default_factory=Ledger)
    nodes: list[Node] = field(default_factory=list)

    driver: Driver = field(init=False)

    def __post_init__(self) -> None:
        """Give the people this run's ledger."""
        self.driver = Driver(self.ledger, self.messages)

    def node(
        self,
        *,
        environment: Mapping[str, str] | None = None,
        program: Sequence[str] = (),
        smtp_url: str = "",
        database_url: str = "",
        public_port: int = 0,
        workers: int = 1,
        at: Path | None = None,
        role: str = "serve",
        **tables: str,
    ) -> Node:
        """Configure one more node of the installation; it is killed at the end of the run."""
        name = f"node-{len(self.nodes) + 1}"
        port, metrics_port = free_port(), free_port()
        first = self.nodes[0].port if self.nodes else port
        text = configuration(
            {
                "public_url": f"http://127.0.0.1:{public_port or first}",
                "port": port,
                "metrics_port": metrics_port,
                "workers": workers,
                "database_url": database_url or self.database.url,
                "key_file": str(self.folder / "keys" / "secret.key"),
                "smtp_url": smtp_url or f"smtp://127.0.0.1:{self.edges.mail_port}",
                "gateway_url": f"http://127.0.0.1:{self.edges.text_port}/texts",
            },
            tables,
        )
        file = (at or self.folder) / f"{name}.toml"
        file.write_text(text, encoding="utf-8")
        node = Node(
            name,
            file,
            port,
            program=program or self.program,
            environment=environment or {},
            metrics=Wire(metrics_port),
            role=role,
        )
        self.nodes.append(node)
        self.stack.callback(node.kill)
        return node

    def entrance(self, port: int) -> Node:
        """Return somebody else's port as if it were a node: a proxy in front of them."""
        node = Node("entrance", self.folder / "entrance.toml", port)
        self.stack.callback(node.wire.close)
        return node

    async def started(self, count: int = 1, *, workers: int = 1, **tables: str) -> list[Node]:
        """Configure and start so many nodes."""
        nodes = [self.node(workers=workers, **tables) for _ in range(count)]  # type: ignore[arg-type]  # names of tables
        await nodes[0].start()
        await asyncio.gather(*(node.start() for node in nodes[1:]))
        return nodes

    async def settled(self, patience: float = 30.0) -> None:
        """Wait until every send that was acknowledged has its message, or patience ends."""
        time = asyncio.get_running_loop().time
        began = looked = time()
        while books.lost(self.ledger, self.messages) and time() < began + patience:
            # Looking through a long ledger must not take the CPU from those who deliver.
            await asyncio.sleep(max(0.05, 5 * (time() - looked)))
            looked = time()

    async def delivered(self, patience: float) -> None:
        """Wait until nothing is left in the queue, or patience ends."""
        deadline = asyncio.get_running_loop().time() + patience
        while asyncio.get_running_loop().time() < deadline:
            [(queued,)] = await self.database.rows(_QUEUED)
            if not queued:
                return
            await asyncio.sleep(0.1)

    async def ledger_check(self, *, excused: set[str] | None = None) -> list[Figure]:
        """Return what every run must be able to say at its end."""
        used = await consumed(self.database)
        return books.check(self.ledger, self.messages, used, excused=excused)


@asynccontextmanager
async def a_stage(
    folder: Path, scale: Scale, database: Database, program: Sequence[str] = PROGRAM
) -> AsyncIterator[Stage]:
    """Set a stage in this folder, and clear it away afterwards, whatever happened on it."""
    async with AsyncExitStack() as stack:
        where = await stack.enter_async_context(edges(folder))
        messages = Messages(folder / RECORD)
        yield Stage(folder, scale, database, where, messages, stack, program)
