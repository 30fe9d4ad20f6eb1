"""Add, show, block and delete users, and void the codes they were sent."""

from collections.abc import Awaitable, Callable

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.errors import InvalidRequest, NotFound
from latchstring.base.ids import IdentifierDigest, UserId
from latchstring.base.origin import NOWHERE
from latchstring.db.database import Database, Transaction
from latchstring.domain.audit import store as audit
from latchstring.domain.audit.event import (
    ChallengesVoided,
    UserBlocked,
    UserCreated,
    UserDeleted,
    UserUnblocked,
)
from latchstring.domain.authorizations import store as authorizations
from latchstring.domain.challenges import store as challenges
from latchstring.domain.challenges.challenge import EndedBy
from latchstring.domain.delivery import store as delivery
from latchstring.domain.identities import store as identities
from latchstring.domain.identities.identifier import (
    Identifier,
    email_identifier,
    phone_identifier,
)
from latchstring.domain.identities.user import User, UserIdentifier, is_subject
from latchstring.domain.tickets import store as tickets
from latchstring.domain.tokens import store as tokens
from latchstring.flows.end_sessions import end_sessions_of
from latchstring.flows.sign_out_everywhere import end_everywhere

_BY = "administrator"


class Profile(msgspec.Struct, frozen=True):
    """A user with everything that identifies it."""

    user: User
    identifiers: tuple[UserIdentifier, ...]


class ManageUsers(msgspec.Struct, frozen=True):
    """What an administrator does to a user. Users are named by subject, email or number."""

    database: Database
    clock: Clock

    async def list_page(self, *, before: str | None = None, count: int = 50) -> list[Profile]:
        """Return a page of users, newest first; ``before`` is the last subject seen."""
        last = None if before is None else UserId(before)

        async def page(tx: Transaction) -> list[Profile]:
            users = await identities.list_users(tx, last, count)
            return [await _profile(tx, user) for user in users]

        return await self.database.read(page)

    async def add(self, identifier: str, *, subject: str | None = None) -> Profile:
        """Make a user before they first sign in; raise ``InvalidRequest``.

        ``subject`` is the one that applications know from another server (``email|…``).
        """
        wanted = parse_identifier(identifier)
        user_id = None if subject is None else _brought(subject, wanted)
        outcome = await self.database.transact(lambda tx: self._add(tx, wanted, user_id))
        if isinstance(outcome, InvalidRequest):
            raise outcome
        return outcome

    async def _add(
        self, tx: Transaction, identifier: Identifier, user_id: UserId | None
    ) -> Profile | InvalidRequest:
        now = self.clock.now()
        if await _find(tx, identifier) is not None:
            return InvalidRequest("There already is a user with this.", field="identifier")
        if user_id is not None and await _find(tx, user_id) is not None:
            return InvalidRequest("There already is a user of this subject.", field="subject")
        made = await identities.create(tx, identifier, now, user_id)
        created = UserCreated(
            user_id=made, identifier_digest=identifier.digest, connection=identifier.connection
        )
        await audit.record(tx, created, NOWHERE, now=now)
        return _present(await _find(tx, made))

    async def show(self, named: str) -> Profile:
        """Return one user; raise ``NotFound``."""
        target = _target(named)
        return _present(await self.database.read(lambda tx: _find(tx, target)))

    async def block(self, named: str) -> Profile:
        """Shut a user out: sessions, tokens, codes and links end now."""
        return await self._change(named, self._block)

    async def unblock(self, named: str) -> Profile:
        """Let a user sign in again."""
        return await self._change(named, self._unblock)

    async def delete(self, named: str) -> Profile:
        """Remove a user and all that it could still do; its subject never comes again."""
        return await self._change(named, self._delete)

    async def sign_out(self, named: str) -> tuple[Profile, int]:
        """End a user's sessions and tokens; return how many sessions that were."""
        target = _target(named)

        async def work(tx: Transaction) -> tuple[Profile | None, int]:
            profile = await _find(tx, target)
            if profile is None:
                return None, 0
            ended = await end_everywhere(
                tx, profile.user.id, clock=self.clock, origin=NOWHERE, by=_BY
            )
            return profile, ended

        found, ended = await self.database.transact(work)
        return _present(found), ended

    async def void_codes(self, identifier: str) -> int:
        """End the live codes and links of an email address or number; return how many."""
        found = parse_identifier(identifier)
        return await self.database.transact(lambda tx: self._void(tx, found.digest, found.value))

    async def _change(
        self, named: str, change: Callable[[Transaction, Profile], Awaitable[None]]
    ) -> Profile:
        target = _target(named)

        async def work(tx: Transaction) -> Profile | None:
            profile = await _find(tx, target)
            if profile is None:
                return None
            await change(tx, profile)
            return await _find(tx, profile.user.id) or profile

        return _present(await self.database.transact(work))

    async def _block(self, tx: Transaction, profile: Profile) -> None:
        now, user_id = self.clock.now(), profile.user.id
        await self._end_everything(tx, profile)
        await audit.record(tx, UserBlocked(user_id=user_id), NOWHERE, now=now)

    async def _unblock(self, tx: Transaction, profile: Profile) -> None:
        now, user_id = self.clock.now(), profile.user.id
        await identities.set_blocked(tx, user_id, blocked_at=None, now=now)
        await audit.record(tx, UserUnblocked(user_id=user_id), NOWHERE, now=now)

    async def _delete(self, tx: Transaction, profile: Profile) -> None:
        now, user_id = self.clock.now(), profile.user.id
        await self._end_everything(tx, profile)
        await authorizations.forget_consents_of_user(tx, user_id)
        await identities.delete_user(tx, user_id)
        await audit.record(tx, UserDeleted(user_id=user_id), NOWHERE, now=now)

    async def _end_everything(self, tx: Transaction, profile: Profile) -> None:
        """Challenges first, as an answer holds them before it counts a sign-in; then the user.

        Whoever held the user may have given out a session or a token: those end last.
        """
        now, user_id = self.clock.now(), profile.user.id
        for identifier in profile.identifiers:
            await self._void(tx, identifier.identifier_digest, identifier.identifier)
        await identities.set_blocked(tx, user_id, blocked_at=now, now=now)
        await tickets.drop_tickets_of(tx, user_id)
        await end_sessions_of(tx, user_id, now)
        await tokens.revoke_of_user(tx, user_id, now)
        await identities.forget_browsers(tx, user_id, now)

    async def _void(self, tx: Transaction, digest: IdentifierDigest, recipient: str) -> int:
        now = self.clock.now()
        ended = await challenges.end_all(tx, digest, ended_by=EndedBy.VOIDED, now=now)
        await delivery.withdraw(tx, recipient, reason=EndedBy.VOIDED, now=now)
        if ended:
            voided = ChallengesVoided(identifier_digest=digest, count=len(ended), by=_BY)
            await audit.record(tx, voided, NOWHERE, now=now)
        return len(ended)


def parse_identifier(text: str) -> Identifier:
    """Return the identifier an administrator typed, reserved ones too; raise ``InvalidRequest``."""
    if "@" in text:
        return email_identifier(text, allow_examples=True)
    return phone_identifier(text, None, allow_examples=True)


def _brought(subject: str, identifier: Identifier) -> UserId:
    if not is_subject(subject) or not subject.startswith(f"{identifier.connection}|"):
        message = f"subject: must be {identifier.connection}| and 24 hexadecimal digits"
        raise InvalidRequest(message, field="subject")
    return UserId(subject)


def _target(named: str) -> UserId | Identifier:
    """Return what is meant: a subject, which has a bar and no at sign, or an identifier."""
    return UserId(named) if "|" in named and "@" not in named else parse_identifier(named)


async def _find(tx: Transaction, target: UserId | Identifier) -> Profile | None:
    user_id: UserId | None
    if isinstance(target, Identifier):
        standing = await identities.find_standing(tx, target.digest)
        user_id = None if standing is None else standing.user_id
    else:
        user_id = target
    user = None if user_id is None else await identities.find_user(tx, user_id)
    return None if user is None else await _profile(tx, user)


async def _profile(tx: Transaction, user: User) -> Profile:
    return Profile(user, tuple(await identities.identifiers_of(tx, user.id)))


def _present(profile: Profile | None) -> Profile:
    if profile is None:
        raise NotFound("There is no such user.")
    return profile
