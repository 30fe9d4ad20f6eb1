"""People with sessions at applications that want to hear of their end, straight in the database."""

from datetime import datetime, timedelta

from latchstring.base.ids import ClientId, UserId
from latchstring.base.secrets import Keyring
from latchstring.base.settings import SigningAlgorithm
from latchstring.db.database import Database, Transaction
from latchstring.domain.audit import store as audit
from latchstring.domain.audit.store import Recorded
from latchstring.domain.clients.client import Client
from latchstring.domain.identities import store as identities
from latchstring.domain.identities.identifier import EMAIL, Identifier
from latchstring.domain.keys.key import KeyState, generate
from latchstring.domain.keys.signer import Signer
from latchstring.domain.notices import store as notices
from latchstring.domain.notices.notice import Notice
from latchstring.domain.sessions import store as sessions
from latchstring.domain.sessions.session import Lifetime, Session, open_session

ALICE = Identifier(EMAIL, "alice@example.com")
BOB = Identifier(EMAIL, "bob@example.com")
LIFETIME = Lifetime(idle=timedelta(days=3), absolute=timedelta(days=7))


async def a_user(database: Database, identifier: Identifier, now: datetime) -> UserId:
    """Make somebody who signed in by this address."""
    return await database.transact(lambda tx: identities.create(tx, identifier, now))


async def a_session(database: Database, user_id: UserId, token: str, now: datetime) -> Session:
    """Sign a user in, in a browser with this cookie."""
    session = open_session(
        token=token,
        user_id=user_id,
        connection=EMAIL,
        identifier=ALICE.value,
        amr=("otp",),
        lifetime=LIFETIME,
        now=now,
    )
    await database.transact(lambda tx: sessions.insert_session(tx, session))
    return session


async def at_application(database: Database, session: Session, *names: str) -> None:
    """Let a session sign in to applications."""

    async def work(tx: Transaction) -> None:
        for name in names:
            assert await sessions.note_client(tx, session.id, ClientId(name))

    await database.transact(work)


async def notices_of(database: Database, user_id: UserId) -> list[Notice]:
    """Return what is to be told about a user, by application."""
    found = await database.read(lambda tx: notices.list_notices(tx, user_id, most=100))
    return sorted(found, key=lambda notice: (notice.client_id, notice.sid))


async def undelivered(database: Database, user_id: UserId) -> list[Recorded]:
    """Return the events that tell of applications that were not told."""
    events = await database.read(lambda tx: audit.events_of(tx, user_id, None, count=100))
    return [event for event in events if event.type == "LogoutNotDelivered"]


def a_signer(now: datetime) -> Signer:
    """Return what signs with a key of each algorithm."""
    keyring = Keyring({1: b"k" * 32})
    signer = Signer(keyring)
    signer.replace([generate(it, KeyState.CURRENT, keyring, now=now) for it in SigningAlgorithm])
    return signer


def a_listener(client_id: str, url: str, **changes: object) -> Client:
    """Return an application that wants to hear at a URL."""
    values: dict[str, object] = {"name": "Acme", "backchannel_logout_uri": url, **changes}
    return Client(client_id=ClientId(client_id), **values)  # type: ignore[arg-type]  # plain values
