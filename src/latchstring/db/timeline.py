"""Which history of a PostgreSQL database a session writes to.

A promoted standby and a server restored to a point in time begin a new timeline; a dump that is
loaded makes another database, or one on another system. All three may lack the newest commits.
"""

from functools import cache

import asyncpg

from latchstring.base.errors import Unavailable
from latchstring.base.logging import get_logger
from latchstring.db.server import Connection

_HISTORY = """
select (select system_identifier from pg_control_system())
    || '/' || (select oid from pg_database where datname = current_database())
    || '/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)
"""

_CANNOT_TELL = (
    asyncpg.UndefinedFunctionError,
    asyncpg.UndefinedTableError,
    asyncpg.FeatureNotSupportedError,
)
"""Engines that only speak PostgreSQL's language have no such log."""


async def timeline_of(connection: Connection) -> str | None:
    """Return the history's name; nothing where the engine has no such thing.

    Raises ``Unavailable`` for a standby: it takes no writes, and what it shows may be old.
    """
    try:
        return str(await connection.fetchval(_HISTORY))
    except asyncpg.ObjectNotInPrerequisiteStateError as trouble:
        message = "The database server is a standby. The primary is where to connect to."
        raise Unavailable(message, detail=repr(trouble)) from trouble
    except _CANNOT_TELL:
        return None
    except asyncpg.InsufficientPrivilegeError:
        _warn_once()
        return None


@cache
def _warn_once() -> None:
    """Say that a failover would go unnoticed, with used codes and revoked tokens good again."""
    get_logger().warning("database_history_unknown", lacking="execute on pg_control_system")
