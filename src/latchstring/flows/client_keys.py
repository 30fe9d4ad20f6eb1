"""The public keys of clients, from their settings or from where they publish them.

Those of a ``jwks_uri`` are held in memory: each process fetches them by itself.
"""

import asyncio
from collections import OrderedDict
from typing import TypeAlias

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.logging import get_logger
from latchstring.base.outbound import Caller, OutboundError
from latchstring.base.settings import SigningAlgorithm
from latchstring.domain.clients.client import Client
from latchstring.domain.clients.key_set import LARGEST, ClientKey, fitting, read_key_set

_KEPT_SECONDS = 600.0
_PAUSE_SECONDS = 60.0
"""Between two looks for a key that is not there: invented key ids must not make us a hammer."""

_MOST_HELD = 1000
_OK = 200


_Key: TypeAlias = tuple[str, str]
"""A client's id, and its address."""


class _Fetched(msgspec.Struct, frozen=True):
    """What an address gave; nothing while it gives nothing."""

    keys: tuple[ClientKey, ...]
    at: float
    """Seconds since 1970, as ``good_at``."""

    good_at: float
    """When it last gave any keys at all."""


class ClientKeys:
    """Knows which keys of a client may have signed something."""

    def __init__(self, caller: Caller, clock: Clock) -> None:
        """Fetch through this caller; there is nothing in memory yet."""
        self._caller = caller
        self._clock = clock
        self._held: OrderedDict[_Key, _Fetched] = OrderedDict()
        self._looked_again: dict[_Key, float] = {}
        self._fetching: dict[_Key, asyncio.Task[_Fetched]] = {}

    async def fitting(
        self, client: Client, algorithm: SigningAlgorithm, key_id: str | None
    ) -> list[ClientKey]:
        """Return the keys for this algorithm and key id, perhaps none."""
        if client.jwks_uri is None:
            return fitting(_own(client), algorithm, key_id)
        key = client.client_id, client.jwks_uri
        held = await self._current(key, trusted=not client.dynamic)
        found = fitting(held.keys, algorithm, key_id)
        if found or not self._may_look_again(key):
            return found
        # Perhaps the client has a new key: look again, for everybody who waits at once.
        held = await self._shared(key, trusted=not client.dynamic)
        return fitting(held.keys, algorithm, key_id)

    async def _current(self, key: _Key, *, trusted: bool) -> _Fetched:
        held = self._held.get(key)
        if held is None or self._is_due(held):
            return await self._shared(key, trusted=trusted)
        self._held.move_to_end(key)
        return held

    async def _shared(self, key: _Key, *, trusted: bool) -> _Fetched:
        """Fetch, once for all who want the same now."""
        task = self._fetching.get(key)
        if task is None:
            task = asyncio.create_task(self._fetch(key, trusted=trusted))
            self._fetching[key] = task
            task.add_done_callback(lambda _: self._fetching.pop(key, None))
        # Whoever gives up waiting must not take the answer away from the others.
        return await asyncio.shield(task)

    async def _fetch(self, key: _Key, *, trusted: bool) -> _Fetched:
        now = self._clock.now().timestamp()
        before = self._held.get(key)
        try:
            answer = await self._caller.get(key[1], trusted=trusted, limit=LARGEST)
            keys = read_key_set(answer.body) if answer.status == _OK else None
            reason = f"status {answer.status}"
        except (OutboundError, ValueError) as trouble:
            keys, reason = None, str(trouble)
        if keys is None:
            get_logger().warning("client_keys_not_fetched", client_id=key[0], why=reason)
            fetched = _after_trouble(before, now)
        else:
            fetched = _Fetched(keys, now, now)
        self._held[key] = fetched
        self._held.move_to_end(key)
        while len(self._held) > _MOST_HELD:
            self._looked_again.pop(self._held.popitem(last=False)[0], None)
        return fetched

    def _may_look_again(self, key: _Key) -> bool:
        """Take the one look that an unknown key id is worth in a minute."""
        now = self._clock.now().timestamp()
        if now - self._looked_again.get(key, -_PAUSE_SECONDS) < _PAUSE_SECONDS:
            return False
        self._looked_again[key] = now
        return True

    def _is_due(self, held: _Fetched) -> bool:
        stale = self._clock.now().timestamp() - held.good_at >= _KEPT_SECONDS
        return stale and self._age(held) >= _PAUSE_SECONDS

    def _age(self, held: _Fetched) -> float:
        return self._clock.now().timestamp() - held.at


def _after_trouble(before: _Fetched | None, now: float) -> _Fetched:
    """Keep what was known as long as it may be kept: an address may be out for a moment."""
    if before is None or now - before.good_at >= 2 * _KEPT_SECONDS:
        return _Fetched((), now, now - _KEPT_SECONDS)
    return _Fetched(before.keys, now, before.good_at)


def _own(client: Client) -> tuple[ClientKey, ...]:
    if client.jwks is None:
        return ()
    try:
        return read_key_set(client.jwks)
    except ValueError:
        return ()
