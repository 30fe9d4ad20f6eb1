"""`latchstring dev`: what it hands to the roof, what it prints, and what it leaves behind."""

import json
import signal
import socket
import stat
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner, Result

from latchstring.base.errors import Unavailable
from latchstring.base.settings_reading import SettingsError
from latchstring.cli.dev import dev
from latchstring.cli.dev_ports import listen_near, port_of
from latchstring.cli.dev_run import DevRun
from tests.support.ports import free_port


@dataclass
class FakeClients:
    """Remembers what is registered, across runs on one database."""

    registered: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    async def list_all(self) -> list[Any]:
        return [type("Found", (), {"client_id": name}) for name in self.registered]

    async def change(self, client_id: str, values: Mapping[str, Any]) -> None:
        self.registered[client_id] = {**self.registered[client_id], **values}

    async def add(self, values: Mapping[str, Any], *, public: bool) -> None:
        assert public
        self.registered[values["client_id"]] = values


@dataclass
class FakeRoof:
    """Serves nothing: waits until the demo answers, notes what it saw, and stops as told."""

    clients: FakeClients = field(default_factory=FakeClients)
    stop: signal.Signals | None = None
    run: DevRun | None = None
    demo_page: str = ""

    @asynccontextmanager
    async def open_desk(self, _settings: object) -> AsyncIterator["FakeRoof"]:
        yield self

    def dev(self, run: DevRun) -> None:
        self.run = run
        self.demo_page = opened(run.demo_url)
        run.on_ready()
        time.sleep(0.2)
        if self.stop:
            signal.raise_signal(self.stop)
            time.sleep(5)


def opened(url: str) -> str:
    for _ in range(300):
        try:
            return httpx2.get(url, trust_env=False).text
        except httpx2.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"{url} does not answer")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def invoke(roof: FakeRoof, *arguments: str) -> Result:
    port = free_port()
    chosen = ["--port", str(port), "--demo-port", str(port + 1), *arguments]
    return CliRunner().invoke(dev, chosen, obj=roof, catch_exceptions=False)


def test_it_prints_addresses_and_an_env_block_and_ends_the_demo(folder):
    roof = FakeRoof()
    result = invoke(roof)
    assert result.exit_code == 0
    assert roof.run is not None
    settings = roof.run.settings
    assert "Sign in" in roof.demo_page
    for line in (
        roof.run.demo_url,
        f"{settings.issuer}dev/mail",
        f"{settings.issuer}.well-known/openid-configuration",
        f"ISSUER={settings.issuer}",
        "CLIENT_ID=demo",
        f"BASE_URL={roof.run.demo_url.rstrip('/')}",
        "SESSION_SECRET=",
    ):
        assert line in result.stdout
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", settings.listen_port + 1), timeout=1)


def test_json_is_one_line_for_programs(folder):
    report = json.loads(invoke(FakeRoof(), "--json").stdout)
    assert report["application"] == report["env"]["BASE_URL"] + "/"
    assert report["inbox"] == report["issuer"] + "dev/mail"
    assert report["env"]["ISSUER"] == report["issuer"]


def test_it_listens_on_loopback_alone(folder):
    roof = FakeRoof()
    invoke(roof)
    assert roof.run is not None
    assert roof.run.settings.listen.startswith("127.0.0.1:")
    assert roof.run.settings.public_url == f"http://{roof.run.settings.listen}"
    assert roof.run.settings.allow_example_identifiers


def test_a_busy_port_is_replaced_and_the_client_follows(folder):
    roof = FakeRoof()
    busy = listen_near(free_port())
    with busy:
        taken = port_of(busy)
        arguments = ["--port", str(taken), "--demo-port", str(taken)]
        CliRunner().invoke(dev, arguments, obj=roof, catch_exceptions=False)
    assert roof.run is not None
    port = roof.run.settings.listen_port
    assert port > taken
    demo = roof.run.demo_url.rstrip("/")
    assert demo.startswith("http://127.0.0.1:")
    assert int(demo.rpartition(":")[2]) > port
    assert roof.clients.registered["demo"]["callbacks"] == [f"{demo}/callback"]
    invoke(roof)
    assert roof.clients.registered["demo"]["callbacks"] == [f"{roof.run.demo_url}callback"]


def test_an_application_of_ones_own_shares_the_client(folder):
    roof = FakeRoof()
    invoke(roof, "--callback", "http://localhost:3000/auth/callback", "--callback", "my.app:/in")
    client = roof.clients.registered["demo"]
    assert client["callbacks"][1:] == ["http://localhost:3000/auth/callback", "my.app:/in"]
    assert client["web_origins"][1:] == ["http://localhost:3000"]
    assert client["logout_urls"][1:] == ["http://localhost:3000/"]


def test_a_callback_that_no_client_may_have_is_refused(folder):
    with pytest.raises(SettingsError, match="callbacks"):
        invoke(FakeRoof(), "--callback", "javascript:alert(1)")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_being_stopped_is_no_failure(folder, number):
    result = invoke(FakeRoof(stop=number))
    assert result.exit_code == 0
    assert "Stopped." in result.stderr


def test_data_stays_private_and_out_of_version_control(folder):
    roof = FakeRoof()
    invoke(roof)
    data = folder / ".latchstring"
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert (data / ".gitignore").read_text() == "*\n"
    assert roof.run is not None
    assert roof.run.settings.database_path == data / "data" / "latchstring.db"
    assert roof.run.settings.secret_key_file == data / "keys" / "secret.key"


def test_fresh_forgets_and_the_next_run_remembers(folder):
    kept = folder / ".latchstring" / "data" / "latchstring.db"
    kept.parent.mkdir(parents=True)
    kept.write_text("people")
    invoke(FakeRoof())
    assert kept.exists()
    invoke(FakeRoof(), "--fresh")
    assert not kept.exists()


def test_fresh_follows_no_link_out_of_the_folder(folder):
    elsewhere = folder / "precious"
    elsewhere.mkdir()
    (folder / ".latchstring").mkdir()
    (folder / ".latchstring" / "data").symlink_to(elsewhere)
    with pytest.raises(Unavailable, match="symbolic link"):
        invoke(FakeRoof(), "--fresh")
    assert elsewhere.exists()
