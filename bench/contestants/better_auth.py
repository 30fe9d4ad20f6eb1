"""better-auth with its email-OTP plugin, in one Node process, on SQLite or PostgreSQL."""

from datetime import UTC, datetime
from pathlib import Path

from bench.contestants import Census, Contestant
from bench.people import Person, address
from bench.processes import Server
from bench.sinks import Sinks
from bench.stores import Sqlite, Store
from bench.wire import Answer, Request
from tests.support.ports import free_port

INSTALLED = Path(".bench/better_auth")
_HTTP_OK = 200
_LOADED_AT = datetime(2026, 1, 1, tzinfo=UTC)
_COLUMNS = ("id", "name", "email", "emailVerified", "createdAt", "updatedAt")


class EmailOtpDialect:
    """The two calls of its plugin."""

    def start(self, person: Person) -> Request:
        """Ask for a code."""
        path = "/api/auth/email-otp/send-verification-otp"
        return Request(path, {"email": person.address, "type": "sign-in"})

    def is_started(self, answer: Answer) -> bool:
        """Tell whether a code was promised."""
        return answer.status == _HTTP_OK

    def verify(self, person: Person, code: str, _started: Answer) -> Request:
        """Sign in with the code."""
        return Request("/api/auth/sign-in/email-otp", {"email": person.address, "otp": code})

    def is_signed_in(self, answer: Answer) -> bool:
        """Tell whether a session was opened."""
        return answer.status == _HTTP_OK and "token" in answer.body


def better_auth(folder: Path, store: Store, sinks: Sinks, *, people: int) -> Contestant:
    """Configure an installation."""
    port = free_port()
    environment = {
        "NODE_ENV": "production",
        "BENCH_PORT": str(port),
        "BENCH_DATABASE": str(store.path) if isinstance(store, Sqlite) else store.url,
        "BENCH_CODES": str(sinks.socket),
    }
    command = ["node", "server.mjs"]
    server = Server(command, port, "/api/auth/ok", folder / "log", environment, INSTALLED)

    async def prepare() -> None:
        server.start()  # makes the schema
        server.stop()
        person = _sqlite_person if isinstance(store, Sqlite) else _person
        await store.load("user", _COLUMNS, map(person, range(people)))

    return Contestant(
        name="better-auth",
        people=people,
        dialect=EmailOtpDialect(),
        servers=[server],
        store=store,
        census=Census('select count(*) from "user"', "select count(*) from session"),
        prepare=prepare,
    )


def _person(serial: int) -> tuple[object, ...]:
    return f"{serial:032}", "", address(serial), True, _LOADED_AT, _LOADED_AT


def _sqlite_person(serial: int) -> tuple[object, ...]:
    return f"{serial:032}", "", address(serial), 1, _LOADED_AT.isoformat(), _LOADED_AT.isoformat()
