"""Connections are taken, shared with siblings, and over TLS too."""

import asyncio
import ssl
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from latchstring.main import acceptor
from tests.support.certificates import a_certificate
from tests.support.served import GET, PATIENCE, a_served

pytestmark = pytest.mark.at("sqlite")  # no matter where: none is opened


async def greet(scope, receive, send):
    """Say over what the request came."""
    await PlainTextResponse(scope["scheme"])(scope, receive, send)


async def until(condition) -> None:
    """Wait for something to come true."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - there is no event
            await asyncio.sleep(0.005)


async def test_over_tls_as_well(tmp_path):
    certificate, key = a_certificate(tmp_path, "-nodes")
    tls: dict[str, Any] = {"tls_cert_file": certificate, "tls_key_file": key}
    async with a_served(greet, tmp_path, public_url="https://x.example", **tls) as served:
        trusting = ssl.create_default_context(cafile=str(certificate))
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", served.port, ssl=trusting, server_hostname="auth.acme.example"
        )
        writer.write(GET)

        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
        assert head.startswith(b"HTTP/1.1 200")
        assert await reader.readexactly(5) == b"https"
        writer.close()


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\n\r\n", b"", b"\x16\x03\x01\x02\x00"])
async def test_a_handshake_that_fails_leaves_nothing_behind(tmp_path, monkeypatch, sent):
    monkeypatch.setattr(acceptor, "_HANDSHAKE_SECONDS", 0.2)
    certificate, key = a_certificate(tmp_path, "-nodes")
    tls: dict[str, Any] = {"tls_cert_file": certificate, "tls_key_file": key}
    async with a_served(greet, tmp_path, public_url="https://x.example", **tls) as served:
        caller = await served.call(sent)
        await until(lambda: served.server.crowd.arriving == 1)

        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(caller.reader.readuntil(b"HTTP/1.1 200"), PATIENCE)
        await until(lambda: served.server.crowd.arriving == 0)
        assert not served.server.crowd.connections


async def test_siblings_share_a_burst(tmp_path):
    async with (
        a_served(greet, tmp_path) as first,
        a_served(greet, tmp_path, beside=first.server.acceptors[0].listener) as second,
    ):
        first.server.acceptors[0].has_siblings = True
        callers = await asyncio.gather(*(first.call(GET) for _ in range(60)))
        assert [await caller.answer() for caller in callers] == [b"http"] * 60

        shares = [len(served.server.crowd.connections) for served in (first, second)]
        assert sum(shares) == 60
        assert min(shares) >= 10


async def test_without_files_it_waits_for_some(tmp_path, monkeypatch):
    monkeypatch.setattr(acceptor, "_TROUBLE_SECONDS", 0.05)
    async with a_served(greet, tmp_path) as served:
        real, failures = served.server.acceptors[0].listener, iter(range(2))

        class Exhausted:
            """A listening socket of a process without files, for a while."""

            def accept(self):
                """Fail twice."""
                if next(failures, None) is not None:
                    raise OSError(24, "Too many open files")
                return real.accept()

            def __getattr__(self, name):
                return getattr(real, name)

        exhausted: Any = Exhausted()
        served.server.acceptors[0].listener = exhausted

        caller = await served.call(GET)
        assert await caller.answer() == b"http"
        assert next(failures, None) is None
