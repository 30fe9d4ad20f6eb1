"""The stretch of bad network does to a connection what it is told, and nothing else."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from chaos.edges.proxy import FaultProxy, Faults
from tests.support.workers import until


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say everything back; at the end say so."""
    try:
        while piece := await reader.read(1000):
            writer.write(piece)
        writer.write(b" end")
    except OSError:
        pass
    writer.close()


@asynccontextmanager
async def a_proxy() -> AsyncIterator[FaultProxy]:
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    proxy = FaultProxy(server.sockets[0].getsockname()[1])
    await proxy.listen()
    try:
        yield proxy
    finally:
        await proxy.close()
        server.close()


async def connected(proxy):
    return await asyncio.open_connection("127.0.0.1", proxy.port)


async def said_back(proxy, text: bytes) -> bytes:
    reader, writer = await connected(proxy)
    try:
        writer.write(text)
        return await asyncio.wait_for(reader.readexactly(len(text)), 5)
    finally:
        writer.close()


async def test_without_faults_bytes_pass():
    async with a_proxy() as proxy:
        assert await said_back(proxy, b"hello") == b"hello"


async def test_a_delay_holds_each_direction_up():
    async with a_proxy() as proxy:
        proxy.faults = Faults(delay=0.1)
        began = time.monotonic()
        assert await said_back(proxy, b"hello") == b"hello"
        assert time.monotonic() - began >= 0.2


async def test_a_drip_passes_one_byte_at_a_time():
    async with a_proxy() as proxy:
        proxy.faults = Faults(drip=0.02)
        began = time.monotonic()
        assert await said_back(proxy, b"hello") == b"hello"
        assert time.monotonic() - began >= 0.08


async def test_what_is_swallowed_arrives_only_after_the_network_is_mended():
    async with a_proxy() as proxy:
        proxy.faults = Faults(swallow=True)
        reader, writer = await connected(proxy)
        writer.write(b"hello")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.readexactly(5), 0.2)
        proxy.faults = Faults()
        assert await asyncio.wait_for(reader.readexactly(5), 5) == b"hello"
        writer.close()


async def test_a_reset_ends_both_sides():
    async with a_proxy() as proxy:
        reader, writer = await connected(proxy)
        writer.write(b"hello")
        await reader.readexactly(5)
        proxy.reset()
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.readexactly(1), 5)
        writer.close()
        await until(lambda: proxy.open == 0)


async def test_after_a_half_close_the_other_direction_still_speaks():
    async with a_proxy() as proxy:
        reader, writer = await connected(proxy)
        writer.write(b"hello")
        await reader.readexactly(5)
        proxy.half_close()
        assert await asyncio.wait_for(reader.read(), 5) == b" end"
        writer.close()


async def test_who_is_refused_hears_nothing():
    async with a_proxy() as proxy:
        proxy.faults = Faults(refuse=True)
        reader, writer = await connected(proxy)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(1), 5)
        writer.close()
