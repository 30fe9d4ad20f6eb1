"""Patience with an end: no connection keeps us waiting, or remembering, for as long as it likes.

uvicorn's protocol ends idle connections and leaves the rest to whoever stands in front. Nobody has
to stand in front of us, so what one client may cost is bounded here: bytes without a body in them
(a head, chunk sizes, trailers), requests ahead of their answers, and time.
"""

import asyncio
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

LARGEST_HEAD = 64 * 1024
"""Well over what the application accepts: it refuses in the caller's dialect, we only cut off."""

MOST_AHEAD = 16
HEAD_SECONDS = 10.0
BODY_SECONDS = 30.0


class TooMuch(Exception):
    """More than one connection may send ahead; ends the reading of what has come."""


class PatientProtocol(HttpToolsProtocol):
    """One connection that must finish its heads and bodies in time and within bounds."""

    _in_head = True
    _bare = 0
    """Bytes since the last head or body was complete that are not part of a body."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._give_it(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._come_in_time()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, and give what is still incomplete its time."""
        self._bare += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._bare > LARGEST_HEAD:
            self._end()
        elif self._deadline is None and (self._bare or not self._in_head):
            self._give_it(HEAD_SECONDS if self._in_head else BODY_SECONDS)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; a trailer is none (RFC 9110 section 6.5.1).

        A proxy that sets a header does not look at trailers: taken as one, it would contradict it.
        """
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin to wait for the body."""
        self._come_in_time()
        self._in_head = False
        super().on_headers_complete()
        if len(self.pipeline) > MOST_AHEAD:
            raise TooMuch

    def on_body(self, body: bytes) -> None:
        """Count a body's bytes as such; how many there may be is for the handler to say."""
        self._bare = max(0, self._bare - len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Begin again."""
        self._come_in_time()
        self._in_head = True
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Say that this is no request, unless that would stand in the middle of an answer."""
        if self._is_answering():
            self.transport.abort()
        else:
            super().send_400_response(msg)

    def _give_it(self, seconds: float) -> None:
        self._deadline = self.loop.call_later(seconds, self._end)

    def _come_in_time(self) -> None:
        self._bare = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _end(self) -> None:
        # Whoever sends like this does not read either: nothing is said, nothing is waited for.
        self.transport.abort()

    def _is_answering(self) -> bool:
        cycle = cast("RequestResponseCycle | None", self.cycle)  # none before the first head
        return cycle is not None and not cycle.response_complete
