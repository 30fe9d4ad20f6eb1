"""What a surface hands to the dispatcher: its paths, and how it says no."""

from collections.abc import Awaitable, Callable, Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.errors import AppError, InvalidRequest

Handler = Callable[[Request], Awaitable[Response]]
Methods = Mapping[str, Handler]


class WrongMethod(InvalidRequest):
    """The address does not take that method."""

    def __init__(self, allowed: str) -> None:
        """Name the methods it takes, for the ``Allow`` header (RFC 9110 section 15.5.6)."""
        super().__init__()
        self.allowed = allowed


def no_origin(_origin: str) -> bool:
    """Let no other origin's pages read answers."""
    return False


class Surface(msgspec.Struct, frozen=True, kw_only=True):
    """Static paths, prefixes (``/l/`` for ``/l/…``), and the surface's error dialect."""

    name: str
    routes: Mapping[str, Methods] = msgspec.field(default_factory=dict)
    prefixes: Mapping[str, Methods] = msgspec.field(default_factory=dict)
    on_error: Callable[[Request, AppError], Response]
    on_crash: Callable[[Request], Response]
    may_read: Callable[[str], bool] = no_origin
    """Whether pages of an origin may call this surface (CORS)."""

    cors_paths: frozenset[str] = frozenset()
    """The paths where ``may_read`` is asked at all."""

    public_paths: frozenset[str] = frozenset()
    """The paths that everybody's pages may read: what is there is the same for all."""

    credentialed: frozenset[str] = frozenset()
    """Those of them whose calls may bring cookies along, and set them."""

    always: frozenset[str] = frozenset()
    """The paths that are answered however much there is to do, because they cost next to nothing
    and others decide by them."""
