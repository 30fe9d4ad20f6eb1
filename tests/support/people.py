"""Alice, with everything that a user can have in the database."""

from dataclasses import dataclass
from datetime import timedelta

from latchstring.base.ids import ClientId, UserId
from latchstring.base.secrets import Keyring
from latchstring.base.settings import Send
from latchstring.db.database import Transaction
from latchstring.domain.challenges import challenge as challenges
from latchstring.domain.challenges import store as challenge_store
from latchstring.domain.identities import store as identities
from latchstring.domain.identities.identifier import Identifier, email_identifier
from latchstring.domain.sessions import session as sessions
from latchstring.domain.sessions import store as session_store
from latchstring.domain.tokens import access
from latchstring.domain.tokens import store as tokens
from tests.support.administration import Office

KEYRING = Keyring({1: b"k" * 32})
ACME = ClientId("acme-web")
TERMS = challenges.Terms(
    send=Send.BOTH,
    code_length=6,
    code_lifetime=timedelta(minutes=10),
    link_lifetime=timedelta(minutes=10),
    max_attempts=3,
    live=5,
)


@dataclass(frozen=True, slots=True)
class Person:
    """A signed-in user who also has a code on the way."""

    user_id: UserId
    identifier: Identifier
    session: sessions.Session
    token: access.AccessToken
    challenge: challenges.Challenge


async def a_person(office: Office, address: str = "alice@example.com") -> Person:
    """Sign somebody up, in, and let them ask for another code."""
    identifier = email_identifier(address, allow_examples=True)

    async def work(tx: Transaction) -> Person:
        now = office.clock.now()
        user_id = await identities.create(tx, identifier, now)
        session = sessions.open_session(
            token=f"session of {address}",
            user_id=user_id,
            connection=identifier.connection,
            identifier=identifier.value,
            amr=("otp",),
            lifetime=sessions.Lifetime(timedelta(days=3), timedelta(days=7)),
            now=now,
        )
        await session_store.insert_session(tx, session)
        bearer = access.Bearer(
            client_id=ACME,
            user_id=user_id,
            session_id=session.id,
            code_digest=None,
            scope="openid",
        )
        _, token = access.issue(bearer, lifetime=timedelta(days=1), now=now)
        await tokens.insert_access_token(tx, token)
        subject = challenges.Subject(
            identifier_digest=identifier.digest,
            connection=identifier.connection,
            identifier=identifier.value,
            client_id=ACME,
        )
        challenge = challenges.issue(subject, TERMS, KEYRING, now=now)
        await challenge_store.add(tx, challenge, live=5, now=now)
        return Person(user_id, identifier, session, token, challenge)

    return await office.database.transact(work)
