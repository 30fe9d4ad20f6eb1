"""What ran where: the machine, and the versions of everything that was measured."""

import json
import os
import platform
import re
import subprocess
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import apsw

from bench.plan import Plan
from bench.stores import SETTINGS
from tests.support.postgresql import programs

_PEERS = Path("bench/peers")
_OURS = ("uvicorn", "uvloop", "httptools", "starlette", "msgspec", "apsw", "asyncpg")
_DJANGO = ("django-allauth", "django", "gunicorn", "psycopg")


def lines(plan: Plan) -> Iterator[str]:
    """Yield an item of a list for each."""
    yield f"- Machine: {os.cpu_count()} cores ({_processor()}), Linux {_kernel()}."
    packages = ", ".join(f"{name} {version(name)}" for name in (*_OURS, "cryptography"))
    yield f"- latchstring: Python {platform.python_version()}, {packages}."
    settings = ", ".join(f"{name} = {value}" for name, value in SETTINGS.items())
    yield (
        f"- Databases: SQLite {apsw.sqlite_lib_version()} (WAL, synchronous = FULL); "
        f"{_said(programs() / 'postgres', '--version')} as initdb leaves it, but {settings}."
    )
    if plan.peers:
        yield f"- better-auth: {_better_auth()}."
        yield f"- django-allauth: {_allauth()}."


def _kernel() -> str:
    """Return the version without what its builder added, which says nothing to anybody else."""
    found = re.match(r"\d+(\.\d+){0,2}", platform.release())
    return found[0] if found else platform.release()


def _processor() -> str:
    found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    return found[1] if found else platform.machine()


def _better_auth() -> str:
    package = json.loads((_PEERS / "better_auth/package.json").read_text(encoding="utf-8"))
    named = ", ".join(f"{name} {number}" for name, number in package["dependencies"].items())
    return f"Node.js {_said('node', '--version')}, {named}"


def _allauth() -> str:
    locked = (_PEERS / "allauth/requirements.txt").read_text(encoding="utf-8")
    pins = dict(re.findall(r"^([\w-]+)(?:\[\w+\])?==(\S+)", locked, re.MULTILINE))
    return ", ".join(f"{name} {pins[name]}" for name in _DJANGO)


def _said(*command: str | Path) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.strip()
