"""What a mail costs by itself: mails of the run, rendered and handed over once more.

A process of its own (``python -m bench.mailing CONFIGURATION COUNT``), with the server's own code
and event loop; the sink is elsewhere. Prints microseconds of CPU per mail.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvloop

from bench.plan import BenchFailed
from latchstring.base.settings_loading import load
from latchstring.db.statements import Statement
from latchstring.domain.delivery.message import Message
from latchstring.domain.delivery.render import Renderer
from latchstring.domain.delivery.senders import Senders
from latchstring.domain.delivery.templates import Templates
from latchstring.main import delivery
from latchstring.main.installation import opened

_COUNT = 1000
_IN_FLIGHT = 8
_SAMPLE = Statement("sample", "select * from messages order by id limit 100")


async def costs(configuration: Path) -> dict[str, float]:
    """Return the microseconds by name, measured in a process of its own."""
    arguments = ("-m", "bench.mailing", str(configuration), str(_COUNT))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise BenchFailed("what a mail costs could not be measured")
    # The program may log before; the last line is ours.
    found: dict[str, float] = json.loads(output.splitlines()[-1])
    return found


async def _measured(path: str, count: int) -> dict[str, float]:
    settings = load(path).settings
    async with opened(settings) as installation:
        secrets = delivery.MessageSecrets(installation.keyring, settings.public_url)
        letterhead, templates = delivery.letterhead(settings), Templates(delivery.catalogue)
        renderer = Renderer(secrets, letterhead, templates)
        messages = await installation.database.read(lambda tx: tx.all(_SAMPLE, Message, {}))
    senders = delivery.configured_senders(settings)
    found = {
        "render": _per_call(count, lambda n: renderer.render(messages[n % len(messages)])),
        "hand over by SMTP": await _handing_over(renderer, senders, messages, count),
    }
    await senders.close()
    return found


def _per_call(count: int, call: Callable[[int], object]) -> float:
    call(0)
    began = time.process_time()
    for number in range(count):
        call(number)
    return _microseconds(began, count)


async def _handing_over(
    renderer: Renderer, senders: Senders, messages: list[Message], count: int
) -> float:
    """Hand over as the worker does, several at once, over connections that are open already."""
    parcels = [renderer.render(message) for message in messages]
    todo: list[Any] = []

    async def hand_over() -> None:
        while todo:
            await senders.send(todo.pop())

    async def all_of(times: int) -> float:
        todo.extend(parcels[number % len(parcels)] for number in range(times))
        began = time.process_time()
        await asyncio.gather(*(hand_over() for _ in range(_IN_FLIGHT)))
        return _microseconds(began, times)

    await all_of(_IN_FLIGHT * 2)
    return await all_of(count)


def _microseconds(began: float, count: int) -> float:
    return (time.process_time() - began) / count * 1e6


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(_measured(sys.argv[1], int(sys.argv[2])))))
