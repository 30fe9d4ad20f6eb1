"""The ASGI application: finds the handler, knows who asks, turns errors into a dialect, logs.

Paths are looked up in a dictionary; a router that scans would cost more than some handlers.
"""

import secrets
import time
from collections.abc import Iterable
from typing import Protocol

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from latchstring.base.errors import AppError, InvalidRequest, Unavailable
from latchstring.base.logging import get_logger
from latchstring.web.http.answers import TROUBLE_SECONDS
from latchstring.web.http.origin import OriginReader
from latchstring.web.http.parameters import HeadersTooLarge
from latchstring.web.http.surface import Methods, Surface, WrongMethod

REQUEST_ID = "X-Request-Id"
LARGEST_HEADERS = 16 * 1024
"""Our cookies and an application's request need a fraction of it."""

_SAFE = {"X-Content-Type-Options": "nosniff"}
_NOSNIFF = (b"x-content-type-options", b"nosniff")
_VARY = (b"vary", b"Origin")
_REQUEST_ID = REQUEST_ID.lower().encode()
_REQUEST_ID_BYTES = 12
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, Auth0-Client, Idempotency-Key, X-Request-Language"
    ),
    "Access-Control-Max-Age": "600",
}
_EXPOSED = (
    "Retry-After, WWW-Authenticate, X-Request-Id, "
    "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"
)

_FOLDER_SHOWN = 16
"""Well below the length of a token, above that of ``/favicon.ico``."""

logger = get_logger()


class _Found(msgspec.Struct, frozen=True):
    surface: Surface
    methods: Methods
    path: str


class Observer(Protocol):
    """Is told of every request, after it was answered."""

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Note an answer; the route is one of ours, or ``other``."""

    def failed(self, error: AppError) -> None:
        """Note what stood in the way of a request."""


class Application(msgspec.Struct):
    """All surfaces behind one door."""

    surfaces: Iterable[Surface]
    fallback: Surface
    """Answers for paths that nobody has."""

    origins: OriginReader
    observer: "Observer | None" = None
    """Counts, where somebody asked for metrics."""

    _routes: dict[str, _Found] = msgspec.field(default_factory=dict)
    _prefixes: dict[str, _Found] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        """Collect the paths; one path has one owner."""
        for surface in self.surfaces:
            for path, methods in surface.routes.items():
                if path in self._routes:
                    message = f"two surfaces want {path}"
                    raise ValueError(message)
                self._routes[path] = _Found(surface, methods, path)
            for prefix, methods in surface.prefixes.items():
                self._prefixes[prefix] = _Found(surface, methods, prefix)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request; anything else (web sockets) is refused by not answering."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive, send)
        started = time.perf_counter()
        request_id = f"req_{secrets.token_hex(_REQUEST_ID_BYTES)}"
        # Each request is a task with a context of its own: nothing has to be taken back.
        structlog.contextvars.bind_contextvars(request_id=request_id)
        found = self._find(scope["path"])
        response = await self._respond(request, found, request_id)
        _complete(response, request_id)
        await response(scope, receive, send)
        seconds = time.perf_counter() - started
        logger.info(
            "request",
            method=scope["method"],
            path=_logged_path(request, found),
            status=response.status_code,
            milliseconds=round(seconds * 1000, 1),
        )
        if self.observer is not None:
            route = found.path if found else "other"
            self.observer.answered(route, response.status_code, seconds)

    def surface_of(self, path: str) -> Surface:
        """Return who answers at a path."""
        found = self._find(path)
        return found.surface if found else self.fallback

    def refusal(self, path: str, error: AppError) -> Response:
        """Return what a path's surface says of an error, to nobody in particular."""
        scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}
        request, request_id = Request(scope), f"req_{secrets.token_hex(_REQUEST_ID_BYTES)}"
        request.state.origin = self.origins.read(request, request_id)
        response = self.surface_of(path).on_error(request, error)
        response.headers.update({REQUEST_ID: request_id, **_SAFE, **_headers_of(error)})
        logger.info("refused", request_id=request_id, detail=error.detail)
        return response

    async def _respond(self, request: Request, found: _Found | None, request_id: str) -> Response:
        surface = found.surface if found else self.fallback
        try:
            request.state.origin = self.origins.read(request, request_id)
            _check_size(request)
            response = await self._handle(request, found)
        except AppError as error:
            if self.observer is not None:
                self.observer.failed(error)
            _log_refusal(error)
            response = surface.on_error(request, error)
            response.headers.update(_headers_of(error))
        except Exception:
            logger.exception("crashed", path=_logged_path(request, found))
            response = surface.on_crash(request)
        _allow_origin(request, response, found)
        return response

    async def _handle(self, request: Request, found: _Found | None) -> Response:
        if found is None:
            return await self.fallback.routes["*"]["GET"](request)
        method = "GET" if request.method == "HEAD" else request.method
        handler = found.methods.get(method)
        if handler is not None:
            return await handler(request)
        allowed = ", ".join([*found.methods, *(["HEAD"] if "GET" in found.methods else [])])
        if method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": allowed})
        raise WrongMethod(allowed)

    def _find(self, path: str) -> _Found | None:
        found = self._routes.get(path)
        if found is not None:
            return found
        if "\0" in path:  # no token has one, and PostgreSQL takes no text with one
            return None
        # "/l/…", "/sign-in/…": the prefix is the path's first folder, or its first two.
        parts = path.split("/", 3)
        for length in (3, 2):
            if len(parts) > length:
                found = self._prefixes.get("/".join(parts[:length]) + "/")
                if found is not None:
                    return found
        return None


def _log_refusal(error: AppError) -> None:
    """Tell the operator why: what the caller was told, and what is for the log alone.

    Never the value that was refused: it may be a secret that came where it does not belong.
    """
    field = error.field if isinstance(error, InvalidRequest) and error.field else None
    told = {"reason": str(error), "field": field, "detail": error.detail}
    logger.info(
        "refused",
        error=type(error).__name__,
        **{name: value for name, value in told.items() if value},
    )


def _complete(response: Response, request_id: str) -> None:
    """Add what every response has; a sniffed content type is an old way in."""
    headers = response.raw_headers
    headers.append((_REQUEST_ID, request_id.encode()))
    if _NOSNIFF not in headers:
        headers.append(_NOSNIFF)


def _check_size(request: Request) -> None:
    size = 0
    for name, value in request.scope["headers"]:
        size += len(name) + len(value)
    if size + len(request.scope["query_string"]) > LARGEST_HEADERS:
        raise HeadersTooLarge


def _headers_of(error: AppError) -> dict[str, str]:
    """Return what HTTP itself wants to be told of an error, in every dialect."""
    if isinstance(error, WrongMethod):
        return {"Allow": error.allowed}
    if isinstance(error, Unavailable):
        return {"Retry-After": str(TROUBLE_SECONDS)}
    return {"Connection": "close"} if isinstance(error, HeadersTooLarge) else {}


def _logged_path(request: Request, found: _Found | None) -> str:
    """Return what of the path is no secret: the route's own, else the beginning of a folder.

    What follows a prefix may be a link's token; so may anything in a path that nobody has: a link
    that was mangled on its way still holds its secret somewhere.
    """
    path: str = request.scope["path"]
    kept = found.path if found else "/" + path[1:].partition("/")[0][:_FOLDER_SHOWN]
    return kept if kept == path else f"{kept}…"


def _allow_origin(request: Request, response: Response, found: _Found | None) -> None:
    if found is None:
        return
    if found.path in found.surface.public_paths:
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = _EXPOSED
        if request.method == "OPTIONS":
            response.headers.update(_PREFLIGHT)
    if found.path not in found.surface.cors_paths:
        return
    # A response may say Vary twice; together they are one list (RFC 9110 section 5.3).
    response.raw_headers.append(_VARY)
    origin = request.headers.get("origin")
    if origin is None or not found.surface.may_read(origin):
        return
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = _EXPOSED
    if found.path in found.surface.credentialed:
        response.headers["Access-Control-Allow-Credentials"] = "true"
    if request.method == "OPTIONS":
        response.headers.update(_PREFLIGHT)
