"""A running server: application, worker and house-keeping, started and ended together."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.types import ASGIApp

from latchstring.base.settings import Settings
from latchstring.base.settings_first_values import LONGEST_TOKEN
from latchstring.db.opening import held_alone
from latchstring.domain.delivery.senders import Senders
from latchstring.domain.tokens.claims import ID_TOKEN_LIFETIME
from latchstring.flows.deliver_messages import DeliverMessages
from latchstring.flows.lease_limit import LeasedLimit
from latchstring.flows.prepare_keys import PrepareKeys
from latchstring.flows.purge_expired import PurgeExpired
from latchstring.flows.tend_signing_keys import TendSigningKeys
from latchstring.flows.watch_outbox import WatchOutbox
from latchstring.main import calling, delivery, garbage, http_server
from latchstring.main.departure import Departure
from latchstring.main.ground import bound, check_certificate, make_room
from latchstring.main.http_server import Server
from latchstring.main.installation import Installation, opened
from latchstring.main.surfaces import Surfaces, flows
from latchstring.web.http.application import Application
from latchstring.web.http.busy import BusyAnswers
from latchstring.web.http.surface import Surface

if TYPE_CHECKING:
    from latchstring.main.counting import Meter


class Running(msgspec.Struct, frozen=True):
    """What runs in this process."""

    installation: Installation
    application: Application
    worker: DeliverMessages


class Development(msgspec.Struct, frozen=True, kw_only=True):
    """What ``dev`` adds: the inbox instead of senders, its pages, and a door that checks Host."""

    senders: Senders
    surface: Surface
    wrap: Callable[[ASGIApp], ASGIApp]
    on_stop: Callable[[], None]


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """What this process is apart from what it serves."""

    departure: Departure
    meter: "Meter | None"
    """Counts; nothing, where nobody asked for metrics."""

    number: int
    """From 0 on among the server processes of this machine."""


@contextlib.asynccontextmanager
async def running(
    settings: Settings, process: Process, development: Development | None = None
) -> AsyncIterator[Running]:
    """Run everything but the HTTP server."""
    with held_alone(settings):
        async with opened(settings) as installation:
            keys = PrepareKeys(installation.database, installation.keyring, installation.clock)
            signer = await keys()
            await installation.configuration.keep(signer)
            tend = TendSigningKeys(
                installation.database,
                installation.keyring,
                installation.clock,
                kept=keys_kept(settings),
            )
            senders = _senders(settings, development)
            worker = delivery.worker(installation, senders, delivery.SERVER)
            notify = calling.notifier(installation, signer)
            found = flows(installation, signer, worker, notify.wake)
            texts = _ended(found.start.texts)
            watch = WatchOutbox(installation.database, installation.clock)
            if process.meter is not None:
                found = process.meter.counted(found)
                process.meter.watch_work(worker, notify, installation.database)
            surfaces = Surfaces(
                installation,
                signer,
                found,
                for_developers=bool(development),
                is_leaving=lambda: process.departure.is_near,
            )
            purge = PurgeExpired(installation.database, installation.clock)
            loops = [installation.configuration.run(), purge.run(), tend.run(), notify.run()]
            if process.number == 0:  # one of a machine is enough
                loops.append(watch.run())
                if process.meter is not None:
                    process.meter.watch_outbox(watch)
            async with _background(*loops), delivering(worker, senders), texts:
                yield Running(installation, surfaces.application(*_extra(development)), worker)


def keys_kept(settings: Settings) -> timedelta:
    """Return for how long what a signing key signed may still be shown to somebody.

    An API's tokens count with the longest that settings allow: they live on as they were made when
    it is given a shorter lifetime.
    """
    return max(ID_TOKEN_LIFETIME, settings.lifetimes.session_absolute, LONGEST_TOKEN)


def _extra(development: Development | None) -> tuple[Surface, ...]:
    return (development.surface,) if development else ()


def _senders(settings: Settings, development: Development | None) -> Senders:
    if development is None:
        return delivery.configured_senders(settings)
    return development.senders


@contextlib.asynccontextmanager
async def _ended(limit: LeasedLimit) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await limit.end()


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


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """Where a server process listens: alone, or beside others on the same socket."""

    listener: socket.socket
    number: int = 0
    has_siblings: bool = False
    on_ready: Callable[[], None] | None = None
    company: Callable[[Settings, Process], AbstractAsyncContextManager[None]] | None = None
    """A supervisor's, as long as we serve; without one we show ourselves what we count."""


async def serve(
    settings: Settings, seat: Seat | None = None, development: Development | None = None
) -> None:
    """Serve until a signal says stop, then finish what was begun."""
    check_certificate(settings)
    make_room()
    seat = seat or Seat(listener=bound(settings))
    meter = _meter(settings)
    process = Process(departure=Departure(settings.drain), meter=meter, number=seat.number)
    company = seat.company or _alone
    with process.departure.at_signals():
        async with company(settings, process), contextlib.AsyncExitStack() as stack:
            start = stack.enter_async_context(running(settings, process, development))
            found = await process.departure.unless_told(start)
            if found is None:
                return
            application: ASGIApp = found.application
            if development is not None:
                application = development.wrap(application)
                process.departure.on_word(development.on_stop)
            busy = BusyAnswers(found.application)
            server = Server(
                http_server.config(settings, application),
                process.departure,
                busy,
                has_siblings=seat.has_siblings,
                on_ready=seat.on_ready,
            )
            if meter is not None:
                meter.watch_requests(found.application, server.crowd, busy)
            garbage.settle()
            await server.serve(sockets=[seat.listener])


def _meter(settings: Settings) -> "Meter | None":
    if settings.metrics_listen is None:
        return None
    # Not before: who shows no metrics shall not wait for them at every start.
    from latchstring.main.counting import Meter  # noqa: PLC0415 - see above

    return Meter()


@contextlib.asynccontextmanager
async def _alone(settings: Settings, process: Process) -> AsyncIterator[None]:
    meter = process.meter
    if meter is None:
        yield
        return
    from latchstring.main.metrics_listener import showing  # noqa: PLC0415 - see _meter

    async with showing(settings, lambda: {"0": meter.tally.snapshot()}):
        yield


async def work(settings: Settings) -> None:
    """Deliver messages until a signal says stop."""
    departure = Departure()
    with departure.at_signals():
        async with contextlib.AsyncExitStack() as stack:
            start = stack.enter_async_context(opened(settings))
            installation = await departure.unless_told(start)
            if installation is None:
                return
            senders = delivery.configured_senders(settings)
            worker = delivery.worker(installation, senders, delivery.WORKER)
            async with (
                _background(installation.configuration.run()),  # keeps the time
                delivering(worker, senders),
            ):
                await departure.wait()


@contextlib.asynccontextmanager
async def _background(*loops: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(loop) for loop in loops]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
