"""A running server: application, worker and house-keeping, started and ended together."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from latchstring.base.settings import Settings
from latchstring.db.opening import held_alone
from latchstring.domain.delivery.senders import Senders
from latchstring.flows.deliver_messages import DeliverMessages
from latchstring.flows.prepare_keys import PrepareKeys
from latchstring.flows.purge_expired import PurgeExpired
from latchstring.main import delivery
from latchstring.main.ground import MOST_CONNECTIONS, bound, check_certificate, make_room
from latchstring.main.installation import Installation, opened
from latchstring.main.patient import PatientProtocol
from latchstring.main.surfaces import Surfaces, flows
from latchstring.web.http.application import Application
from latchstring.web.http.surface import Surface

_BACKLOG = 2048
_DRAIN_SECONDS = 20
_KEEP_ALIVE_SECONDS = 75


@dataclass(frozen=True, slots=True)
class Running:
    """What runs in this process."""

    installation: Installation
    application: Application
    worker: DeliverMessages


@dataclass(frozen=True, slots=True, kw_only=True)
class Development:
    """What ``dev`` adds: the inbox instead of senders, its pages, and a door that checks Host."""

    senders: Senders
    surface: Surface
    wrap: Callable[[ASGIApp], ASGIApp]
    on_stop: Callable[[], None]


@contextlib.asynccontextmanager
async def running(
    settings: Settings, development: Development | None = None
) -> AsyncIterator[Running]:
    """Run everything but the HTTP server."""
    with held_alone(settings):
        async with opened(settings) as installation:
            keys = PrepareKeys(installation.database, installation.keyring, installation.clock)
            signer = await keys()
            senders = _senders(settings, development)
            worker = delivery.worker(installation, senders, delivery.SERVER)
            found = flows(installation, signer, worker)
            surfaces = Surfaces(installation, signer, found, for_developers=bool(development))
            extra = (development.surface,) if development else ()
            purge = PurgeExpired(installation.database, installation.clock)
            async with (
                _background(installation.configuration.run(), purge.run()),
                delivering(worker, senders),
            ):
                yield Running(installation, surfaces.application(*extra), worker)


def _senders(settings: Settings, development: Development | None) -> Senders:
    if development is None:
        return delivery.configured_senders(settings)
    return development.senders


@contextlib.asynccontextmanager
async def delivering(worker: DeliverMessages, senders: Senders) -> AsyncIterator[None]:
    """Run the worker; at the end let it finish what it sends."""
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        await worker.stop()
        await task
        await senders.close()


async def serve(
    settings: Settings,
    *,
    listener: socket.socket | None = None,
    on_ready: Callable[[], None] | None = None,
    development: Development | None = None,
) -> None:
    """Serve until a signal says stop, then finish what was begun."""
    check_certificate(settings)
    make_room()
    listener = listener or bound(settings)
    async with running(settings, development) as found:
        application: ASGIApp = found.application
        if development is not None:
            application = development.wrap(application)
        server = uvicorn.Server(_config(settings, application))
        watching = asyncio.create_task(_watch(server, on_ready, development))
        with _signals_kept():
            await server.serve(sockets=[listener])
        await watching


async def work(settings: Settings) -> None:
    """Deliver messages until a signal says stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with opened(settings) as installation:
        senders = delivery.configured_senders(settings)
        async with delivering(delivery.worker(installation, senders, delivery.WORKER), senders):
            await stop.wait()


def _config(settings: Settings, application: ASGIApp) -> uvicorn.Config:
    certificate, key = settings.tls_certificate_file, settings.tls_key_file
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
        backlog=_BACKLOG,
        limit_concurrency=MOST_CONNECTIONS,
        # Longer than proxies keep their connections to us: the one who closes must not be us while
        # the other is about to send.
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
        ssl_certfile=str(certificate) if certificate else None,
        ssl_keyfile=str(key) if key else None,
    )


async def _watch(
    server: uvicorn.Server,
    on_ready: Callable[[], None] | None,
    development: Development | None,
) -> None:
    """Tell when the server answers, and end the inbox's live streams when it is to stop."""
    while not server.started and not server.should_exit:  # noqa: ASYNC110 - uvicorn has no event
        await asyncio.sleep(0.005)
    if on_ready is not None and server.started:
        on_ready()
    while development is not None and not server.should_exit:  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.1)
    if development is not None:
        development.on_stop()


@contextlib.asynccontextmanager
async def _background(*loops: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(loop) for loop in loops]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.contextmanager
def _signals_kept() -> Iterator[None]:
    """Let uvicorn stop at a signal, and us clean up after it.

    It raises the signal once more when it has stopped, which would end the process before the
    worker and the database are closed.
    """
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in kept:
        signal.signal(number, lambda _number, _frame: None)
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
