"""What stands between a yes on the phone and the television's tokens."""

import pytest

from latchstring.base.ids import UserId
from latchstring.base.origin import NOWHERE
from latchstring.base.secrets import Keyring
from latchstring.db import statements
from latchstring.domain.audit import store as audit
from latchstring.domain.devices.user_code import cleaned
from latchstring.domain.identities import store as identities
from latchstring.flows.end_what_was_live import EndWhatWasLive, Reason
from latchstring.flows.find_device import DeviceGrantUnknown, FindDevice, TypedCode
from tests.support.devices import a_house_with_a_tv, allowed, codes, poll, type_code

SQL = statements.parse("""
-- alice --
-- The only user.
select id from users

-- tokens --
-- Everything that was given out.
select count(*) from access_tokens

-- grants --
-- Everything that is kept.
select count(*) from device_grants
""")


@pytest.fixture
async def house(tmp_path):
    async with a_house_with_a_tv(tmp_path) as house:
        yield house


async def told(house, device_code):
    return (await poll(house, device_code)).json().get("error")


async def found(house, name: str, kind: type = int):
    return await house.installation.database.read(lambda tx: tx.one(SQL[name], kind, {}))


async def alice(house) -> UserId:
    return UserId(await found(house, "alice", str))


async def events(house) -> list[str]:
    user_id = await alice(house)
    written = await house.installation.database.read(
        lambda tx: audit.events_of(tx, user_id, None, count=50)
    )
    return [event.type for event in written]


async def test_signing_out_on_the_phone_takes_the_yes_back(house):
    phone = house.browser()
    tv = await allowed(house, phone)
    leaving = await phone.get("/oidc/logout")
    await phone.post(leaving)

    assert await told(house, tv["device_code"]) == "invalid_grant"


async def test_somebody_who_is_blocked_meanwhile_gets_nothing(house):
    tv = await allowed(house, house.browser())
    user_id, now = await alice(house), house.clock.now()
    await house.installation.database.transact(
        lambda tx: identities.set_blocked(tx, user_id, blocked_at=now, now=now)
    )

    assert await told(house, tv["device_code"]) == "invalid_grant"
    assert await found(house, "tokens") == 0


async def test_a_yes_and_a_no_are_in_the_book_once(house):
    phone = house.browser()
    tv = await codes(house)
    await allowed(house, phone)
    question = await type_code(phone, tv["user_code"])
    deny = next(form for form in question.forms if form.endswith("/deny"))
    await phone.post(question, deny)
    await phone.post(question, deny)

    written = await events(house)
    assert (written.count("DeviceAllowed"), written.count("DeviceDenied")) == (1, 1)


async def test_a_code_of_the_key_before_is_still_found(house):
    keyring = house.installation.keyring
    tv = await codes(house)
    later = Keyring({**keyring.versions, max(keyring.versions) + 1: b"n" * 32})
    settings, database = house.settings.limits, house.installation.database
    find = FindDevice(database, later, house.clock, settings)
    code = cleaned(tv["user_code"]) or ""
    typed = TypedCode(code=code, browser="phone", session_id=None, origin=NOWHERE)

    grant = await find.of_browser(await find(typed), "phone")
    assert grant.code(later) == code
    with pytest.raises(DeviceGrantUnknown):
        await find.of_browser(grant.id, "laptop")


async def test_once_commits_may_be_lost_no_device_gets_anything(house):
    waiting, tv = await codes(house), await allowed(house, house.browser())
    end = EndWhatWasLive(house.clock)
    ended = await house.installation.database.transact(lambda tx: end(tx, Reason.RESTORED))

    assert ended.devices == 2
    assert await told(house, tv["device_code"]) == "invalid_grant"
    assert await told(house, waiting["device_code"]) == "invalid_grant"


async def test_grants_go_a_day_after_they_ran_out(house):
    await codes(house)
    house.clock.advance(900 + 86400)
    await house.purge()
    assert await found(house, "grants") == 1
    house.clock.advance(1)
    await house.purge()

    assert await found(house, "grants") == 0
