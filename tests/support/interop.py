"""The world of clients nobody here wrote: a server over TLS, an application's origin, and people.

The server is the program as operators run it, with the certificate that ``tests/support/tls.py``
makes; clients are told its domain and nothing else.
"""

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwt.algorithms import RSAAlgorithm

from tests.support.interop_pages import a_page_server
from tests.support.ports import free_port
from tests.support.server import SECRET, Server, ended
from tests.support.sinks import a_mail_sink, an_sms_gateway
from tests.support.tls import Certificates, certificates

WEB = "acme-web"
KEYS = "acme-keys"
SPA = "acme-spa"
CLASSIC = "acme-classic"
TV = "acme-tv"
API = "https://api.acme.example/"
_OTP = "http://auth0.com/oauth/grant-type/passwordless/otp"
_DEVICE = "urn:ietf:params:oauth:grant-type:device_code"

CONFIGURATION = """
public_url      = "https://localhost:{port}"
listen          = "127.0.0.1:{port}"
tls_cert_file   = "{certificate}"
tls_key_file    = "{key}"
database_url    = "{database}"
secret_key_file = "keys/secret.key"
allow_example_identifiers = true

[mail]
from     = "Acme <login@auth.acme.example>"
smtp_url = "smtp://127.0.0.1:{smtp_port}"

[sms]
from        = "Acme"
gateway_url = "{gateway_url}"

[auth0]
cross_site_sessions = true

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

# Auth0's server SDKs leave PKCE to the application.
[[clients]]
client_id     = "acme-web"
require_pkce  = false
client_secret = "{secret}"
name          = "Acme"
callbacks     = ["{app}/callback"]
logout_urls   = ["{app}/"]
connections   = ["email", "sms"]
grant_types   = ["authorization_code", "refresh_token", "client_credentials", "{otp}"]
apis          = ["{api}"]

[[clients]]
client_id     = "acme-keys"
name          = "Acme with a key"
jwks          = '{jwks}'
callbacks     = ["{app}/callback"]
connections   = ["email", "sms"]
grant_types   = ["authorization_code", "refresh_token", "client_credentials", "{otp}"]
apis          = ["{api}"]

[[clients]]
client_id     = "acme-tv"
name          = "Acme TV"
connections   = ["email", "sms"]
grant_types   = ["refresh_token", "{device}"]

[[clients]]
client_id     = "acme-spa"
name          = "Acme SPA"
callbacks     = ["{app}/spa", "{near}/spa"]
logout_urls   = ["{app}/spa", "{near}/spa"]
web_origins   = ["{app}", "{near}"]
connections   = ["email", "sms"]

# What an application looks like that uses the SDKs of old.
[[clients]]
client_id     = "acme-classic"
name          = "Acme Classic"
callbacks     = ["{app}/classic", "{near}/classic", "{app}/lock", "{near}/lock"]
logout_urls   = ["{app}/classic", "{near}/classic"]
web_origins   = ["{app}", "{near}"]
connections   = ["email", "sms"]
response_types = ["code", "token", "id_token", "id_token token"]
cross_origin_authentication = true
cross_origin_loc = "{app}/verification"

[[apis]]
identifier    = "{api}"
name          = "Acme API"
scopes        = ["read:orders"]
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
    client_key: rsa.RSAPrivateKey
    """What the client with a key proves itself with."""

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

    @property
    def client_pem(self) -> str:
        """The client's key as SDKs take it."""
        key = self.client_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return key.decode()

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
def a_world(folder: Path, database: str = "sqlite:///var/latchstring.db") -> Iterator[World]:
    """Run the server and the application's origin."""
    found = certificates(folder)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
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
                database=database,
                smtp_port=mail.port,
                gateway_url=sms.url,
                secret=SECRET,
                app=app,
                near=near,
                api=API,
                otp=_OTP,
                device=_DEVICE,
                jwks=key_set(key),
            )
            (folder / "latchstring.toml").write_text(text, encoding="utf-8")
            server.start()
            yield World(server, found, app, near, key)


def key_set(key: rsa.RSAPrivateKey) -> str:
    """Return the public half as a JSON Web Key Set."""
    public = json.loads(RSAAlgorithm.to_jwk(key.public_key()))
    return json.dumps({"keys": [{**public, "alg": "RS256", "use": "sig"}]})


def fresh_number() -> str:
    """Return a British number, of those reserved for examples, that nobody has used yet."""
    return f"+447700900{next(_numbers):03d}"


def fresh_american_number() -> str:
    """Return an American number, of those reserved for examples, that nobody has used yet."""
    return f"+1202555{100 + next(_numbers):04d}"
