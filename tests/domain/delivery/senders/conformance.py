"""What every sender promises, whatever it speaks. A new sender brings a ``World`` and passes.

Not collected by itself: ``test_conformance.py`` imports these tests for each world.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from latchstring.domain.delivery.parcel import Parcel
from latchstring.domain.delivery.senders import Handed, SendError


def nothing() -> None:
    """An other side that cannot fail needs no way to."""


@dataclass(frozen=True, slots=True)
class World:
    """A sender and its other side, and how that is told to take the next message.

    The fixture ``world`` gives every sender; ``hostile_world`` those whose other side can fail.
    """

    sender: Any
    parcel: Callable[[str], Parcel]
    """Makes a message about the challenge of that name."""
    received: Callable[[], list[str]]
    """The codes that arrived, in order."""
    refuse: Callable[[], None] = nothing
    put_off: Callable[[], None] = nothing
    hang: Callable[[], None] = nothing
    vanish: Callable[[], None] = nothing


async def failure(world: World) -> SendError:
    with pytest.raises(SendError) as error:
        await world.sender.send(world.parcel("one"))
    return error.value


async def test_it_hands_over_and_says_so(world):
    parcel = world.parcel("one")
    handed = await world.sender.send(parcel)
    assert isinstance(handed, Handed)
    assert handed.answer
    assert world.received() == [parcel.code]


async def test_one_call_is_one_message(world):
    names = [f"m{number}" for number in range(20)]
    await asyncio.gather(*(world.sender.send(world.parcel(name)) for name in names))
    assert sorted(world.received()) == sorted(str(world.parcel(name).code) for name in names)


async def test_a_final_refusal_is_permanent_and_told_in_words(hostile_world):
    hostile_world.refuse()
    error = await failure(hostile_world)
    assert error.permanent
    assert error.reason
    assert hostile_world.received() == []


async def test_being_put_off_is_not_permanent(hostile_world):
    hostile_world.put_off()
    error = await failure(hostile_world)
    assert not error.permanent
    await hostile_world.sender.send(hostile_world.parcel("one"))
    assert hostile_world.received() == [hostile_world.parcel("one").code]


async def test_silence_ends_in_time_and_is_not_permanent(hostile_world):
    hostile_world.hang()
    async with asyncio.timeout(8):
        error = await failure(hostile_world)
    assert not error.permanent


async def test_an_other_side_that_is_gone_is_not_permanent(hostile_world):
    hostile_world.vanish()
    error = await failure(hostile_world)
    assert not error.permanent


async def test_no_error_shows_what_was_sent(hostile_world):
    hostile_world.refuse()
    error = await failure(hostile_world)
    parcel = hostile_world.parcel("one")
    assert parcel.code not in repr(error)
    assert parcel.code not in str(error)


async def test_it_can_be_cancelled(hostile_world):
    hostile_world.hang()
    task = asyncio.create_task(hostile_world.sender.send(hostile_world.parcel("one")))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_closing_twice_is_nothing(world):
    await world.sender.send(world.parcel("one"))
    await world.sender.close()
    await world.sender.close()
