"""What is written within one turn of the loop leaves in one piece, in order, and is not lost."""

import asyncio
from typing import Any

import pytest

from latchstring.main.corked import CorkedTransport, corked


class FakeTransport:
    """Remembers what is written to it."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        assert not self.closed
        self.written.append(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def get_extra_info(self, name: str) -> str:
        return f"the {name}"


@pytest.fixture
def behind() -> FakeTransport:
    return FakeTransport()


@pytest.fixture
async def transport(behind) -> Any:
    return corked(behind, asyncio.get_running_loop())


async def test_the_head_and_the_body_leave_together_at_the_end_of_the_turn(transport, behind):
    transport.write(b"head, ")
    transport.write(b"body")
    assert behind.written == []
    await asyncio.sleep(0)
    assert behind.written == [b"head, body"]


async def test_each_turn_has_a_piece_of_its_own_in_their_order(transport, behind):
    for number in range(3):
        transport.write(b"%d" % number)
        transport.write(b";")
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert behind.written == [b"0;", b"1;", b"2;"]


async def test_closing_writes_first_what_was_gathered_and_once(transport, behind):
    transport.write(b"the last words")
    transport.close()
    assert (behind.written, behind.closed) == ([b"the last words"], True)
    await asyncio.sleep(0)
    assert behind.written == [b"the last words"]


async def test_what_is_gathered_for_somebody_who_left_is_let_go(transport, behind):
    transport.write(b"too late")
    behind.closed = True
    await asyncio.sleep(0)
    assert behind.written == []


async def test_in_everything_else_it_is_the_transport_behind_it(transport, behind):
    assert isinstance(transport, CorkedTransport)
    assert transport.get_extra_info("socket") == "the socket"
    assert not transport.is_closing()
