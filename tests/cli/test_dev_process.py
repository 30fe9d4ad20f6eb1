"""`latchstring dev` as a developer starts it: one process tree, ready at once, gone at Ctrl-C."""

import json
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from latchstring.cli.dev_ports import listen_near, port_of
from tests.support.server import PROGRAM, clean_environment

PATIENCE = 30.0
ALICE = {"connection": "email", "email": "alice@example.com", "send": "code", "client_id": "demo"}


@dataclass
class Dev:
    """A running development server and what it printed."""

    process: "subprocess.Popen[str]"
    said: dict[str, Any]

    @property
    def issuer(self) -> str:
        """The server's address."""
        return str(self.said["issuer"])

    def get(self, path: str, **headers: str) -> httpx2.Response:
        """Ask the server as a tool does."""
        return httpx2.get(self.issuer + path, headers=headers, trust_env=False)

    def stop(self, number: signal.Signals) -> int:
        """Send a signal and wait for the end."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def a_dev(folder: Path, *arguments: str, port: int = 24000) -> Iterator[Dev]:
    """Start `dev --json` and read the line that says where everything is."""
    ports = ["--port", str(port), "--demo-port", str(port + 1)]
    process = subprocess.Popen(
        [*PROGRAM, "dev", "--json", *ports, *arguments],
        cwd=folder,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield Dev(process, json.loads(process.stdout.readline()))
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_everything_is_there_and_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    with a_dev(tmp_path) as dev:
        assert dev.get(".well-known/openid-configuration").json()["issuer"] == dev.issuer
        assert "Sign in" in httpx2.get(dev.said["application"], trust_env=False).text
        started = httpx2.post(f"{dev.issuer}passwordless/start", json=ALICE, trust_env=False)
        assert started.status_code == 200
        assert len(awaited_code(dev)) == 6
        assert dev.get("dev/mail", **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
        for path in ("dev/mail.json", ".well-known/openid-configuration", "livez"):
            assert dev.get(path, Host="localhost:8000").status_code == 421
        children = psutil.Process(dev.process.pid).children(recursive=True)
        assert children
        assert dev.stop(signal.SIGINT) == 0
        assert not [child for child in children if child.is_running()]


def test_a_killed_server_takes_its_demo_along(tmp_path: Path) -> None:
    with a_dev(tmp_path) as dev:
        children = psutil.Process(dev.process.pid).children(recursive=True)
        dev.stop(signal.SIGKILL)
        _, alive = psutil.wait_procs(children, PATIENCE)
        assert children
        assert not alive


def test_a_busy_port_moves_the_whole_world(tmp_path: Path) -> None:
    with a_dev(tmp_path) as first:
        first.stop(signal.SIGTERM)
    with listen_near(26000) as taken, a_dev(tmp_path, port=port_of(taken)) as dev:
        assert dev.issuer != first.issuer
        authorize = dev.get(
            "authorize?response_type=code&scope=openid&client_id=demo&state=s"
            f"&code_challenge={'c' * 43}&code_challenge_method=S256"
            f"&redirect_uri={dev.said['application']}callback"
        )
        assert authorize.status_code in {302, 303}
        assert "/sign-in/" in authorize.headers["location"]


def test_several_that_start_at_once_each_have_ports_of_their_own(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two", "three")]
    for folder in folders:
        folder.mkdir()
    with ThreadPoolExecutor() as pool, ExitStack() as stack:
        devs = pool.map(lambda folder: stack.enter_context(a_dev(folder)), folders)
        said = [dev.said for dev in devs]
        assert len({place for each in said for place in (each["issuer"], each["application"])}) == 6
        for each in said:
            page = httpx2.get(f"{each['application']}login", trust_env=False)
            assert page.headers["location"].startswith(each["issuer"])


@pytest.mark.parametrize("arguments", [["--port", "0"], ["--callback", "javascript:alert(1)"]])
def test_a_wrong_call_is_told_in_words(tmp_path: Path, arguments: list[str]) -> None:
    done = subprocess.run(
        [*PROGRAM, "dev", *arguments],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def awaited_code(dev: Dev) -> str:
    """Return the code that Alice's mail carries, from the inbox's stream or its list."""
    with httpx2.stream("GET", f"{dev.issuer}dev/mail/events", trust_env=False) as events:
        for line in events.iter_lines():
            found = dev.get("dev/mail.json?to=alice@example.com").json()["messages"]
            if found:
                assert line is not None
                return str(found[0]["code"])
    raise AssertionError("the stream has ended")
