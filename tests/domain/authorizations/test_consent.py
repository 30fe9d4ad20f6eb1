"""What people granted, in a real file, and what a request needs their word for."""

import pytest

from latchstring.base.ids import ClientId, UserId
from latchstring.domain.authorizations import store
from latchstring.domain.authorizations.consent import NO_API, Consent, scopes_in_question
from latchstring.domain.authorizations.request import Wanted, open_request
from tests.support.provider import AT, CALLBACK

ALICE, BOB = UserId("email|alice"), UserId("email|bob")
ACME, MALLORY = ClientId("acme-web"), ClientId("mallory-web")
API = "https://api.acme.example/"


def consent(scope: str, user_id=ALICE, client_id=ACME, audience=NO_API) -> Consent:
    return Consent(
        user_id=user_id, client_id=client_id, audience=audience, scope=scope, granted_at=AT
    )


async def keep(database, *consents: Consent) -> None:
    for one in consents:
        await database.transact(lambda tx, one=one: store.insert_consent(tx, one))


async def granted(database, user_id=ALICE, client_id=ACME, audience=NO_API) -> frozenset[str]:
    return await database.read(lambda tx: store.scopes_consented(tx, user_id, client_id, audience))


@pytest.mark.parametrize(
    ("scope", "claims", "asked"),
    [
        ("openid email", None, ("openid", "email")),
        ("openid", '{"userinfo":{"email":null,"phone_number":null}}', ("openid", "email", "phone")),
        ("openid", '{"id_token":{"name":null,"auth_time":null}}', ("openid", "profile")),
        ("email", '{"userinfo":{"email":null},"id_token":{"email":null}}', ("openid", "email")),
        ("", None, ("openid",)),
    ],
)
def test_a_claim_asked_for_by_name_needs_the_word_that_its_scope_does(scope, claims, asked):
    assert scopes_in_question(scope, claims) == asked


async def test_consent_is_to_one_application_for_one_audience(database):
    await keep(
        database,
        consent("openid"),
        consent("email"),
        consent("email"),
        consent("read", audience=API),
        consent("phone", user_id=BOB),
        consent("phone", client_id=MALLORY),
    )

    assert await granted(database) == {"openid", "email"}
    assert await granted(database, audience=API) == {"read"}
    found = await database.read(lambda tx: store.consents_of(tx, ALICE))
    assert [(one.client_id, one.scope) for one in found] == [
        (ACME, "email"),
        (ACME, "openid"),
        (ACME, "read"),
        (MALLORY, "phone"),
    ]
    assert found[0].granted_at == AT


async def test_a_person_takes_back_what_one_application_may(database):
    await keep(
        database,
        consent("openid"),
        consent("read", audience=API),
        consent("openid", client_id=MALLORY),
        consent("openid", user_id=BOB),
    )

    assert await database.transact(lambda tx: store.withdraw_consents(tx, ALICE, ACME)) == 2

    assert await granted(database) == await granted(database, audience=API) == frozenset()
    assert await granted(database, client_id=MALLORY) == {"openid"}
    assert await granted(database, user_id=BOB) == {"openid"}


async def test_who_is_gone_leaves_no_consent(database):
    await keep(
        database,
        consent("openid"),
        consent("openid", user_id=BOB),
        consent("openid", user_id=BOB, client_id=MALLORY),
    )

    await database.transact(lambda tx: store.forget_consents_of_user(tx, ALICE))
    await database.transact(lambda tx: store.forget_consents_to_client(tx, MALLORY))

    assert await granted(database) == frozenset()
    assert await granted(database, user_id=BOB) == {"openid"}
    assert await granted(database, user_id=BOB, client_id=MALLORY) == frozenset()


REQUEST = open_request(
    Wanted(client_id=ACME, redirect_uri=CALLBACK, response_mode="query", scope="openid"),
    "browser",
    now=AT,
)


async def test_a_request_remembers_who_agreed_until_it_is_over(database):
    await database.transact(lambda tx: store.insert_request(tx, REQUEST))

    async def agree(now) -> bool:
        return await database.transact(lambda tx: store.note_consent(tx, REQUEST.id, ALICE, now))

    assert not await agree(REQUEST.expires_at)
    assert await agree(AT)
    found = await database.read(lambda tx: store.find_request(tx, REQUEST.id, "browser"))
    assert found is not None
    assert found.has_consent_of(ALICE)
    assert not found.has_consent_of(BOB)

    await database.transact(lambda tx: store.note_refusal(tx, REQUEST.id, AT))
    found = await database.read(lambda tx: store.find_request(tx, REQUEST.id, "browser"))
    assert found is not None
    assert found.refused_at == AT
    assert not await agree(AT), "a refusal is not taken back by an old page"
