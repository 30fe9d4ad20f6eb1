"""Metrics have a listener of their own, which shows nothing else."""

import asyncio
import contextlib
import socket

import httpx2
import pytest

from latchstring.base.errors import Unavailable
from latchstring.main import metrics_listener
from latchstring.main.metrics_listener import showing
from latchstring.web.http.metrics import Snapshot
from tests.support.house import some_settings
from tests.support.ports import free_port

pytestmark = pytest.mark.at("sqlite")  # no matter where: none is opened


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
async def shown(tmp_path, port, monkeypatch):
    monkeypatch.setattr(metrics_listener, "_PATIENCE_SECONDS", 0.3)
    settings = some_settings(tmp_path, metrics_listen=f"127.0.0.1:{port}")
    async with (
        showing(settings, lambda: {"0": Snapshot({"unavailable": {(): 3}})}),
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http,
    ):
        yield http


async def test_it_shows_what_was_counted(shown):
    found = await shown.get("/metrics")

    assert found.status_code == 200
    assert found.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "latchstring_unavailable_total 3.0" in found.text
    assert 'database="sqlite"' in found.text


async def test_head_has_no_body_and_other_methods_and_paths_are_refused(shown):
    head = await shown.head("/metrics?x=1")
    assert (head.status_code, head.content) == (200, b"")
    posted = await shown.post("/metrics", json={})
    assert (posted.status_code, posted.headers["allow"]) == (405, "GET, HEAD")
    assert (await shown.get("/")).status_code == 404


@pytest.mark.parametrize("sent", [b"GET /metrics", b"\r\n\r\n", b"x" * 20_000, b""])
async def test_what_is_no_request_keeps_nobody_waiting(shown, port, sent):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)

    with contextlib.suppress(ConnectionError):  # cut in the middle of what it said
        assert b" 200 " not in await asyncio.wait_for(reader.read(), 5)
    writer.close()
    assert (await shown.get("/metrics")).status_code == 200


async def test_without_the_setting_nobody_listens(tmp_path, port):
    async with showing(some_settings(tmp_path), dict):
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)


async def test_an_address_that_is_taken_is_told(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(Unavailable, match=f"Cannot listen on {address} for metrics: "):
            async with showing(some_settings(tmp_path, metrics_listen=address), dict):
                raise AssertionError("nobody may come here")
