"""Requests that arrive at the same moment: all but the last byte first, then all the last bytes."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    head: str
    body: str

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)

    @property
    def location(self) -> str:
        """Where it redirects to."""
        lines = (line.partition(": ") for line in self.head.split("\r\n"))
        return next((value for name, _, value in lines if name.lower() == "location"), "")


def a_json_request(path: str, body: Any, host: str) -> bytes:
    """Return the bytes of a POST with a JSON body."""
    return _request(path, json.dumps(body), host, {"Content-Type": "application/json"})


def a_form_request(path: str, fields: dict[str, str], host: str, cookie: str) -> bytes:
    """Return the bytes of a form that a browser sends from our own page."""
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Origin": f"http://{host}",
        "Sec-Fetch-Site": "same-origin",
        "Cookie": cookie,
    }
    return _request(path, urlencode(fields), host, headers)


async def send_together(port: int, requests: Sequence[bytes]) -> list[Answer]:
    """Open a connection for each request, hold its last byte back until all are there."""
    connections = [await asyncio.open_connection("127.0.0.1", port) for _ in requests]
    for (_, writer), request in zip(connections, requests, strict=True):
        writer.write(request[:-1])
        await writer.drain()
    await asyncio.sleep(0.05)
    for (_, writer), request in zip(connections, requests, strict=True):
        writer.write(request[-1:])
    async with asyncio.timeout(_PATIENCE):
        raws = await asyncio.gather(*(reader.read() for reader, _ in connections))
    for _, writer in connections:
        writer.close()
        await writer.wait_closed()
    return [_answer(raw) for raw in raws]


def _request(path: str, body: str, host: str, headers: dict[str, str]) -> bytes:
    headers = {"Host": host, "Connection": "close", "Content-Length": str(len(body)), **headers}
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", body]).encode()


def _answer(raw: bytes) -> Answer:
    head, _, body = raw.decode().partition("\r\n\r\n")
    return Answer(int(head.split(" ", 2)[1]), head, body)
