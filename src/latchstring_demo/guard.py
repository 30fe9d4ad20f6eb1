"""The demo answers to its own name only, and leads `localhost` there."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from latchstring_demo.settings import DemoSettings


@dataclass(frozen=True, slots=True)
class OwnHost:
    """Refuse a foreign `Host` (DNS rebinding); move `localhost`, whose cookies would be others."""

    app: ASGIApp
    settings: DemoSettings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer, or answer in its place."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        host = request.headers.get("host", "").lower()
        if host == self.settings.host:
            await self.app(scope, receive, send)
            return
        await self._elsewhere(request, host)(scope, receive, send)

    def _elsewhere(self, request: Request, host: str) -> Response:
        if host == f"localhost:{self.settings.port}" and request.method in {"GET", "HEAD"}:
            query = f"?{request.url.query}" if request.url.query else ""
            return RedirectResponse(f"{self.settings.base_url}{request.url.path}{query}", 307)
        return PlainTextResponse(f"This application answers as {self.settings.host} only.\n", 421)
