"""Patience with an end: no connection keeps us waiting, or remembering, for as long as it likes.

uvicorn's protocol ends idle connections and leaves the rest to whoever stands in front. Nobody has
to stand in front of us, so what one client may cost is bounded here: bytes without a body in them
(a head, chunk sizes, trailers), requests ahead of their answers, answers that are not read, and
time. What would be one too many is refused before anything is made for it.
"""

import asyncio
from typing import Any, cast

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from latchstring.main.corked import corked
from latchstring.main.crowd import Crowd
from latchstring.web.http.busy import Refusal

LARGEST_HEAD = 64 * 1024
"""Well over what the application accepts: it refuses in the caller's dialect, we only cut off."""

MOST_AHEAD = 16
HEAD_SECONDS = 10.0
BODY_SECONDS = 30.0
READ_SECONDS = 30.0
"""How long an answer may wait for its reader to go on."""

REST_SECONDS = 1.0
"""A refused client was told to stay away for longer than this; before, it is not listened to."""


class TooMuch(Exception):
    """More than one connection may send ahead; ends the reading of what has come."""


class PatientProtocol(HttpToolsProtocol):
    """One connection that must finish its heads and bodies in time and within bounds."""

    _in_head = True
    _bare = 0
    """Bytes since the last head or body was complete that are not part of a body."""

    _deadline: asyncio.TimerHandle | None = None
    _reading: asyncio.TimerHandle | None = None
    """Ends a connection whose client does not read."""

    def __init__(
        self,
        config: Config,
        crowd: Crowd,
        app_state: dict[str, Any],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        """Join the crowd."""
        super().__init__(config, crowd, app_state, loop)
        self._crowd = crowd

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        """Begin to wait for the first head."""
        super().connection_made(corked(transport, self.loop))
        self._crowd.arriving -= 1
        self._crowd.wait_for(self)
        self._give_it(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._crowd.forget(self)
        self._come_in_time()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, and give what is still incomplete its time."""
        self._bare += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._bare > LARGEST_HEAD:
            self.leave()
        elif self._deadline is None and (self._bare or not self._in_head):
            self._give_it(HEAD_SECONDS if self._in_head else BODY_SECONDS)

    def on_headers_complete(self) -> None:
        """Begin to wait for the body, or refuse to."""
        self._come_in_time()
        self._in_head = False
        refusal = self._refusal()
        if refusal is not None:
            self._refuse(refusal)
            return
        super().on_headers_complete()
        if self._crowd.takes_turns():
            self.cycle.keep_alive = False
        # A trailer is no header (RFC 9110 section 6.5.1). A proxy that sets a header does not look
        # at trailers: taken as one, it would contradict it. So what comes from here on is dropped.
        self.headers = []
        if len(self.pipeline) > MOST_AHEAD:
            raise TooMuch

    def on_body(self, body: bytes) -> None:
        """Count a body's bytes as such; how many there may be is for the handler to say."""
        self._bare = max(0, self._bare - len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Begin again; from here on it is we who are waited for."""
        self._come_in_time()
        self._in_head = True
        super().on_message_complete()
        if self._is_answering():
            self._crowd.forget(self)

    def on_response_complete(self) -> None:
        """Wait for the next request, or for the last answer to be read."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._await_reader()
        elif not self._is_answering():
            self._crowd.wait_for(self)

    def pause_writing(self) -> None:
        """Give the client some time to read what there is for it."""
        super().pause_writing()
        self._await_reader()

    def resume_writing(self) -> None:
        """Go on writing."""
        super().resume_writing()
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def timeout_keep_alive_handler(self) -> None:
        """End a connection that was idle for long."""
        super().timeout_keep_alive_handler()
        self._await_reader()

    def shutdown(self) -> None:
        """Close when what was begun is answered: also a request that is still coming in."""
        if self._bare and self._in_head and not self._is_answering():
            return  # its answer closes, or its deadline does
        super().shutdown()
        if self.transport.is_closing():
            self._await_reader()

    def send_400_response(self, msg: str) -> None:
        """Say that this is no request, unless that would stand in the middle of an answer."""
        if self._is_answering():
            self.transport.abort()
        else:
            super().send_400_response(msg)
            self._await_reader()

    def leave(self) -> None:
        """End the connection at once; nothing is said, and what was not read is not waited for."""
        self.transport.abort()

    def _refusal(self) -> Refusal | None:
        # Whoever has a request under way on this connection hears its answer first.
        if not self._crowd.is_busy or self._is_answering():
            return None
        if self.flow.read_paused:
            raise TooMuch  # refused a moment ago, and the next one had been sent along
        return self._crowd.refuse(httptools.parse_url(self.url).path.decode("ascii"))

    def _refuse(self, refusal: Refusal) -> None:
        """Answer without making a task, and do not listen for a while."""
        leaving = self._crowd.is_leaving
        keep = self.parser.should_keep_alive() and not leaving and not self._crowd.takes_turns()
        lines = [STATUS_LINE[503]]
        lines += [b"%b: %b\r\n" % header for header in self.server_state.default_headers]
        if not keep and not leaving:
            lines.append(b"connection: close\r\n")
        lines.append(refusal.headers)
        if self.parser.get_method() != b"HEAD":
            lines.append(refusal.body)
        self.transport.write(b"".join(lines))
        self.cycle = _REFUSED
        if not keep:
            self.transport.close()
        self.on_response_complete()
        if keep:
            self.flow.pause_reading()
            self._crowd.forget(self)
            self.loop.call_later(REST_SECONDS, self._listen_again)

    def _listen_again(self) -> None:
        if not self.transport.is_closing():
            self.flow.resume_reading()
            self._crowd.wait_for(self)

    def _await_reader(self) -> None:
        if self._reading is None:
            self._reading = self.loop.call_later(READ_SECONDS, self.leave)

    def _give_it(self, seconds: float) -> None:
        self._deadline = self.loop.call_later(seconds, self.leave)

    def _come_in_time(self) -> None:
        self._bare = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _is_answering(self) -> bool:
        cycle = cast("RequestResponseCycle | None", self.cycle)  # none before the first head
        return cycle is not None and not cycle.response_complete


class _Silent:
    """An event that nobody waits for."""

    def set(self) -> None:
        """Wake nobody."""


class _Refused:
    """Stands where uvicorn keeps the request under way: its answer is complete."""

    response_complete = True
    message_event = _Silent()


_REFUSED = cast("RequestResponseCycle", _Refused())
