"""The world of the examples: a server over TLS, and each example as its README says.

The README is what is tested: its ``latchstring clients add`` registers the example, its last block
of commands starts it. Another port stands for 3000, and this run's issuer for the one in the text.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from tests.support.browsing import wait_until_answered
from tests.support.ports import free_port
from tests.support.server import Server, clean_environment, ended
from tests.support.sinks import a_mail_sink, an_sms_gateway
from tests.support.tls import Certificates, certificates

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PATIENCE = 30.0
SECRET = "Auth0-secrets-are-sixty-four-characters-of-letters-digits-and-_-"
"""What an application that moves here has been given by Auth0, and keeps."""

_LONGEST_RUN = 300.0
_INSTALLS = ("pip install", "npm ci")
_BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)

CONFIGURATION = """
public_url      = "https://localhost:{port}"
listen          = "127.0.0.1:{port}"
tls_cert_file   = "{certificate}"
tls_key_file    = "{key}"
database_url    = "sqlite:///var/latchstring.db"
secret_key_file = "keys/secret.key"
allow_example_identifiers = true

[mail]
from     = "Acme <login@auth.acme.example>"
smtp_url = "smtp://127.0.0.1:{smtp_port}"

# Everybody here shares one address: its limits are for other tests.
[limits]
starts_per_address = "5000/h"
wrong_answers_per_address = "5000/d"

[connections.email]
"""


@dataclass(frozen=True, slots=True)
class World:
    """A running server over TLS."""

    server: Server
    certificates: Certificates

    def register(self, command: str, *, unique: int) -> dict[str, str]:
        """Run a ``latchstring clients add`` as written, but with an ID of this run's own."""
        program, *arguments = shlex.split(command)
        assert (program, *arguments[:2]) == ("latchstring", "clients", "add"), command
        arguments[2] += f"-{unique}"
        secret = SECRET if "--secret-stdin" in arguments else ""
        said = self.server.command(*arguments, "--json", stdin=secret)
        assert said.returncode == 0, said.stderr
        # Answering whether it is ready makes the server look for changes at once.
        ready = httpx2.get(f"{self.server.url}/readyz", verify=self.certificates.trusting())
        assert ready.status_code == 200
        client: dict[str, str] = json.loads(said.stdout)
        return {"client_secret": secret} | client

    def environment(self, client: dict[str, str]) -> dict[str, str]:
        """Return what a person who starts an example has set: in the shell, and by `export`."""
        authority = str(self.certificates.authority)
        names = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
        inherited = {k: v for k, v in clean_environment().items() if k != "SSL_CERT_DIR"}
        return {
            **inherited,
            **dict.fromkeys(names, authority),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "ISSUER": f"{self.server.url}/",
            "CLIENT_ID": client["client_id"],
            "CLIENT_SECRET": client.get("client_secret", ""),
            "AUTH0_DOMAIN": self.server.host,
            "AUTH0_CLIENT_ID": client["client_id"],
            "AUTH0_CLIENT_SECRET": client.get("client_secret", ""),
            "APP_SECRET_KEY": "a secret of the application's",
            "BROWSER": "echo %s",
        }


@contextmanager
def a_world(folder: Path) -> Iterator[World]:
    """Run the server; its clients register by command."""
    found = certificates(folder)
    with a_mail_sink() as mail, an_sms_gateway() as sms:
        server = Server(folder, free_port(), "", mail, sms, secured=found)
        text = CONFIGURATION.format(
            port=server.port,
            certificate=found.certificate,
            key=found.key,
            smtp_port=mail.port,
        )
        (folder / "latchstring.toml").write_text(text, encoding="utf-8")
        with ended(server):
            server.start()
            yield World(server, found)


@dataclass(frozen=True, slots=True)
class Program:
    """A started example: what a person at its terminal, or with its address, does."""

    process: subprocess.Popen[bytes]
    url: str

    def answers(self) -> None:
        """Wait until its first page is there."""
        wait_until_answered(f"{self.url}/", self.process)

    def says(self, pattern: str) -> re.Match[str]:
        """Read what it prints until a line matches; return the match."""
        assert self.process.stdout
        read = []
        for line in self.process.stdout:
            read.append(line.decode())
            if found := re.search(pattern, read[-1]):
                return found
        raise AssertionError(f"it ended with {self.process.wait()} and said only {read}")

    def press_enter(self) -> None:
        """Press Enter."""
        assert self.process.stdin
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    def end(self) -> tuple[int, str]:
        """Wait for its end; return how it ended, and what it said since it was last listened to."""
        assert self.process.stdout
        rest = self.process.stdout.read().decode()
        return self.process.wait(PATIENCE), rest


@dataclass(frozen=True, slots=True)
class Example:
    """What an example's README says, with a port of its own."""

    folder: Path
    port: int
    registration: str
    commands: list[str]

    @property
    def url(self) -> str:
        """Where it listens, if it does."""
        return f"http://127.0.0.1:{self.port}"

    @classmethod
    def of(cls, name: str, *, part: int = 0) -> "Example":
        """Read a README; each part of it is a block that registers and a block that starts."""
        port = free_port()
        text = (EXAMPLES / name / "README.md").read_text(encoding="utf-8")
        blocks = [block.replace("3000", str(port)) for block in _BLOCK.findall(text)]
        registering, starting = blocks[2 * part : 2 * part + 2]
        commands = [line for line in starting.splitlines() if not line.startswith(_INSTALLS)]
        registration = re.sub(r"^printf .*\|\n *", "", registering)
        return cls(EXAMPLES / name, port, registration, commands)

    @contextmanager
    def started(self, world: World, scratch: Path) -> Iterator[Program]:
        """Register it, and run what its README says in a shell, in a copy of its folder.

        Its ``export`` of an issuer and a client is what the environment has already.
        """
        client = world.register(self.registration, unique=self.port)
        settings = [line for line in self.commands if "CLIENT_ID=" not in line]
        script = "\n".join(["set -e", *settings[:-1], f"exec {settings[-1]}"])
        process = subprocess.Popen(
            ["/bin/sh", "-c", script],
            cwd=self._copied(scratch),
            env={**world.environment(client), "PORT": str(self.port)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        watchdog = threading.Timer(_LONGEST_RUN, process.kill)
        watchdog.start()
        try:
            yield Program(process, self.url)
        finally:
            watchdog.cancel()
            process.kill()
            process.communicate()

    def _copied(self, scratch: Path) -> Path:
        """Return a copy that the example may write into."""
        packages = self.folder / "node_modules"
        copy = shutil.copytree(
            self.folder, scratch / "code", ignore=lambda *_: {packages.name, "__pycache__"}
        )
        if (self.folder / "package.json").exists():
            assert packages.exists(), f"{self.folder.name} is not installed: scripts/examples.sh"
            (copy / packages.name).symlink_to(packages)
        return copy
