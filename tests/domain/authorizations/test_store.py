"""Requests and codes in a real file."""

from datetime import timedelta

from msgspec.structs import replace

from latchstring.base.ids import ClientId, IdentifierDigest
from latchstring.domain.authorizations import store
from latchstring.domain.authorizations.request import Prompt, Start, Wanted, open_request
from latchstring.domain.identities.identifier import EMAIL
from tests.support.provider import AT, CALLBACK

WANTED = Wanted(
    client_id=ClientId("acme-web"),
    redirect_uri=CALLBACK,
    response_mode="query",
    scope="openid",
    state="s",
    nonce="n",
    prompt=frozenset({Prompt.LOGIN, Prompt.CONSENT}),
    max_age_seconds=0,
    connection=EMAIL,
)
DIGEST = IdentifierDigest("digest")
REQUEST = open_request(WANTED, "browser", now=AT)
IN_TIME = REQUEST.expires_at - timedelta(milliseconds=1)


async def test_a_request_comes_back_as_it_was_to_its_own_browser(database):
    await database.transact(lambda tx: store.insert_request(tx, REQUEST))

    found = await database.read(lambda tx: store.find_request(tx, REQUEST.id, "browser"))
    other = await database.read(lambda tx: store.find_request(tx, REQUEST.id, "other"))

    assert found == REQUEST
    assert found.prompt == "consent login"
    assert other is None


async def note(database, now, starts: int = 0) -> bool:
    start = Start(
        id=REQUEST.id,
        identifier="alice@example.com",
        identifier_digest=DIGEST,
        challenged_connection=EMAIL,
        starts=starts,
        lives_until=now + timedelta(minutes=11),
    )
    return await database.transact(lambda tx: store.note_start(tx, start, now))


async def test_a_start_is_noted_with_whom_and_how_often(database):
    await database.transact(lambda tx: store.insert_request(tx, REQUEST))

    assert await note(database, AT)
    assert not await note(database, AT), "the second press of one button"
    assert await note(database, IN_TIME, starts=1)
    lives_until = IN_TIME + timedelta(minutes=11)
    assert not await note(database, max(REQUEST.expires_at, lives_until), starts=2)

    found = await database.read(lambda tx: store.find_request(tx, REQUEST.id, "browser"))
    assert found == replace(
        REQUEST,
        identifier="alice@example.com",
        identifier_digest=DIGEST,
        challenged_connection=EMAIL,
        starts=2,
        last_start_at=IN_TIME,
        expires_at=lives_until,
    )


async def test_a_request_is_completed_once_and_in_time(database):
    await database.transact(lambda tx: store.insert_request(tx, REQUEST))

    async def complete(now) -> bool:
        return await database.transact(lambda tx: store.complete_request(tx, REQUEST.id, now))

    assert not await complete(REQUEST.expires_at)
    assert await complete(IN_TIME)
    assert not await complete(IN_TIME)
    assert not await note(database, IN_TIME)


async def test_choosing_an_account_takes_the_question_back(database):
    wanted = replace(WANTED, prompt=frozenset({Prompt.LOGIN, Prompt.SELECT_ACCOUNT}))
    request = open_request(wanted, "browser", now=AT)
    await database.transact(lambda tx: store.insert_request(tx, request))

    await database.transact(lambda tx: store.note_choice(tx, request.id, AT))

    found = await database.read(lambda tx: store.find_request(tx, request.id, "browser"))
    assert found.prompt.split() == ["login"]


async def test_choosing_an_account_takes_back_whom_the_person_named_before(database):
    await database.transact(lambda tx: store.insert_request(tx, REQUEST))
    await note(database, AT)

    await database.transact(lambda tx: store.note_choice(tx, REQUEST.id, AT))

    found = await database.read(lambda tx: store.find_request(tx, REQUEST.id, "browser"))
    assert (found.identifier, found.identifier_digest, found.challenged_connection) == (None,) * 3


async def test_old_requests_and_codes_are_purged_in_batches(database):
    for _ in range(3):
        fresh = open_request(WANTED, "browser", now=AT)
        await database.transact(lambda tx, fresh=fresh: store.insert_request(tx, fresh))
    later = AT + timedelta(days=1)

    purged = [
        await database.transact(lambda tx: store.purge_requests(tx, before=later, count=2))
        for _ in range(3)
    ]

    assert purged == [2, 1, 0]
    assert await database.transact(lambda tx: store.purge_codes(tx, before=later, count=2)) == 0
