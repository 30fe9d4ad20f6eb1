"""Register, change and remove APIs while the server runs."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.errors import AppError, InvalidRequest, NotFound
from latchstring.base.origin import NOWHERE
from latchstring.db.database import Database, Transaction, Undone
from latchstring.domain.apis import store as apis
from latchstring.domain.apis.api import Api
from latchstring.domain.audit import store as audit
from latchstring.domain.audit.event import ApiChanged, ApiRemoved
from latchstring.domain.tokens import store as tokens
from latchstring.flows.refresh_configuration import bump_version

Change = Callable[[Api | None], Api]


class ManageApis(msgspec.Struct, frozen=True):
    """A change holds for every request after it, in every process within two seconds."""

    database: Database
    clock: Clock
    refresh: Callable[[], Awaitable[object]]
    """Makes the change hold in this process at once."""

    async def list_all(self) -> list[Api]:
        """Return the APIs, by identifier."""
        rows = await self.database.read(apis.list_apis)
        return [Api.from_stored(row.settings) for row in rows if row.removed_at is None]

    async def add(self, values: Mapping[str, Any]) -> Api:
        """Register an API; raise ``InvalidRequest``."""
        api = Api.from_values(values)

        def add(found: Api | None) -> Api:
            if found is not None:
                raise InvalidRequest("There already is an API of this name.", field="identifier")
            return api

        return await self._change(api.identifier, add)

    async def change(self, identifier: str, values: Mapping[str, Any]) -> Api:
        """Replace some settings; raise ``NotFound`` or ``InvalidRequest``."""

        def change(found: Api | None) -> Api:
            if found is None:
                raise _unknown()
            return found.changed(values)

        return await self._change(identifier, change)

    async def remove(self, identifier: str) -> None:
        """Remove an API and end its tokens, whatever the file says; raise ``NotFound``."""
        unknown = await self.database.transact(lambda tx: self._remove(tx, identifier))
        if unknown is not None:
            raise unknown.refusal
        await self.refresh()

    async def _change(self, identifier: str, change: Change) -> Api:
        outcome = await self.database.transact(lambda tx: self._write(tx, identifier, change))
        if isinstance(outcome, Undone):
            raise outcome.refusal
        await self.refresh()
        return outcome

    async def _write(
        self, tx: Transaction, identifier: str, change: Change
    ) -> Api | Undone[AppError]:
        await bump_version(tx)  # first: of two changes at once, the second sees the first
        row = await apis.find_api(tx, identifier)
        try:
            api = change(None if row is None else Api.from_stored(row.settings))
        except AppError as refusal:
            return Undone(refusal)
        now = self.clock.now()
        await apis.put_api(tx, api, now)
        changed = ApiChanged(audience=api.identifier, settings=api.as_stored())
        await audit.record(tx, changed, NOWHERE, now=now)
        return api

    async def _remove(self, tx: Transaction, identifier: str) -> Undone[NotFound] | None:
        now = self.clock.now()
        await bump_version(tx)
        if not await apis.remove_api(tx, identifier, now):
            return Undone(_unknown())
        await tokens.revoke_of_audience(tx, identifier, now)
        await audit.record(tx, ApiRemoved(audience=identifier), NOWHERE, now=now)
        return None


def _unknown() -> NotFound:
    return NotFound("There is no API of this name.")
