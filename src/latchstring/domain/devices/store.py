"""Device grants in the database. What happens once, and the pace, lives in the statements."""

from datetime import datetime, timedelta

from latchstring.base.ids import ClientId
from latchstring.db import records, statements
from latchstring.db.database import Transaction
from latchstring.domain.devices.grant import (
    INTERVAL_SECONDS,
    SLACK,
    Allowance,
    DeviceGrant,
    DeviceGrantId,
)

SQL = statements.load(__package__)
_MILLISECOND = timedelta(milliseconds=1)


async def insert_grant(tx: Transaction, grant: DeviceGrant) -> bool:
    """Keep a new grant; answer whether its code was nobody else's."""
    return await tx.run(SQL["insert_grant"], records.values_of(grant)) == 1


async def note_poll(
    tx: Transaction, device_code_digest: str, client_id: ClientId, now: datetime
) -> DeviceGrant | None:
    """Note that the device asked, and return its grant if it still waits for an answer."""
    values = {
        "device_code_digest": device_code_digest,
        "client_id": client_id,
        "now": now,
        "step": INTERVAL_SECONDS,
        "slack": SLACK // _MILLISECOND,
    }
    return await tx.one(SQL["note_poll"], DeviceGrant, values)


async def redeem(
    tx: Transaction, device_code_digest: str, client_id: ClientId, now: datetime
) -> DeviceGrant | None:
    """Use an allowed grant up and return it; of racing callers one gets it, and nobody later."""
    values = {"device_code_digest": device_code_digest, "client_id": client_id, "now": now}
    return await tx.one(SQL["redeem"], DeviceGrant, values)


async def find_by_device_code(
    tx: Transaction, device_code_digest: str, client_id: ClientId
) -> DeviceGrant | None:
    """Return a client's grant, whatever became of it."""
    values = {"device_code_digest": device_code_digest, "client_id": client_id}
    return await tx.one(SQL["find_by_device_code"], DeviceGrant, values)


async def bind(
    tx: Transaction, user_code_digest: str, browser_digest: str, now: datetime
) -> DeviceGrantId | None:
    """Give the grant of a code to a browser; answer its id if it still waits."""
    values = {"user_code_digest": user_code_digest, "browser_digest": browser_digest, "now": now}
    found = await tx.one(SQL["bind"], str, values)
    return None if found is None else DeviceGrantId(found)


async def find_of_browser(
    tx: Transaction, grant_id: DeviceGrantId, browser_digest: str
) -> DeviceGrant | None:
    """Return a grant, answered or over, if its code was typed in this browser last."""
    values = {"id": grant_id, "browser_digest": browser_digest}
    return await tx.one(SQL["find_of_browser"], DeviceGrant, values)


async def allow(
    tx: Transaction,
    grant_id: DeviceGrantId,
    browser_digest: str,
    *,
    allowance: Allowance,
    now: datetime,
) -> bool:
    """Let the device have its tokens; answer whether it was this call that did."""
    values = {"id": grant_id, "browser_digest": browser_digest, "now": now}
    return await tx.run(SQL["allow"], values | records.values_of(allowance)) == 1


async def deny(
    tx: Transaction, grant_id: DeviceGrantId, browser_digest: str, now: datetime
) -> bool:
    """Refuse the device; answer whether it was this call that did."""
    values = {"id": grant_id, "browser_digest": browser_digest, "now": now}
    return await tx.run(SQL["deny"], values) == 1


async def drop_undelivered(tx: Transaction) -> int:
    """Forget every grant that could still give tokens; answer how many there were."""
    return await tx.run(SQL["drop_undelivered"], {})


async def purge(tx: Transaction, *, before: datetime, count: int) -> int:
    """Drop a small batch of grants that expired before then; answer how many went."""
    return await tx.run(SQL["purge_grants"], {"before": before, "count": count})
