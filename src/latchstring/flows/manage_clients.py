"""Register, change and remove applications while the server runs."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from latchstring.base import secrets
from latchstring.base.clock import Clock
from latchstring.base.errors import AppError, InvalidRequest, NotFound
from latchstring.base.ids import ClientId
from latchstring.base.origin import NOWHERE
from latchstring.base.settings_texts import client_secret
from latchstring.db.database import Database, Transaction, Undone
from latchstring.domain.audit import store as audit
from latchstring.domain.audit.event import ClientChanged, ClientRemoved
from latchstring.domain.authorizations import store as authorizations
from latchstring.domain.clients import store as clients
from latchstring.domain.clients.client import Client
from latchstring.domain.registrations import store as registrations
from latchstring.domain.tokens import store as tokens
from latchstring.flows.refresh_configuration import bump_version

Change = Callable[[Client | None], Client]


@dataclass(frozen=True, slots=True)
class Registered:
    """A client and the secret it just got: the only time that anybody can see it."""

    client: Client
    secret: str | None = field(repr=False)


class ManageClients(msgspec.Struct, frozen=True):
    """A change holds for every request after it, in every process within two seconds."""

    database: Database
    clock: Clock
    refresh: Callable[[], Awaitable[object]]
    """Makes the change hold in this process at once."""

    async def list_all(self) -> list[Client]:
        """Return the clients, by id."""
        rows = await self.database.read(clients.list_clients)
        return [row.client() for row in rows if row.removed_at is None]

    async def add(
        self, values: Mapping[str, Any], *, public: bool = False, secret: str | None = None
    ) -> Registered:
        """Register a client, confidential with this or a new secret; raise ``InvalidRequest``."""
        given = None if public else _checked(secret) or secrets.random_token()
        client = Client.from_values(values, secrets.digest(given) if given else None)

        def add(found: Client | None) -> Client:
            if found is not None:
                raise InvalidRequest("There already is a client of this id.", field="client_id")
            return client

        return Registered(await self._change(client.client_id, add), given)

    async def change(self, client_id: str, values: Mapping[str, Any]) -> Client:
        """Replace some settings; raise ``NotFound`` or ``InvalidRequest``."""
        return await self._change(client_id, lambda found: _present(found).changed(values))

    async def rotate_secret(self, client_id: str, *, secret: str | None = None) -> Registered:
        """Give a client this or a new secret; the old one ends now. A public one has none."""
        given = _checked(secret) or secrets.random_token()

        def rotate(found: Client | None) -> Client:
            if _present(found).is_public:
                raise InvalidRequest("This client is public: it has no secret.", field="client_id")
            return replace(_present(found), secret_digest=secrets.digest(given))

        return Registered(await self._change(client_id, rotate), given)

    async def remove(self, client_id: str) -> None:
        """Remove a client for good, whatever the file says; raise ``NotFound``."""
        unknown = await self.database.transact(lambda tx: self._remove(tx, client_id))
        if unknown is not None:
            raise unknown.refusal
        await self.refresh()

    async def _change(self, client_id: str, change: Change) -> Client:
        outcome = await self.database.transact(lambda tx: self._write(tx, client_id, change))
        if isinstance(outcome, Undone):
            raise outcome.refusal
        await self.refresh()
        return outcome

    async def _write(
        self, tx: Transaction, client_id: str, change: Change
    ) -> Client | Undone[AppError]:
        await bump_version(tx)  # first: of two changes at once, the second sees the first
        row = await clients.find_client(tx, client_id)
        found = None if row is None else row.client()
        try:
            client = change(found)
        except AppError as refusal:
            return Undone(refusal)
        now = self.clock.now()
        await clients.put_client(tx, client, now)
        changed = ClientChanged(
            client_id=client.client_id,
            settings=client.as_stored(),
            secret_changed=found is None or found.secret_digest != client.secret_digest,
        )
        await audit.record(tx, changed, NOWHERE, now=now)
        return client

    async def _remove(self, tx: Transaction, client_id: str) -> Undone[NotFound] | None:
        now = self.clock.now()
        await registrations.drop_registration(tx, client_id)
        await bump_version(tx)
        if not await clients.remove_client(tx, client_id, now):
            return Undone(_unknown())
        await tokens.revoke_of_client(tx, ClientId(client_id), now)
        await authorizations.forget_consents_to_client(tx, ClientId(client_id))
        await audit.record(tx, ClientRemoved(client_id=ClientId(client_id)), NOWHERE, now=now)
        return None


def _present(found: Client | None) -> Client:
    if found is None:
        raise _unknown()
    return found


def _unknown() -> NotFound:
    return NotFound("There is no client of this id.")


def _checked(secret: str | None) -> str | None:
    if not secret:
        return None
    try:
        return client_secret(secret)
    except ValueError as error:
        raise InvalidRequest(f"client_secret: {error}", field="client_secret") from None
