"""The program as operators run it: ``latchstring serve --config`` in a process of its own."""

import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil

from tests.support.ports import free_port
from tests.support.sinks import MailSink, SmsGateway, a_mail_sink, an_sms_gateway
from tests.support.tls import Certificates

PROGRAM = [sys.executable, "-c", "from latchstring.main import run; run()"]
SECRET = "a-secret-of-at-least-32-characters!!"
_PATIENCE = 20.0

CONFIGURATION = """
public_url      = "http://127.0.0.1:{port}"
listen          = "127.0.0.1:{port}"
database_url    = "{database}"
secret_key_file = "keys/secret.key"
allow_example_identifiers = true
{top}

[mail]
from     = "Acme <login@auth.acme.example>"
smtp_url = "smtp://127.0.0.1:{smtp_port}"

[sms]
from        = "Acme"
gateway_url = "{gateway_url}"

[limits]
{limits}

[connections.email]
{email}

[connections.sms]
countries = ["US", "GB", "DE"]
send = "code"
{sms}

[[clients]]
client_id     = "acme-web"
require_pkce  = false
client_secret = "{secret}"
name          = "Acme"
callbacks     = ["{app}/callback"]
logout_urls   = ["{app}/"]
initiate_login_uri = "{app}/login"
web_origins   = ["{app}"]
connections   = ["email", "sms"]
{client}

[[clients]]
client_id     = "acme-spa"
name          = "Acme SPA"
callbacks     = ["{app}/spa"]
connections   = ["email", "sms"]
"""


@dataclass(slots=True)
class Server:
    """A running server, its configuration and the edges of its world."""

    folder: Path
    port: int
    app: str
    mail: MailSink
    sms: SmsGateway
    process: subprocess.Popen[bytes] | None = None
    secured: Certificates | None = None
    """What it proves itself with; without it, it speaks plain HTTP."""

    @property
    def url(self) -> str:
        """The public URL."""
        return f"https://{self.host}" if self.secured else f"http://127.0.0.1:{self.port}"

    @property
    def host(self) -> str:
        """Host and port over TLS: what an Auth0 SDK calls the domain."""
        return f"localhost:{self.port}"

    @property
    def log(self) -> str:
        """Everything that the server has logged, over all its runs."""
        return (self.folder / "server.log").read_text(encoding="utf-8", errors="replace")

    def start(self) -> None:
        """Start it and wait until it is ready; fail with its log otherwise."""
        process = self.begin("serve")
        deadline = time.monotonic() + _PATIENCE
        while not self._is_ready():
            assert process.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.02)

    def begin(self, *command: str) -> subprocess.Popen[bytes]:
        """Start something that runs on, and wait for nothing."""
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*PROGRAM, *command, "--config", str(self.folder / "latchstring.toml")],
                stdout=log,
                stderr=log,
                env=clean_environment(),
            )
        return self.process

    def stop(self) -> int:
        """Ask it to stop and return its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_PATIENCE)

    def kill(self) -> None:
        """End it without a chance to say anything."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(_PATIENCE)

    def command(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run an administrative command on the same configuration."""
        return subprocess.run(
            [*PROGRAM, *arguments, "--config", str(self.folder / "latchstring.toml")],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
            env=clean_environment(),
        )

    def _is_ready(self) -> bool:
        trusted: ssl.SSLContext | bool = self.secured.trusting() if self.secured else True
        try:
            return httpx2.get(f"{self.url}/readyz", timeout=1, verify=trusted).status_code == 200
        except httpx2.HTTPError:
            return False


def clean_environment() -> dict[str, str]:
    """Return this process's environment without configuration of the program's."""
    return {name: v for name, v in os.environ.items() if not name.startswith("LATCHSTRING_")}


@contextmanager
def a_server(
    folder: Path, *, app: str = "http://127.0.0.1:9100", start: bool = True, **parts: str
) -> Iterator[Server]:
    """Run a server over its own sinks; ``email="live = 2"`` adds lines to a table of the file.

    Parts: ``database`` (its URL), ``top``, ``limits``, ``email``, ``sms``, ``client``.
    """
    with a_mail_sink() as mail, an_sms_gateway() as sms:
        server = Server(folder, free_port(), app, mail, sms)
        lines = dict.fromkeys(("top", "limits", "email", "sms", "client"), "")
        lines |= {"database": "sqlite:///var/latchstring.db", **parts}
        text = CONFIGURATION.format(
            port=server.port,
            smtp_port=mail.port,
            gateway_url=sms.url,
            app=app,
            secret=SECRET,
            **lines,
        )
        (folder / "latchstring.toml").write_text(text, encoding="utf-8")
        with ended(server):
            if start:
                server.start()
            yield server


@contextmanager
def ended(server: Server) -> Iterator[None]:
    """End a server with the block, if it still runs."""
    try:
        yield
    finally:
        if server.process is not None and server.process.poll() is None:
            _end_with_all_it_started(server)


def _end_with_all_it_started(server: Server) -> None:
    """A process that its supervisor has just started would find the next test's database."""
    assert server.process is not None
    started = psutil.Process(server.process.pid).children(recursive=True)
    server.kill()
    for process in started:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(started, _PATIENCE)
