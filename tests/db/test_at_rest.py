"""V-17: whoever steals the database files holds nothing that opens anything."""

import hashlib

import pytest

from latchstring.base.secrets import encode
from latchstring.base.settings import Send
from latchstring.domain.challenges.secret import message_id_of
from tests.support.house import SECRET
from tests.support.world import a_world

pytestmark = pytest.mark.at("sqlite")  # every byte of its files


def stolen(world) -> bytes:
    """Every byte of the database, its log and whatever else lies beside it."""
    files = world.installation.database.path.parent.iterdir()
    return b"".join(path.read_bytes() for path in files)


async def the_challenge(world):
    (row,) = await world.rows("ids", str)
    return await world.challenge(row)


async def test_v_17_no_secret_stands_in_the_files_before_or_after_its_use(tmp_path):
    async with a_world(tmp_path) as world:
        # Twelve digits: six could stand somewhere by chance.
        await world.connections.change("email", {"code_length": 12})
        code, link = await world.ask()
        challenge = await the_challenge(world)
        keyring = world.installation.keyring
        message_id = message_id_of(challenge.id, version=challenge.key_version, keyring=keyring)
        before = stolen(world)
        await world.press(link, "laptop")
        session = world.browser("laptop").session or ""
        after = stolen(world)
        assert session

        assert challenge.send is Send.BOTH
        for secret in (code, link, link[20:], message_id, session, SECRET):
            assert secret.encode() not in before + after
        for key in keyring.versions.values():
            assert key not in before + after
            assert encode(key).encode() not in before + after
        assert b"alice@example.com" in before  # these are the right files


async def test_v_17_trying_every_code_without_the_key_finds_nothing(tmp_path):
    async with a_world(tmp_path) as world:
        await world.ask()
        challenge = await the_challenge(world)
        prefix = hashlib.sha256(f"{challenge.identifier_digest}\0".encode())
        kept = challenge.code_digest
        for number in range(10**6):
            code = b"%06d" % number
            bound = prefix.copy()
            bound.update(code)
            assert encode(bound.digest()) != kept
            assert encode(hashlib.sha256(code).digest()) != kept
