"""An application registers itself, and looks after its registration (RFC 7591, RFC 7592)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from latchstring.base import secrets
from latchstring.base.clock import Clock
from latchstring.base.errors import AppError
from latchstring.base.ids import ClientId, new_id
from latchstring.base.origin import Origin
from latchstring.db.database import Database, Transaction, Undone
from latchstring.domain.audit import store as audit
from latchstring.domain.audit.event import ClientChanged, ClientRegistered, ClientRemoved
from latchstring.domain.authorizations import store as authorizations
from latchstring.domain.clients import store as clients
from latchstring.domain.clients.client import Client
from latchstring.domain.registrations import store as registrations
from latchstring.domain.registrations.registration import Registration, RegistrationRefused
from latchstring.domain.tokens import store as tokens
from latchstring.flows.refresh_configuration import bump_version


class Wanted(msgspec.Struct, frozen=True):
    """What an application says of itself, read and checked by the surface."""

    settings: Mapping[str, Any]
    """In the words of our settings, without the id."""

    with_secret: bool
    metadata: dict[str, Any]
    """As it is told back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A registration, and what is shown this once."""

    registration: Registration
    client: Client
    token: str = field(repr=False)
    secret: str | None = field(default=None, repr=False)


class RegisterClient(msgspec.Struct, frozen=True):
    """What registered itself is a stranger: its addresses are guarded, people are asked first."""

    database: Database
    clock: Clock
    refresh: Callable[[], Awaitable[object]]
    """Makes the change hold in this process at once."""

    async def check(self, token: str) -> None:
        """Raise ``RegistrationRefused`` unless the token has a use left, and take none."""
        now, digest = self.clock.now(), secrets.digest(token)
        if await self.database.read(lambda tx: registrations.find_token(tx, digest, now)) is None:
            raise RegistrationRefused

    async def register(self, token: str, wanted: Wanted, origin: Origin) -> Registered:
        """Use the token once; raise ``RegistrationRefused`` or ``InvalidRequest``."""
        now = self.clock.now()
        secret = secrets.random_token() if wanted.with_secret else None
        client = _client(ClientId(new_id("dyn", now)), wanted, secret and secrets.digest(secret))
        own = secrets.random_token()

        async def work(tx: Transaction) -> Registration | None:
            used = await registrations.use_token(tx, secrets.digest(token), now)
            if used is None:
                return None
            registration = Registration(
                client_id=client.client_id,
                token_digest=secrets.digest(own),
                registration_token_id=used.id,
                metadata=wanted.metadata,
                created_at=now,
                changed_at=now,
            )
            await bump_version(tx)
            await clients.put_client(tx, client, now)
            await registrations.insert_registration(tx, registration)
            event = ClientRegistered(
                client_id=client.client_id,
                registration_token_id=used.id,
                settings=client.as_stored(),
            )
            await audit.record(tx, event, origin, now=now)
            return registration

        registration = await self.database.transact(work)
        if registration is None:
            raise RegistrationRefused
        await self.refresh()
        return Registered(registration=registration, client=client, token=own, secret=secret)

    async def read(self, client_id: str, token: str) -> Registered:
        """Return the registration that the token opens; raise ``RegistrationRefused``."""
        found = await self.database.read(lambda tx: _opened(tx, client_id, token))
        if found is None:
            raise RegistrationRefused
        return Registered(registration=found[0], client=found[1], token=token)

    async def change(
        self, client_id: str, token: str, wanted: Wanted, origin: Origin
    ) -> Registered:
        """Replace all of it; a client that now needs a secret gets one. Raise as ``register``."""
        secret = secrets.random_token() if wanted.with_secret else None
        outcome = await self.database.transact(
            lambda tx: self._change(tx, (client_id, token), wanted, secret, origin)
        )
        if isinstance(outcome, Undone):
            raise outcome.refusal
        await self.refresh()
        return outcome

    async def remove(self, client_id: str, token: str, origin: Origin) -> None:
        """End the registration and what the client held; raise ``RegistrationRefused``."""
        now = self.clock.now()

        async def work(tx: Transaction) -> bool:
            if await _opened(tx, client_id, token) is None:
                return False
            if not await registrations.drop_registration(tx, client_id):
                return False
            await bump_version(tx)
            await clients.remove_client(tx, client_id, now)
            await tokens.revoke_of_client(tx, ClientId(client_id), now)
            await authorizations.forget_consents_to_client(tx, ClientId(client_id))
            await audit.record(tx, ClientRemoved(client_id=ClientId(client_id)), origin, now=now)
            return True

        if not await self.database.transact(work):
            raise RegistrationRefused
        await self.refresh()

    async def _change(
        self,
        tx: Transaction,
        key: tuple[str, str],
        wanted: Wanted,
        secret: str | None,
        origin: Origin,
    ) -> Registered | Undone[AppError]:
        # Both held before they are read, as whoever ends or changes it does: of two changes, one
        # gives it a secret, and none brings back what an administrator replaced.
        held = await registrations.hold_registration(tx, key[0])
        await bump_version(tx)
        found = await _opened(tx, *key) if held else None
        if found is None:
            return Undone(RegistrationRefused())
        registration, before = found
        if before.secret_digest is not None:
            secret = None  # it has one, and goes on with it
        kept = (secret and secrets.digest(secret)) or before.secret_digest
        try:
            client = _client(before.client_id, wanted, kept if wanted.with_secret else None)
        except AppError as refusal:
            return Undone(refusal)
        await self._write(tx, before, client, wanted.metadata, origin)
        changed = msgspec.structs.replace(registration, metadata=wanted.metadata)
        return Registered(registration=changed, client=client, token=key[1], secret=secret)

    async def _write(
        self,
        tx: Transaction,
        before: Client,
        client: Client,
        metadata: Mapping[str, Any],
        origin: Origin,
    ) -> None:
        now = self.clock.now()
        await registrations.change_registration(tx, client.client_id, metadata, now)
        await clients.put_client(tx, client, now)
        changed = ClientChanged(
            client_id=client.client_id,
            settings=client.as_stored(),
            secret_changed=before.secret_digest != client.secret_digest,
        )
        await audit.record(tx, changed, origin, now=now)


async def _opened(
    tx: Transaction, client_id: str, token: str
) -> tuple[Registration, Client] | None:
    """Return what the token opens, if the client is still there."""
    registration = await registrations.find_registration(tx, client_id)
    row = await clients.find_client(tx, client_id)
    if registration is None or row is None or not row.dynamic or not registration.opens(token):
        return None
    return registration, row.client()


def _client(client_id: ClientId, wanted: Wanted, secret_digest: str | None) -> Client:
    values = {"client_id": client_id, **wanted.settings}
    return replace(Client.from_values(values, secret_digest), dynamic=True)
