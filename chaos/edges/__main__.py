"""``python -m chaos.edges FOLDER``: run the edges until the control connection is closed.

The first line on standard output says where they listen; from then on each line on standard input
is an order, answered with a line.
"""

import asyncio
import json
import ssl
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos.edges.mail import MailRelay
from chaos.edges.process import RECORD
from chaos.edges.proxy import FaultProxy
from chaos.edges.record import Record
from chaos.edges.texts import TextGateway


@dataclass(slots=True)
class Edges:
    """All edges of one run."""

    mail: MailRelay
    texts: TextGateway
    record: Record
    relays: dict[str, MailRelay] = field(default_factory=dict)
    proxies: dict[str, FaultProxy] = field(default_factory=dict)

    async def follow(self, order: dict[str, Any]) -> dict[str, Any]:
        """Do what an order says and return what came of it."""
        kind = order.pop("do")
        answer = await getattr(self, f"_{kind}")(**order)
        return answer or {}

    async def _mail_rules(self, rules: list[dict[str, Any]], name: str = "") -> None:
        self._relay(name).rules.replace(rules)

    async def _text_rules(self, rules: list[dict[str, Any]]) -> None:
        self.texts.rules.replace(rules)

    async def _mail_listens(self, *, listens: bool, name: str = "") -> None:
        relay = self._relay(name)
        await (relay.listen() if listens else relay.refuse())

    async def _secret_relay(
        self, name: str, certificate: str, key: str, port: int = 0
    ) -> dict[str, Any]:
        """Another relay, with TLS from the first byte; one of that name is replaced."""
        if name in self.relays:
            port = self.relays[name].port
            await self.relays[name].refuse()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        relay = self.relays[name] = MailRelay(self.record, context=context, port=port)
        await relay.listen()
        return {"port": relay.port}

    async def _sessions(self) -> dict[str, Any]:
        return {"sessions": self.mail.sessions, "longest_drip": self.mail.longest_drip}

    async def _proxy(self, name: str, target: int | str) -> dict[str, Any]:
        proxy = self.proxies[name] = FaultProxy(target)
        await proxy.listen()
        return {"port": proxy.port}

    async def _retarget(self, name: str, target: int | str) -> None:
        self.proxies[name].target = target

    async def _faults(self, name: str, faults: dict[str, Any]) -> None:
        self.proxies[name].set(faults)

    async def _reset(self, name: str) -> None:
        self.proxies[name].reset()

    async def _half_close(self, name: str) -> None:
        self.proxies[name].half_close()

    async def _connections(self, name: str) -> dict[str, Any]:
        return {"open": self.proxies[name].open, "accepted": self.proxies[name].accepted}

    def _relay(self, name: str) -> MailRelay:
        return self.relays[name] if name else self.mail


async def main(folder: Path) -> None:
    """Run until standard input ends."""
    record = Record(folder / RECORD)
    edges = Edges(MailRelay(record), TextGateway(record), record)
    await edges.mail.listen()
    await edges.texts.listen()
    _say({"mail": edges.mail.port, "texts": edges.texts.port})
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    while line := await reader.readline():
        _say(await edges.follow(json.loads(line)))


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
