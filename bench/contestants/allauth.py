"""django-allauth's login by code: gunicorn with threads, PostgreSQL, mail by Django's own means."""

import asyncio
import functools
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from bench.contestants import Census, Contestant
from bench.people import Person, address
from bench.processes import Server
from bench.sinks import Sinks
from bench.stores import Postgresql
from bench.wire import Answer, Request
from tests.support.ports import free_port
from tests.support.postgresql import OWNER

INSTALLED = Path(".bench/allauth")
_PROJECT = Path("bench/peers/allauth")
_THREADS = 8
_APPLICATION = "django.core.wsgi:get_wsgi_application()"
_API = "/_allauth/app/v1/auth"
_HTTP_OK, _HTTP_UNAUTHORIZED = 200, 401
_LOADED_AT = datetime(2026, 1, 1, tzinfo=UTC)


class AppDialect:
    """Its API for applications; whoever is new signs up, everybody else asks for a login code."""

    def start(self, person: Person) -> Request:
        """Ask for a code."""
        path = "signup" if person.is_new else "code/request"
        return Request(f"{_API}/{path}", {"email": person.address})

    def is_started(self, answer: Answer) -> bool:
        """Tell whether a code was promised: somebody is about to be signed in."""
        return answer.status == _HTTP_UNAUTHORIZED and bool(answer.body["meta"]["session_token"])

    def verify(self, person: Person, code: str, started: Answer) -> Request:
        """Answer with the code; whose it is, the session knows."""
        fields = {"X-Session-Token": started.body["meta"]["session_token"]}
        if person.is_new:
            return Request(f"{_API}/email/verify", {"key": code}, fields)
        return Request(f"{_API}/code/confirm", {"code": code}, fields)

    def is_signed_in(self, answer: Answer) -> bool:
        """Tell whether the session is somebody's now."""
        return answer.status == _HTTP_OK and answer.body["meta"]["is_authenticated"] is True


def allauth(folder: Path, store: Postgresql, sinks: Sinks, *, people: int) -> Contestant:
    """Configure an installation."""
    port, python = free_port(), str(INSTALLED.resolve() / "bin" / "python")
    environment = {
        "DJANGO_SETTINGS_MODULE": "settings",
        "PYTHONDONTWRITEBYTECODE": "1",
        "BENCH_DATABASE_SOCKET": str(store.cluster.sockets),
        "BENCH_DATABASE_USER": OWNER,
        "BENCH_SMTP_PORT": str(sinks.smtp_port),
    }
    options = ["--worker-class=gthread", f"--threads={_THREADS}", "--no-control-socket"]
    command = [python, "-m", "gunicorn", *options, f"--bind=127.0.0.1:{port}", _APPLICATION]
    server = Server(command, port, f"{_API}/session", folder / "log", environment, _PROJECT)

    async def prepare() -> None:
        migrate = [python, "-m", "django", "migrate", "--verbosity=0"]
        run = functools.partial(subprocess.run, check=True, cwd=_PROJECT)
        await asyncio.to_thread(run, migrate, env={**os.environ, **environment})
        for table, columns, row in (
            ("auth_user", _USER, _user),
            ("account_emailaddress", _ADDRESS, _address),
        ):
            await store.load(table, columns, map(row, range(people)))
            await store.run(f"select setval(pg_get_serial_sequence('{table}', 'id'), {people})")

    return Contestant(
        name="django-allauth",
        people=people,
        dialect=AppDialect(),
        servers=[server],
        store=store,
        census=Census("select count(*) from auth_user", "select count(*) from django_session"),
        prepare=prepare,
    )


_NAMES = ("username", "first_name", "last_name", "email")
_USER = ("id", "password", "is_superuser", *_NAMES, "is_staff", "is_active", "date_joined")
_ADDRESS = ("id", "user_id", "email", "verified", "primary")


def _user(serial: int) -> tuple[object, ...]:
    names = (f"person.{serial}", "", "", address(serial))
    return (serial + 1, "!", False, *names, False, True, _LOADED_AT)


def _address(serial: int) -> tuple[object, ...]:
    """Return a verified address: whose is not, would have to sign up."""
    return (serial + 1, serial + 1, address(serial), True, True)
