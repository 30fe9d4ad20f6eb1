"""`latchstring dev`: everything to see a sign-in work, in one command and without a question."""

import asyncio
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from signal import SIGHUP, SIGTERM
from types import FrameType
from typing import TYPE_CHECKING

import click

from latchstring.base.settings import Settings
from latchstring.cli.dev_banner import Banner
from latchstring.cli.dev_demo import DemoProcess, running_demo
from latchstring.cli.dev_folder import DevFolder, claimed
from latchstring.cli.dev_ports import LOOPBACK, listen_near, port_of
from latchstring.cli.dev_run import DevRun
from latchstring.cli.dev_settings import CLIENT_ID, demo_client, dev_settings
from latchstring.cli.options import json_option, roof
from latchstring.cli.printing import wants_json

if TYPE_CHECKING:
    from latchstring.cli.app import Desk

DEMO_PATIENCE_SECONDS = 15.0
_PORT = click.IntRange(1, 65535)


@click.command()
@click.option("--fresh", is_flag=True, help="Forget everything that earlier runs stored.")
@click.option("--port", type=_PORT, default=8000, show_default=True, help="The server's port.")
@click.option(
    "--demo-port", type=_PORT, default=8001, show_default=True, help="The demo application's port."
)
@click.option(
    "--callback",
    "callbacks",
    multiple=True,
    metavar="URL",
    help="Let an application of yours share the demo's client, with this callback; repeatable.",
)
@json_option
def dev(*, fresh: bool, port: int, demo_port: int, callbacks: tuple[str, ...]) -> None:
    """Try it: a server, a developer inbox for its messages, and a demo application.

    Listens on 127.0.0.1 only, sends nothing, and keeps its data in ./.latchstring. A port that is
    taken is replaced by the next free one.
    """
    with _until_stopped(), claimed(Path.cwd()) as folder:
        if fresh:
            folder.wipe()
        with listen_near(port) as sock, listen_near(demo_port) as demo_sock:
            _run(folder, sock, demo_sock, callbacks)


def _run(
    folder: DevFolder, sock: socket.socket, demo_sock: socket.socket, callbacks: tuple[str, ...]
) -> None:
    demo_port = port_of(demo_sock)
    client = demo_client(f"http://{LOOPBACK}:{demo_port}", callbacks)
    settings = dev_settings(
        client,
        port=port_of(sock),
        database_url=folder.database_url,
        key_file=folder.key_file,
    )
    banner = Banner.of(settings.issuer, demo_port=demo_port, folder=str(folder.path))
    with running_demo(banner.environment, demo_sock) as demo:
        _register(settings, client)
        roof().dev(
            DevRun(
                settings=settings,
                sock=sock,
                demo_url=banner.addresses["application"],
                on_ready=_announcer(banner, demo),
            )
        )


def _register(settings: Settings, client: Mapping[str, object]) -> None:
    # The database keeps an earlier run's client, whose ports may have been others.
    async def update() -> None:
        async with roof().open_desk(settings) as desk:
            await _update(desk, client)

    asyncio.run(update())


async def _update(desk: "Desk", client: Mapping[str, object]) -> None:
    if any(found.client_id == CLIENT_ID for found in await desk.clients.list_all()):
        await desk.clients.change(CLIENT_ID, client)
    else:
        await desk.clients.add(client, public=True)


def _announcer(banner: Banner, demo: DemoProcess) -> Callable[[], None]:
    text = banner.as_json() if wants_json() else banner.as_text()

    def announce() -> None:
        ending = time.monotonic() + DEMO_PATIENCE_SECONDS
        while not demo.answers() and not demo.is_gone() and time.monotonic() < ending:
            time.sleep(0.02)
        if demo.is_gone():
            click.echo("The demo application has stopped; the server runs without it.", err=True)
        click.echo(text)

    return threading.Thread(target=announce, daemon=True).start


@contextmanager
def _until_stopped() -> Iterator[None]:
    """Turn Ctrl-C, SIGTERM and a closed terminal into an orderly end, with the demo ended too."""
    before = {number: signal.signal(number, _interrupt) for number in (SIGTERM, SIGHUP)}
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    click.echo("\nStopped.", err=True)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
