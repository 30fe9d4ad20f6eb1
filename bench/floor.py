"""The bare floor: the rows of a login, written by a plain loop, as durable as the server's.

A process of its own (``python -m bench.floor FILE``). For each line it reads, a number of seconds,
it writes logins for so long and prints what that took.
"""

import itertools
import json
import random
import secrets
import sys
import time
from pathlib import Path

import apsw

from bench.people import KNOWN_AT_LEAST, NEW_SHARE
from latchstring.base.ids import new_id
from latchstring.db import migrate, sqlite

_KNOWN_AT_LEAST = 32 * KNOWN_AT_LEAST
_INPUTS = json.dumps(
    {
        "client_id": "bench",
        "client_name": "Acme",
        "connection": "email",
        "send": "code",
        "code_length": 6,
        "code_seconds": 600,
        "link_seconds": 600,
        "requested_at": "2026-01-01T00:00:00.000Z",
        "device": "",
        "color": "",
    }
)
_INSERT_CHALLENGE = """
insert into challenges
    (id, identifier_digest, sequence, connection, identifier, client_id, authorization_id, send,
     code_digest, code_length, key_version, max_attempts, attempts, decoy, return_to,
     address_digest, created_at, code_expires_at, link_expires_at, ended_at, ended_by, opened_at)
values (:id, :digest, :now, 'email', :person, 'bench', null, 'code',
    :secret, 6, 1, 3, 0, 0, null, null, :now, :now + 600000, :now + 600000, null, null, null)
"""
_INSERT_MESSAGE = """
insert into messages
    (id, challenge_id, channel, recipient, identifier_digest, template, language, inputs,
     key_version, decoy, state, attempts, due_at, lease_owner, created_at, give_up_at, settled_at,
     last_error, provider_answer)
values ('msg_' || :id, :id, 'email', :person, :digest, 'sign_in_code', 'en', :inputs,
    1, 0, 'handed_over', 1, :now, null, :now, :now + 600000, :now, '', '250 OK')
"""
_END_CHALLENGE = """
update challenges set ended_at = :now, ended_by = 'used'
where identifier_digest = :digest and id = :id and ended_at is null
"""
_INSERT_USER = """
insert into users (id, created_at, updated_at, blocked_at, last_sign_in_at, sign_ins)
values (:user, :now, :now, null, :now, 1)
"""
_INSERT_IDENTIFIER = """
insert into identifiers
    (identifier_digest, connection, identifier, user_id, verified_at, created_at,
     browsers_known_since)
values (:digest, 'email', :person, :user, :now, :now, 0)
"""
_UPDATE_IDENTIFIER = "update identifiers set verified_at = :now where identifier_digest = :digest"
_UPDATE_USER = "update users set last_sign_in_at = :now, sign_ins = sign_ins + 1 where id = :user"
_ADD_ACCESS = """
insert into access_tokens
    (token_digest, client_id, user_id, session_id, code_digest, scope, created_at, expires_at,
     revoked_at)
values (:secret, 'bench', :user, null, null, 'openid', :now, :now + 86400000, null)
"""
_FIRST_TIME = (_END_CHALLENGE, _INSERT_USER, _INSERT_IDENTIFIER, _ADD_ACCESS)
_ONCE_MORE = (_END_CHALLENGE, _UPDATE_IDENTIFIER, _UPDATE_USER, _ADD_ACCESS)


class Floor:
    """Writes the rows of one login after another."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite.connect(path)
        migrate.apply(self._connection)
        self._serials = itertools.count()
        self._chance = random.Random("latchstring floor")
        self._known: list[dict[str, str]] = []

    def run(self, seconds: float) -> dict[str, float]:
        """Write for so long; return how many logins, in how many seconds, for how much CPU."""
        began, cpu, logins = time.perf_counter(), time.process_time(), 0
        while time.perf_counter() - began < seconds:
            self.login()
            logins += 1
        return {
            "logins": logins,
            "seconds": time.perf_counter() - began,
            "cpu": time.process_time() - cpu,
        }

    def login(self) -> None:
        """Write what a start writes, then what a verification writes."""
        is_new = len(self._known) < _KNOWN_AT_LEAST or self._chance.random() < NEW_SHARE
        person = self._new_person() if is_new else self._chance.choice(self._known)
        row = person | {"id": secrets.token_urlsafe(15), "inputs": _INPUTS}
        self._write((_INSERT_CHALLENGE, _INSERT_MESSAGE), row)
        self._write(_FIRST_TIME if is_new else _ONCE_MORE, row)

    def _new_person(self) -> dict[str, str]:
        person = {
            "person": f"person.{next(self._serials)}@bench.example",
            "digest": secrets.token_urlsafe(18),
            "user": new_id("email|"),
        }
        self._known.append(person)
        return person

    def _write(self, statements: tuple[str, ...], row: dict[str, str]) -> None:
        values: dict[str, apsw.SQLiteValue] = {
            **row,
            "secret": secrets.token_urlsafe(32),
            "now": time.time_ns() // 1_000_000,
        }
        self._connection.execute("begin immediate")
        for statement in statements:
            self._connection.execute(statement, values)
        self._connection.execute("commit")


def main() -> None:
    """Serve the orders on standard input until it ends."""
    floor = Floor(Path(sys.argv[1]))
    for line in sys.stdin:
        print(json.dumps(floor.run(float(line))), flush=True)


if __name__ == "__main__":
    main()
