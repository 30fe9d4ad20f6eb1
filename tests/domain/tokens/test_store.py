"""Access tokens in a real file."""

from datetime import timedelta

from latchstring.base.ids import ClientId, UserId
from latchstring.domain.tokens import store
from latchstring.domain.tokens.access import AccessToken, Bearer, issue
from tests.support.provider import AT

LATER = AT + timedelta(days=2)


def a_token(user: str = "email|alice", code_digest: str | None = None) -> AccessToken:
    bearer = Bearer(
        client_id=ClientId("acme-web"),
        user_id=UserId(user),
        session_id=None,
        code_digest=code_digest,
        scope="openid",
    )
    return issue(bearer, lifetime=timedelta(days=1), now=AT)[1]


async def keep(database, *tokens: AccessToken) -> None:
    for token in tokens:
        await database.transact(lambda tx, token=token: store.insert_access_token(tx, token))


async def find(database, token: AccessToken) -> AccessToken | None:
    return await database.read(lambda tx: store.find_access_token(tx, token.token_digest))


async def test_a_token_comes_back_as_it_was(database):
    token = a_token(code_digest="code")
    await keep(database, token)

    assert await find(database, token) == token
    assert await find(database, a_token()) is None


async def test_revoking_ends_the_tokens_of_one_code_or_one_user_once(database):
    alice, alices_other, bob = a_token(code_digest="code"), a_token(), a_token("sms|bob", "other")
    await keep(database, alice, alices_other, bob)

    assert await database.transact(lambda tx: store.revoke_of_code(tx, "code", AT)) == 1
    assert await database.transact(lambda tx: store.revoke_of_code(tx, "code", LATER)) == 0
    assert await database.transact(lambda tx: store.revoke_of_user(tx, alice.user_id, LATER)) == 1

    found = [await find(database, token) for token in (alice, alices_other, bob)]
    assert [token and token.revoked_at for token in found] == [AT, LATER, None]


async def test_expired_tokens_are_purged_in_batches(database):
    await keep(database, a_token(), a_token(), a_token())

    purged = [
        await database.transact(lambda tx: store.purge_access_tokens(tx, before=LATER, count=2))
        for _ in range(3)
    ]

    assert purged == [2, 1, 0]
