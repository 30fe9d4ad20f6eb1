"""The least that a login costs over HTTP here: two POSTs read and answered, and nothing kept.

``python -m bench.contestants.bare_http PORT SOCKET``: uvicorn with a bare ASGI application, bodies
of the product's sizes, the code handed over as the lean product does. What the product costs above
this and above the bare rows is its own work.
"""

import asyncio
import json
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
import uvloop
from starlette.types import Receive, Scope, Send

from bench.contestants import Contestant
from bench.contestants.latchstring import LEAN, Auth0Dialect
from bench.processes import Server
from bench.sinks import Sinks
from tests.support.ports import free_port


def bare_http(folder: Path, sinks: Sinks) -> Contestant:
    """Configure it."""
    port = free_port()
    command = [sys.executable, "-m", "bench.contestants.bare_http", str(port), str(sinks.socket)]

    async def prepare() -> None:
        """There is nothing to prepare."""

    return Contestant(
        name="bare HTTP: uvicorn, nothing kept",
        people=1000,
        dialect=Auth0Dialect(LEAN),
        servers=[Server(command, port, "/", folder / "log")],
        store=None,
        census=None,
        prepare=prepare,
    )


@dataclass(slots=True)
class Application:
    """Answers a start, a verification, and whoever asks whether it is there."""

    codes: asyncio.StreamWriter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        body = (await receive()).get("body")
        content = json.dumps(self._answer(scope["path"], json.loads(body or "{}"))).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(content)).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _answer(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if path == "/passwordless/start":
            self.codes.write(f"{body['email']} 123456\n".encode())
            return {"_id": secrets.token_hex(12), "email": body["email"], "email_verified": False}
        token = secrets.token_urlsafe(32)
        return {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": 86400,
            "scope": "email",
        }


async def _serve(port: int, socket: str) -> None:
    _, writer = await asyncio.open_unix_connection(socket)
    options: dict[str, Any] = {"access_log": False, "ws": "none", "lifespan": "off"}
    config = uvicorn.Config(Application(writer), port=port, log_level="warning", **options)
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(int(sys.argv[1]), sys.argv[2]))
