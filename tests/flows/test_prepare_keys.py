"""The first start makes the keys; every other one finds them, or says what is wrong."""

import asyncio

import pytest
from structlog.testing import capture_logs

from latchstring.base.secrets import Keyring
from latchstring.base.settings import SigningAlgorithm
from latchstring.db.statements import Statement
from latchstring.domain.keys.check import WrongKeyFile
from latchstring.domain.keys.signer import Signer
from latchstring.flows.prepare_keys import CheckKeyring, PrepareKeys
from latchstring.flows.refresh_configuration import read_version
from tests.support.clock import FixedClock
from tests.support.provider import AT, KEYRING

OTHER = Keyring({1: b"x" * 32})
ROTATED = Keyring({1: b"k" * 32, 2: b"n" * 32})
CUT = Keyring({2: b"n" * 32})


async def remove(database, key_id: str) -> None:
    statement = Statement("remove", "delete from signing_keys where id = :id")
    assert await database.transact(lambda tx: tx.run(statement, {"id": key_id})) == 1


async def start(database, keyring: Keyring = KEYRING):
    await CheckKeyring(database, keyring)()
    return await PrepareKeys(database, keyring, FixedClock(AT))()


def signing(signer: Signer) -> list[str]:
    return [signer.key_id(algorithm) for algorithm in SigningAlgorithm]


async def test_the_first_start_makes_a_key_for_each_algorithm_that_later_ones_find(database):
    first = await start(database)

    assert len(set(signing(first))) == 2
    assert signing(await start(database)) == signing(first)


async def test_a_database_of_an_earlier_version_gets_the_key_that_it_lacks(database):
    first = await start(database)
    curved = first.key_id(SigningAlgorithm.ES256)
    await remove(database, curved)

    again = await start(database)

    assert again.key_id(SigningAlgorithm.RS256) == first.key_id(SigningAlgorithm.RS256)
    assert again.key_id(SigningAlgorithm.ES256) != curved


async def test_processes_that_run_already_hear_of_new_keys(database):
    before = await database.read(read_version)
    await start(database)

    assert await database.read(read_version) == before + 1
    await start(database)
    assert await database.read(read_version) == before + 1


async def test_keys_of_a_newer_version_are_left_alone(database):
    first = await start(database)
    newer = Statement(
        "newer",
        "insert into signing_keys (id, algorithm, state, public_jwk, sealed_private_key, "
        "created_at) values ('x', 'EdDSA', 'current', '{}', 'x', 0), "
        "('y', 'ES256', 'resting', '{}', 'y', 0)",
    )
    await database.transact(lambda tx: tx.run(newer, {}))

    assert signing(await start(database)) == signing(first)


async def test_servers_that_start_at_once_agree_on_one_key(database):
    signers = await asyncio.gather(*(start(database) for _ in range(8)))

    assert len({tuple(signing(signer)) for signer in signers}) == 1


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
    assert signing(await start(database, ROTATED)) == signing(first)

    with pytest.raises(WrongKeyFile, match="Put the older lines of the key file back"):
        await start(database, CUT)


async def test_a_key_file_that_another_process_has_gone_beyond_starts_and_it_is_told(database):
    await start(database, KEYRING)
    await start(database, ROTATED)

    with capture_logs() as logs:
        await start(database, KEYRING)

    told = {"event": "key_file_lacks_newer_versions", "versions": [2], "log_level": "error"}
    assert logs == [told]
