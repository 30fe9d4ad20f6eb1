"""Find the person behind a subject, unless they are gone or shut out."""

from latchstring.base.ids import ConnectionName, UserId
from latchstring.db.database import Transaction
from latchstring.domain.identities import store as identities
from latchstring.domain.identities.identifier import EMAIL, SMS
from latchstring.domain.identities.user import User, UserIdentifier
from latchstring.domain.tokens.claims import Person


async def find_person(tx: Transaction, user_id: UserId) -> Person | None:
    """Return a user with their oldest address and number; nobody if blocked or deleted."""
    return await _person(tx, await identities.find_user(tx, user_id))


async def hold_person(tx: Transaction, user_id: UserId) -> Person | None:
    """Do the same, and let nobody block or delete them before the transaction ends.

    What is written for them meanwhile is there for a block that waits, and ends with it.
    """
    return await _person(tx, await identities.hold_user(tx, user_id))


async def _person(tx: Transaction, user: User | None) -> Person | None:
    if user is None or user.is_blocked:
        return None
    identifiers = await identities.identifiers_of(tx, user.id)
    email, phone = _first(identifiers, EMAIL), _first(identifiers, SMS)
    return Person(
        subject=user.id,
        updated_at=user.updated_at,
        email=email.identifier if email else None,
        email_verified=email is not None and email.verified_at is not None,
        phone_number=phone.identifier if phone else None,
        phone_number_verified=phone is not None and phone.verified_at is not None,
    )


def _first(identifiers: list[UserIdentifier], connection: ConnectionName) -> UserIdentifier | None:
    return next((found for found in identifiers if found.connection == connection), None)
