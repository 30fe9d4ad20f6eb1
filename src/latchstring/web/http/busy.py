"""What is said when there is no time to say it: each surface's own 503, written once a second.

Thousands may have to be told within that second; they share the bytes, and the request id.
"""

import time
from collections.abc import Callable

import msgspec

from latchstring.base.errors import Unavailable
from latchstring.base.logging import get_logger
from latchstring.web.http.application import Application

_KEPT_SECONDS = 1.0

logger = get_logger()


class Refusal(msgspec.Struct, frozen=True):
    """An answer as it goes over the wire, but for the status line and the server's own headers."""

    headers: bytes
    body: bytes


class BusyAnswers(msgspec.Struct):
    """Refuses on behalf of an application, without asking it each time."""

    application: Application
    steady: Callable[[], float] = time.monotonic
    on_refusal: Callable[[], None] | None = None
    _written: dict[str, Refusal] = msgspec.field(default_factory=dict)
    _until: float = 0.0
    _count: int = 0

    def __call__(self, path: str) -> Refusal | None:
        """Return what to say at a path; nothing where an answer is owed whatever happens."""
        surface = self.application.surface_of(path)
        if path in surface.always:
            return None
        now = self.steady()
        if now >= self._until:
            self._begin(now)
        self._count += 1
        if self.on_refusal is not None:
            self.on_refusal()
        found = self._written.get(surface.name)
        if found is None:
            found = self._written[surface.name] = self._write(path)
        return found

    def _begin(self, now: float) -> None:
        if self._count:
            logger.warning("busy", refused=self._count)
        self._written.clear()
        self._count, self._until = 0, now + _KEPT_SECONDS

    def _write(self, path: str) -> Refusal:
        error = Unavailable(detail="too many requests at once")
        response = self.application.refusal(path, error)
        headers = b"".join(b"%b: %b\r\n" % header for header in response.raw_headers)
        return Refusal(headers + b"\r\n", bytes(response.body))
