"""The first start makes the keys; every other one finds them, or says what is wrong."""

import asyncio

import pytest

from latchstring.base.secrets import Keyring
from latchstring.domain.keys.check import WrongKeyFile
from latchstring.flows.prepare_keys import CheckKeyring, PrepareKeys
from tests.support.clock import FixedClock
from tests.support.provider import AT, KEYRING

OTHER = Keyring({1: b"x" * 32})
ROTATED = Keyring({1: b"k" * 32, 2: b"n" * 32})
CUT = Keyring({2: b"n" * 32})


async def start(database, keyring: Keyring = KEYRING):
    await CheckKeyring(database, keyring)()
    return await PrepareKeys(database, keyring, FixedClock(AT))()


async def test_the_first_start_makes_a_key_that_later_ones_find(database):
    first = await start(database)

    assert (await start(database)).key_id == first.key_id


async def test_servers_that_start_at_once_agree_on_one_key(database):
    signers = await asyncio.gather(*(start(database) for _ in range(8)))

    assert len({signer.key_id for signer in signers}) == 1


async def test_a_database_says_whether_it_has_met_a_key_file(database):
    check = CheckKeyring(database, KEYRING)
    assert await check.is_first()

    await check()

    assert not await check.is_first()


async def test_a_wrong_key_file_is_refused_and_not_remembered(database):
    await start(database)

    for wrong in (OTHER, CUT):
        with pytest.raises(WrongKeyFile):
            await start(database, wrong)
    await start(database)


async def test_of_two_key_files_at_once_one_is_refused(database):
    outcomes = await asyncio.gather(
        CheckKeyring(database, KEYRING)(), CheckKeyring(database, OTHER)(), return_exceptions=True
    )

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "WrongKeyFile"]


async def test_a_rotated_key_file_starts_and_its_old_line_is_needed_for_the_sealed_key(database):
    first = await start(database)
    assert (await start(database, ROTATED)).key_id == first.key_id

    with pytest.raises(WrongKeyFile, match="Put the older lines of the key file back"):
        await start(database, CUT)
