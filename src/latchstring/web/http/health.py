"""``/livez``: the process answers. ``/readyz``: it can do its work.

What ready means is handed in by the roof; the answer tells strangers nothing more than yes or no.
"""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from latchstring.base.errors import AppError
from latchstring.web.http.parameters import HeadersTooLarge
from latchstring.web.http.surface import Surface, WrongMethod

Check = Callable[[], Awaitable[bool]]
_HEADERS = {"Cache-Control": "no-store"}
_STATUSES: dict[type[AppError], int] = {WrongMethod: 405, HeadersTooLarge: 431}


def surface(is_ready: Check) -> Surface:
    """Return the two health paths."""

    async def livez(_request: Request) -> Response:
        return JSONResponse({"status": "ok"}, headers=_HEADERS)

    async def readyz(_request: Request) -> Response:
        try:
            ready = await is_ready()
        except AppError:
            ready = False
        if ready:
            return JSONResponse({"status": "ok"}, headers=_HEADERS)
        return JSONResponse(
            {"status": "unavailable"}, status_code=503, headers=_HEADERS | {"Retry-After": "1"}
        )

    return Surface(
        name="health",
        routes={"/livez": {"GET": livez}, "/readyz": {"GET": readyz}},
        on_error=_refused,
        on_crash=_crashed,
        # A proxy that hears "busy" here would take the node for dead, and send its load to others.
        always=frozenset({"/livez", "/readyz"}),
    )


def _refused(_request: Request, error: AppError) -> Response:
    status = _STATUSES.get(type(error), 503)
    return JSONResponse({"status": "error"}, status_code=status, headers=_HEADERS)


def _crashed(_request: Request) -> Response:
    return JSONResponse({"status": "error"}, status_code=500, headers=_HEADERS)
