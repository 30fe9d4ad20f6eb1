"""An answer is lost on its way: its request was carried out, and the client never hears of it."""

import asyncio

from chaos.edges.proxy import Faults
from chaos.stage import Stage
from chaos.wire import NoAnswer, Request, Wire

_ANSWER_DELAY = 0.4
"""Seconds that the answer is on its way: time to see that the request is committed, and to cut."""


async def cut_off(stage: Stage, place: str, port: int, *, asked: Request, committed: str) -> bool:
    """Ask through a place of bad network and cut it; return whether it was committed, and cut.

    ``committed``: a query for the number of rows that tell.
    """
    await stage.edges.network(place, Faults(delay=_ANSWER_DELAY))
    wire = Wire(port)
    asking = asyncio.create_task(wire.ask(asked))
    is_there = False
    while not is_there and not asking.done():
        [(count,)] = await stage.database.rows(committed)
        is_there = bool(count)
        await asyncio.sleep(0.005)
    await stage.edges.reset(place)
    try:
        await asking
    except NoAnswer:
        return is_there
    finally:
        wire.close()
        await stage.edges.network(place)
    return False
