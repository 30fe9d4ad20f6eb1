"""The world of clients nobody here wrote: a server over TLS, an application's origin, and people.

The server is the program as operators run it, with the certificate that ``tests/support/tls.py``
makes; clients are told its domain and nothing else.
"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.interop_pages import a_page_server
from tests.support.server import SECRET, Server, ended
from tests.support.sinks import a_mail_sink, an_sms_gateway, free_port
from tests.support.tls import Certificates, certificates

WEB = "acme-web"
SPA = "acme-spa"

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

[sms]
from        = "Acme"
gateway_url = "{gateway_url}"

# Everybody here shares one address: its limits are for other tests.
[limits]
starts_per_address = "5000/h"
wrong_answers_per_address = "5000/d"
sms_per_number_block = "5000/h"
sms_per_installation = "5000/d"

[connections.email]

[connections.sms]
countries = ["US", "GB", "DE"]
send = "code"

[[clients]]
client_id     = "acme-web"
client_secret = "{secret}"
name          = "Acme"
callbacks     = ["{app}/callback"]
logout_urls   = ["{app}/"]
connections   = ["email", "sms"]

[[clients]]
client_id     = "acme-spa"
name          = "Acme SPA"
callbacks     = ["{app}/spa", "{near}/spa"]
logout_urls   = ["{app}/spa", "{near}/spa"]
web_origins   = ["{app}", "{near}"]
connections   = ["email", "sms"]
"""

_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class World:
    """A running server over TLS, and the origin of an application."""

    server: Server
    certificates: Certificates
    app: str
    """The origin of the application's pages: another site than the server's."""
    near: str
    """Another origin of the application: of the same site as the server."""

    @property
    def domain(self) -> str:
        """The one string that whoever comes from Auth0 changes."""
        return self.server.host

    @property
    def issuer(self) -> str:
        """What discovery begins with."""
        return f"{self.server.url}/"

    @property
    def callback(self) -> str:
        """Where the confidential client has people sent back to."""
        return f"{self.app}/callback"

    def code_for(self, who: str, *, count: int = 1) -> str:
        """Return the code of somebody's newest message, once it has come."""
        if who.startswith("+"):
            return self.server.sms.wait_for(who, count=count).code
        code = self.server.mail.wait_for(who, count=count).code
        assert code, "the mail has no code"
        return code

    def link_for(self, who: str) -> str:
        """Return the link of somebody's newest mail, once it has come."""
        link = self.server.mail.wait_for(who).link
        assert link, "the mail has no link"
        return link


@contextmanager
def a_world(folder: Path) -> Iterator[World]:
    """Run the server and the application's origin."""
    found = certificates(folder)
    with a_mail_sink() as mail, an_sms_gateway() as sms:
        server = Server(folder, free_port(), "", mail, sms, secured=found)
        with (
            a_page_server(server.host) as app,
            a_page_server(server.host, found) as near,
            ended(server),
        ):
            server.app = app
            text = CONFIGURATION.format(
                port=server.port,
                certificate=found.certificate,
                key=found.key,
                smtp_port=mail.port,
                gateway_url=sms.url,
                secret=SECRET,
                app=app,
                near=near,
            )
            (folder / "latchstring.toml").write_text(text, encoding="utf-8")
            server.start()
            yield World(server, found, app, near)


def fresh_number() -> str:
    """Return a mobile number, of those reserved for examples, that nobody has used yet."""
    return f"+447700900{next(_numbers):03d}"
