"""Users and identifiers in the database."""

from datetime import datetime

from latchstring.base.ids import IdentifierDigest, UserId
from latchstring.db import statements
from latchstring.db.database import Transaction
from latchstring.domain.identities.identifier import Identifier
from latchstring.domain.identities.user import Standing, User, UserIdentifier, new_user_id

SQL = statements.load(__package__)


async def find_standing(tx: Transaction, digest: IdentifierDigest) -> Standing | None:
    """Return the person behind an identifier, or nobody."""
    return await tx.one(SQL["find_standing"], Standing, {"identifier_digest": digest})


async def create(
    tx: Transaction, identifier: Identifier, now: datetime, user_id: UserId | None = None
) -> UserId:
    """Make the user of an identifier that has none; of racing callers one succeeds.

    The subject is a new one, unless an administrator brings it from another server.
    """
    user_id = user_id or new_user_id(identifier.connection)
    await tx.run(SQL["insert_user"], {"user_id": user_id, "now": now})
    await tx.run(
        SQL["insert_identifier"],
        {
            "identifier_digest": identifier.digest,
            "connection": identifier.connection,
            "identifier": identifier.value,
            "user_id": user_id,
            "now": now,
        },
    )
    return user_id


async def note_sign_in(tx: Transaction, user_id: UserId, now: datetime) -> None:
    """Count a sign-in and remember when it was."""
    await tx.run(SQL["note_sign_in"], {"user_id": user_id, "now": now})


async def find_user(tx: Transaction, user_id: UserId) -> User | None:
    """Return a user by subject."""
    return await tx.one(SQL["find_user"], User, {"user_id": user_id})


async def hold_user(tx: Transaction, user_id: UserId) -> User | None:
    """Return a user by subject, and keep whoever would block or delete them waiting."""
    return await tx.one(SQL["hold_user"], User, {"user_id": user_id})


async def identifiers_of(tx: Transaction, user_id: UserId) -> list[UserIdentifier]:
    """Return a user's identifiers, oldest first."""
    return await tx.all(SQL["identifiers_of"], UserIdentifier, {"user_id": user_id})


async def list_users(tx: Transaction, before: UserId | None, count: int) -> list[User]:
    """Return a page of users, newest first."""
    return await tx.all(SQL["list_users"], User, {"before": before, "count": count})


async def hold_user_alone(tx: Transaction, user_id: UserId) -> bool:
    """Be alone with a user until the transaction ends; answer whether there is one."""
    return await tx.run(SQL["hold_user_alone"], {"user_id": user_id}) == 1


async def set_blocked(
    tx: Transaction, user_id: UserId, *, blocked_at: datetime | None, now: datetime
) -> bool:
    """Shut a user out, or in again with ``None``; answer whether there is such a user."""
    values = {"user_id": user_id, "blocked_at": blocked_at, "now": now}
    return await tx.run(SQL["set_blocked"], values) == 1


async def forget_browsers(tx: Transaction, user_id: UserId, now: datetime) -> None:
    """Make every browser a stranger again."""
    await tx.run(SQL["forget_browsers"], {"user_id": user_id, "now": now})


async def delete_user(tx: Transaction, user_id: UserId) -> bool:
    """Remove a user and its identifiers; answer whether there was one."""
    await tx.run(SQL["delete_identifiers"], {"user_id": user_id})
    return await tx.run(SQL["delete_user"], {"user_id": user_id}) == 1
