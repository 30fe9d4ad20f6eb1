"""APIs in the database."""

from datetime import datetime
from typing import Any

import msgspec

from latchstring.db import statements
from latchstring.db.database import Transaction
from latchstring.domain.apis.api import Api

SQL = statements.load(__package__)


class StoredApi(msgspec.Struct, frozen=True):
    """A row: plain values, which an older or newer program may have written."""

    identifier: str
    settings: dict[str, Any]
    removed_at: datetime | None


async def list_apis(tx: Transaction) -> list[StoredApi]:
    """Return every API, also those that were removed."""
    return await tx.all(SQL["list_apis"], StoredApi, {})


async def find_api(tx: Transaction, identifier: str) -> StoredApi | None:
    """Return one API, unless it was removed."""
    return await tx.one(SQL["find_api"], StoredApi, {"identifier": identifier})


async def insert_api(tx: Transaction, api: Api, now: datetime) -> bool:
    """Write a first value; answer false, and change nothing, where there is or was one."""
    return await tx.run(SQL["insert_api"], _row(api, now)) == 1


async def put_api(tx: Transaction, api: Api, now: datetime) -> None:
    """Write an API, new or not, or one that was removed."""
    await tx.run(SQL["put_api"], _row(api, now))


async def remove_api(tx: Transaction, identifier: str, now: datetime) -> bool:
    """Forget all but its name, which the file cannot bring back; answer whether it was there."""
    return await tx.run(SQL["remove_api"], {"identifier": identifier, "now": now}) == 1


def _row(api: Api, now: datetime) -> dict[str, object]:
    return {"identifier": api.identifier, "settings": api.as_stored(), "now": now}
