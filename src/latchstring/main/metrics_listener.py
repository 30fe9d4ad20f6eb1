"""A listener that shows ``/metrics`` and nothing else, apart from where everybody comes in."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from importlib.metadata import version
from platform import python_version

from latchstring.base.errors import Unavailable
from latchstring.base.settings import Settings
from latchstring.web.http.metrics import CONTENT_TYPE, Numbers, Snapshot

_PATIENCE_SECONDS = 5.0
_LARGEST_HEAD = 8 * 1024
_PATH = "/metrics"

Read = Callable[[], dict[str, Snapshot]]
"""Returns what there is to show, by the name of the process."""


@contextlib.asynccontextmanager
async def showing(settings: Settings, read: Read) -> AsyncIterator[None]:
    """Show the metrics where the settings want them; raise ``Unavailable`` if that is taken."""
    if settings.metrics_listen is None:
        yield
        return
    host, _, port = settings.metrics_listen.rpartition(":")
    database = "sqlite" if settings.is_sqlite else "postgresql"
    build = {
        "version": version("latchstring"),
        "python": python_version(),
        "database": database,
    }
    answer = _Answer(lambda: Numbers(read(), build).as_text())
    try:
        server = await asyncio.start_server(
            answer, host.strip("[]"), int(port), limit=_LARGEST_HEAD, reuse_address=True
        )
    except OSError as error:
        message = f"Cannot listen on {settings.metrics_listen} for metrics: {error.strerror}."
        raise Unavailable(message) from None
    try:
        yield
    finally:
        server.close()


class _Answer:
    """Answers one request a connection; of a request only its first line matters."""

    def __init__(self, write: Callable[[], bytes]) -> None:
        self._write = write

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer, or go away."""
        trouble = (TimeoutError, ConnectionError, asyncio.IncompleteReadError)
        with contextlib.suppress(*trouble, asyncio.LimitOverrunError):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(await self._answer(head.split(b"\r\n")[0].decode("latin-1")))
                await writer.drain()
        writer.close()

    async def _answer(self, line: str) -> bytes:
        method, _, rest = line.partition(" ")
        if rest.partition(" ")[0].partition("?")[0] != _PATH:
            return _response("404 Not Found", b"")
        if method not in ("GET", "HEAD"):
            return _response("405 Method Not Allowed", b"", "Allow: GET, HEAD\r\n")
        # Some milliseconds of formatting, for which no request shall wait.
        text = await asyncio.to_thread(self._write)
        answer = _response("200 OK", text, f"Content-Type: {CONTENT_TYPE}\r\n")
        return answer if method == "GET" else answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


def _response(status: str, body: bytes, headers: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body
