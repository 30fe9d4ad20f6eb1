"""Signing keys take their steps one at a time, and everybody hears of them."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import pytest

from latchstring.base.errors import Forbidden, NotFound
from latchstring.base.settings import SigningAlgorithm
from latchstring.db.database import Database
from latchstring.db.statements import Statement
from latchstring.domain.keys.key import KeyState, SigningKey
from latchstring.domain.keys.signer import Signer
from latchstring.flows.prepare_keys import PrepareKeys
from latchstring.flows.refresh_configuration import RefreshConfiguration
from latchstring.flows.rotate_signing_key import RotateSigningKey
from latchstring.flows.tend_signing_keys import TendSigningKeys
from tests.support.clock import FixedClock
from tests.support.provider import AT, KEYRING

RS256, ES256 = SigningAlgorithm.RS256, SigningAlgorithm.ES256
NEXT, CURRENT, PREVIOUS = KeyState.NEXT, KeyState.CURRENT, KeyState.PREVIOUS
KEPT = timedelta(hours=10)
TEN_MINUTES = 600
RECORDED = Statement("recorded", "select type from events order by id")


@dataclass
class Node:
    """One process on the database."""

    database: Database
    clock: FixedClock
    configuration: RefreshConfiguration
    signer: Signer
    rotate: RotateSigningKey
    tend: TendSigningKeys

    async def keys(self, algorithm: SigningAlgorithm = ES256) -> dict[KeyState, list[SigningKey]]:
        found = [key for key in await self.rotate.list_all() if key.algorithm is algorithm]
        return {state: [key for key in found if key.state is state] for state in KeyState}

    def signs(self) -> str:
        return self.signer.key_id(ES256)


async def a_node(database: Database, clock: FixedClock) -> Node:
    configuration = RefreshConfiguration(database, interval=0.01)
    signer = await PrepareKeys(database, KEYRING, clock)()
    await configuration.keep(signer)
    rotate = RotateSigningKey(database, KEYRING, clock, configuration.refresh)
    tend = TendSigningKeys(database, KEYRING, clock, KEPT)
    return Node(database, clock, configuration, signer, rotate, tend)


@pytest.fixture
async def node(database) -> Node:
    return await a_node(database, FixedClock(AT))


async def ids(node: Node, state: KeyState) -> list[str]:
    return [key.id for key in (await node.keys())[state]]


async def test_tending_publishes_a_next_key_for_each_algorithm_once(node):
    await node.tend()
    found = await node.rotate.list_all()
    await node.tend()

    assert [(key.algorithm, key.state) for key in found] == [
        (RS256, CURRENT),
        (ES256, CURRENT),
        (RS256, NEXT),
        (ES256, NEXT),
    ]
    assert await node.rotate.list_all() == found


async def test_processes_that_tend_at_once_publish_one_next_key(node):
    await asyncio.gather(*(node.tend() for _ in range(4)))

    assert len(await ids(node, NEXT)) == 1


async def test_a_published_key_signs_after_the_rotation_and_the_one_before_stays(node):
    await node.tend()
    (first,), (following,) = await ids(node, CURRENT), await ids(node, NEXT)
    node.clock.advance(TEN_MINUTES)

    answer = await node.rotate([ES256])

    assert await ids(node, CURRENT) == [following] == [node.signs()]
    assert await ids(node, PREVIOUS) == [first]
    (after,) = await ids(node, NEXT)
    assert after not in (first, following)
    assert answer == await node.rotate.list_all()
    since = {key.id: key.changed_at for key in answer}
    assert {since[key] for key in (first, following, after)} == {node.clock.now()}


async def test_a_key_does_not_sign_before_everybody_has_to_know_it(node):
    await node.tend()
    before = await node.rotate.list_all()
    node.clock.advance(TEN_MINUTES - 0.001)

    with pytest.raises(Forbidden, match=r"before 2026-11-23 12:10:00 UTC\. Rotate then"):
        await node.rotate(list(SigningAlgorithm))

    assert await node.rotate.list_all() == before


async def test_of_two_algorithms_none_is_rotated_where_one_is_too_early(node):
    await node.tend()
    node.clock.advance(TEN_MINUTES)
    await node.rotate([RS256])
    before = await node.rotate.list_all()

    with pytest.raises(Forbidden, match="The next RS256 key"):
        await node.rotate([ES256, RS256])

    assert await node.rotate.list_all() == before


async def test_where_no_next_key_was_published_yet_a_rotation_publishes_it_and_is_refused(node):
    with pytest.raises(Forbidden, match="published since 2026-11-23 12:00:00 UTC"):
        await node.rotate([ES256])

    node.clock.advance(TEN_MINUTES)
    (following,) = await ids(node, NEXT)
    await node.rotate([ES256])
    assert node.signs() == following


async def test_in_an_emergency_the_next_key_signs_at_once(node):
    first = node.signs()
    await node.rotate([ES256], at_once=True)  # there was no next one
    second = node.signs()
    await node.tend()
    await node.rotate([ES256], at_once=True)

    assert len({first, second, node.signs()}) == 3
    assert set(await ids(node, PREVIOUS)) == {first, second}
    assert len(await ids(node, NEXT)) == 1


async def test_of_two_who_rotate_at_once_one_does(node):
    await node.tend()
    node.clock.advance(TEN_MINUTES)

    outcomes = await asyncio.gather(
        *(node.rotate([ES256]) for _ in range(4)), return_exceptions=True
    )

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Forbidden"] * 3 + ["list"]
    assert len(await ids(node, CURRENT)) == len(await ids(node, PREVIOUS)) == 1


async def test_what_the_key_before_signed_is_good_until_nothing_of_it_can_live(node):
    await node.tend()
    token = node.signer.sign({"sub": "email|alice"}, ES256)
    node.clock.advance(TEN_MINUTES)
    await node.rotate([ES256])

    node.clock.advance(KEPT.total_seconds())
    await node.tend()
    await node.configuration.refresh()
    assert node.signer.recognize(token) is not None

    node.clock.advance(0.001)
    await node.tend()
    await node.configuration.refresh()
    assert node.signer.recognize(token) is None
    assert await ids(node, PREVIOUS) == []


async def test_rotations_in_quick_succession_keep_every_key_as_long(node):
    await node.tend()
    tokens = []
    for _ in range(5):
        tokens.append(node.signer.sign({}, ES256))
        node.clock.advance(TEN_MINUTES)
        await node.rotate([ES256])
        await node.tend()

    assert all(node.signer.recognize(token) == {} for token in tokens)
    node.clock.advance(KEPT.total_seconds() - 4 * TEN_MINUTES + 1)
    await node.tend()
    await node.configuration.refresh()
    assert [node.signer.recognize(token) for token in tokens] == [None, {}, {}, {}, {}]


async def test_a_withdrawn_key_is_gone_at_once_and_one_that_signs_is_not_withdrawn(node):
    await node.tend()
    (first,), (following,) = await ids(node, CURRENT), await ids(node, NEXT)
    token = node.signer.sign({}, ES256)
    await node.rotate([ES256], at_once=True)

    for other in (following, "unknown"):
        with pytest.raises(NotFound):
            await node.rotate.withdraw(other)
    await node.rotate.withdraw(first)

    assert node.signer.recognize(token) is None
    assert await ids(node, PREVIOUS) == []
    assert node.signs() == following


async def test_other_nodes_use_the_new_key_within_two_seconds_and_none_refuses_anothers(node):
    other = await a_node(node.database, node.clock)
    assert other.signs() == node.signs()
    watching = asyncio.create_task(other.configuration.run())
    try:
        await node.tend()
        node.clock.advance(TEN_MINUTES)
        await node.rotate([ES256])
        async with asyncio.timeout(2):
            while other.signs() != node.signs():
                assert node.signer.recognize(other.signer.sign({}, ES256)) == {}
                await asyncio.sleep(0.01)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    assert other.signer.recognize(node.signer.sign({}, ES256)) == {}
    assert other.signer.document == node.signer.document


async def test_rotations_and_withdrawals_are_recorded(node):
    first = node.signs()
    await node.rotate([ES256], at_once=True)
    await node.rotate.withdraw(first)

    recorded = await node.database.read(lambda tx: tx.all(RECORDED, str, {}))
    assert recorded == ["SigningKeyRotated", "SigningKeyWithdrawn"]
