"""Whether the server can do its work; asked by anybody, found out at most twice a second."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import msgspec

from latchstring.base.errors import AppError
from latchstring.base.logging import get_logger

_LASTS_SECONDS = 0.5
_PATIENCE_SECONDS = 1.2
"""With what a look lasts, a database that hangs is known to within two seconds."""

Proof = Callable[[], Awaitable[object]]
"""Raises, or takes too long, where something is wrong."""

logger = get_logger()


def _stays() -> bool:
    return False


class Readiness(msgspec.Struct):
    """The outcome of the last look; who asks during a look waits for its outcome."""

    proofs: tuple[Proof, ...]
    is_leaving: Callable[[], bool] = _stays
    """Whoever leaves is not ready, from that moment on."""

    _holds_until: float = 0.0
    _ready: bool = False
    _looking: asyncio.Lock = msgspec.field(default_factory=asyncio.Lock)

    async def __call__(self) -> bool:
        """Return whether everything works."""
        if self.is_leaving():
            return False
        async with self._looking:
            if time.monotonic() >= self._holds_until:
                self._ready = await self._look()
                self._holds_until = time.monotonic() + _LASTS_SECONDS
            return self._ready and not self.is_leaving()

    async def _look(self) -> bool:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                for proof in self.proofs:
                    await proof()
        except (AppError, TimeoutError):
            return False
        except Exception:
            logger.exception("readiness_unknown")
            return False
        return True
