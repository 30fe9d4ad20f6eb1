"""A client in Node.js: a script that tells what it needs of the world, and what came of it."""

import json
import os
import shutil
import subprocess
import threading
from typing import Any

from tests.support.interop import API, World
from tests.support.interop_pages import NODE, PACKAGES, required
from tests.support.interop_visitor import THE_LINKS_BUTTON, Visitor
from tests.support.server import SECRET

_PATIENCE = 60.0


def node_path() -> str:
    """Return where Node.js is; its absence is a failure and never a skipped test."""
    found = shutil.which("node")
    assert found, "These tests need Node.js: scripts/interop.sh"
    return found


def run_node(world: World, script: str, **told: Any) -> dict[str, Any]:
    """Run a script of ``tests/interop/node`` to its end and return what it reports.

    It is told the world's addresses and ``told`` in one line of JSON, and speaks in such lines:
    ``needs`` asks for a message's code or link, or for a person to sign in at an address; ``done``
    is the report.
    """
    required(PACKAGES / ".latchstring/stamp")
    facts = {
        "domain": world.domain,
        "issuer": world.issuer,
        "app": world.app,
        "secret": SECRET,
        "key": world.client_pem,
        "api": API,
    }
    process = subprocess.Popen(
        [node_path(), script],
        cwd=NODE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NODE_EXTRA_CA_CERTS": str(world.certificates.authority)},
    )
    watchdog = threading.Timer(_PATIENCE, process.kill)
    watchdog.start()
    try:
        with Visitor(world) as visitor:
            return _talk(process, world, visitor, facts | told)
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate()


def _talk(
    process: subprocess.Popen[str], world: World, visitor: Visitor, facts: dict[str, Any]
) -> dict[str, Any]:
    assert process.stdin
    assert process.stdout
    assert process.stderr
    say: Any = facts
    while True:
        process.stdin.write(json.dumps(say) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            raise AssertionError(f"the script ended: {process.stderr.read()}")
        said = json.loads(line)
        if "done" in said:
            return said["done"]
        say = _provide(world, visitor, said["needs"], said)


def _provide(world: World, visitor: Visitor, what: str, said: dict[str, Any]) -> str | None:
    if what == "code":
        return world.code_for(said["who"], count=said.get("count", 1))
    if what == "press-link":
        assert visitor.open(world.link_for(said["who"])) is None
        return visitor.press(THE_LINKS_BUTTON)
    if what == "device":
        visitor.allow_device(said["url"], said["code"], said["who"])
        return None
    if what == "sign-in":
        return visitor.sign_in(said["url"], said["who"])
    assert what == "visit"
    return visitor.open(said["url"])
