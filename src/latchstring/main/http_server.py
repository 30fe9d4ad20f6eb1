"""uvicorn as we run it: it takes connections at our pace, and leaves when the departure says so."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Generator
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from latchstring.base.settings import Settings
from latchstring.main.acceptor import Acceptor
from latchstring.main.crowd import Crowd, Refuse
from latchstring.main.departure import Departure
from latchstring.main.patient import PatientProtocol

FINISH_SECONDS = 25
"""How long requests under way may take once no more are taken."""

_KEEP_ALIVE_SECONDS = 75
_CLOSE = (b"connection", b"close")


def config(settings: Settings, application: ASGIApp) -> uvicorn.Config:
    """Return uvicorn's configuration."""
    certificate, key = settings.tls_cert_file, settings.tls_key_file
    return uvicorn.Config(
        application,
        http=PatientProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        # Forwarded headers are ours to judge: only configured proxies are believed.
        proxy_headers=False,
        # Longer than proxies keep their connections to us: the one who closes must not be us while
        # the other is about to send.
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=FINISH_SECONDS,
        ssl_certfile=str(certificate) if certificate else None,
        ssl_keyfile=str(key) if key else None,
    )


class Server(uvicorn.Server):
    """Serves one listening socket until it is told to leave, and answers all it took."""

    def __init__(
        self,
        config: uvicorn.Config,
        departure: Departure,
        refuse: Refuse,
        *,
        has_siblings: bool = False,
        on_ready: Callable[[], None] | None = None,
    ) -> None:
        """Take what the server needs to know of the house."""
        super().__init__(config)
        self.server_state = self.crowd = Crowd(refuse)
        self._departure = departure
        self.acceptors: list[Acceptor] = []
        self._has_siblings = has_siblings
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to take connections."""
        loop = asyncio.get_running_loop()

        def protocol() -> PatientProtocol:
            return PatientProtocol(self.config, self.crowd, {}, loop)

        self.acceptors = [
            Acceptor(
                listener, protocol, self.crowd, self.config.ssl, has_siblings=self._has_siblings
            )
            for listener in sockets or []
        ]
        for acceptor in self.acceptors:
            acceptor.open()
        servers: list[Any] = [*self.acceptors]  # it closes them, and asks for nothing else
        self.servers = servers
        self._departure.on_word(self._say_goodbye)
        self.started = True
        if self._on_ready is not None:
            self._on_ready()

    async def main_loop(self) -> None:
        """Tick, as uvicorn does, until no more requests are to be taken."""
        leaving = asyncio.create_task(self._departure.wait())
        leaving.add_done_callback(lambda _: setattr(self, "should_exit", True))
        await super().main_loop()
        leaving.cancel()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals to the departure."""
        yield

    def _say_goodbye(self) -> None:
        """Close each connection with its next answer, so that none is cut off without a word."""
        self.crowd.is_leaving = True
        self.config.encoded_headers.append(_CLOSE)
        self.crowd.default_headers = [*self.crowd.default_headers, _CLOSE]
