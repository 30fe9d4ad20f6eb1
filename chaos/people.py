"""Rows by the million, made where they are stored."""

from chaos.databases import SQLITE, Database

_DAY = 86_400_000

_COUNTED = "with recursive n(i) as (select 1 union all select i + 1 from n where i < {})"
_USERS = """
insert into users (id, created_at, updated_at, blocked_at, last_sign_in_at, sign_ins)
{begin} select 'usr_made_' || i, 1700000000000 + i, 1700000000000 + i, null, null, 0 from {n};
insert into identifiers
    (identifier_digest, connection, identifier, user_id, verified_at, created_at,
     browsers_known_since)
{begin} select 'made-' || i, 'email', 'made-' || i || '@example.com', 'usr_made_' || i,
    1700000000000 + i, 1700000000000 + i, 0 from {n};
"""
_EXPIRED = """
insert into challenges
    (id, identifier_digest, sequence, connection, identifier, client_id, authorization_id, send,
     code_digest, code_length, key_version, max_attempts, attempts, decoy, return_to,
     address_digest, created_at, code_expires_at, link_expires_at, ended_at, ended_by, opened_at)
{begin} select 'chl_old_' || i, 'old-' || i, 1, 'email', 'old-' || i || '@example.com', 'chaos',
    null, 'code', 'x', 6, 1, 3, 0, {false}, null, null,
    {then}, {then} + 600000, {then} + 600000, null, null, null from {n};
insert into sessions (id, user_id, connection, identifier, amr, authenticated_at, seen_at,
    idle_ends_at, ends_at, ended_at, created_at)
{begin} select 'old-session-' || i, 'nobody', 'email', 'old@example.com', '["otp"]', {then}, {then},
    {then} + 600000, {then} + 600000, null, {then} from {n};
"""


async def add_users(database: Database, count: int) -> None:
    """Add so many users, each with an address."""
    await database.run(_written(database, _USERS, count))


async def add_expired(database: Database, count: int, *, now: float) -> None:
    """Add so many challenges and sessions that ended days ago."""
    then = int(now * 1000) - 3 * _DAY
    false = "0" if database.kind == SQLITE else "false"
    text = _EXPIRED.replace("{then}", str(then)).replace("{false}", false)
    await database.run(_written(database, text, count))


def _written(database: Database, text: str, count: int) -> str:
    if database.kind == SQLITE:
        begin = _COUNTED.format(count)
        return "begin;" + text.replace("{begin}", begin).replace("{n}", "n") + "commit;"
    return text.replace("{begin}", "").replace("{n}", f"generate_series(1, {count}) as n(i)")
