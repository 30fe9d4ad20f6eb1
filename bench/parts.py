"""What delivery and signing cost by themselves: messages of the run, rendered and sent again.

A process of its own (``python -m bench.parts CONFIGURATION COUNT``), with the server's own code and
event loop; the sinks are elsewhere. Prints microseconds of CPU per message or token.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import uvloop

from bench.people import FULL
from bench.server import CLIENT_ID
from latchstring.base.ids import ClientId, UserId
from latchstring.base.settings_loading import load
from latchstring.db.statements import Statement
from latchstring.domain.delivery.message import Channel, Message
from latchstring.domain.delivery.render import Renderer
from latchstring.domain.delivery.senders import Senders
from latchstring.domain.tokens.claims import Person, SignIn, id_token
from latchstring.flows.prepare_keys import PrepareKeys
from latchstring.main import delivery
from latchstring.main.installation import Installation, opened

_IN_FLIGHT = 8
_SAMPLE = Statement(
    "sample", "select * from messages where channel = :channel order by id limit 100"
)


async def measure(path: str, count: int) -> dict[str, float]:
    """Return the figures by name."""
    settings = load(path).settings
    async with opened(settings) as installation:
        secrets = delivery.MessageSecrets(installation.keyring, settings.public_url)
        renderer = Renderer(secrets, delivery.letterhead(settings))
        senders = delivery.configured_senders(settings)
        figures = {}
        for channel in Channel:
            messages = await _sample(installation, channel)
            figures[f"render {channel}"] = _per_call(count, _rendering(renderer, messages))
            figures[f"hand over {channel}"] = await _sending(renderer, senders, messages, count)
        await senders.close()
        figures["sign"] = _per_call(count, await _signing(installation))
    return figures


async def _sample(installation: Installation, channel: Channel) -> list[Message]:
    values = {"channel": channel}
    found = await installation.database.read(lambda tx: tx.all(_SAMPLE, Message, values))
    assert found, f"no message of the channel {channel}"
    return found


def _rendering(renderer: Renderer, messages: list[Message]) -> Callable[[int], object]:
    return lambda number: renderer.render(messages[number % len(messages)])


async def _signing(installation: Installation) -> Callable[[int], object]:
    signer = await PrepareKeys(installation.database, installation.keyring, installation.clock)()
    now = installation.clock.now()
    person = Person(subject=UserId("email|bench"), updated_at=now, email=FULL.person(1))
    sign_in = SignIn(
        client_id=ClientId(CLIENT_ID),
        scope=FULL.scope,
        nonce=None,
        session_id=None,
        auth_time=now,
        amr=("otp", "email"),
    )
    return lambda _: signer.sign(id_token(installation.settings.issuer, person, sign_in, now=now))


def _per_call(count: int, call: Callable[[int], object]) -> float:
    call(0)
    began = time.process_time()
    for number in range(count):
        call(number)
    return _microseconds(began, count)


async def _sending(
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
        print(json.dumps(runner.run(measure(sys.argv[1], int(sys.argv[2])))))
