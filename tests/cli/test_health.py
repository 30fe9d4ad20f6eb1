"""``latchstring healthcheck`` and ``latchstring version``."""

import ssl
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.command_line import a_shell
from tests.support.configuration import EXAMPLE

pytestmark = pytest.mark.at()  # opens none


def a_certificate(folder):
    """Write a certificate that nobody has signed, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "auth.acme.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "cert.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "key.pem").write_bytes(key.private_bytes(pem, form, none))


@contextmanager
def a_server(status, *, tls=None):
    """Answer every request with one status, and remember what was asked."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers["Host"]))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls / "cert.pem", tls / "key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port, asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def listening(listen):
    return EXAMPLE.replace('listen          = "127.0.0.1:8321"', f'listen = "{listen}"')


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_ready_server_is_ready(tmp_path, host):
    with a_server(200) as (port, asked):
        shell = a_shell(tmp_path, listening(f"{host}:{port}"))
        assert shell.run("healthcheck").stdout == "Ready.\n"
        assert shell.answer("healthcheck") == {"ready": True}
    assert asked == [("/readyz", "127.0.0.1:8321")] * 2


def test_a_server_behind_a_proxy_is_asked_on_this_machine(tmp_path):
    with a_server(200) as (port, asked):
        text = listening(f"0.0.0.0:{port}").replace(  # nobody listens there
            'public_url      = "http://127.0.0.1:8321"',
            'public_url = "https://auth.acme.example"',
        )
        assert a_shell(tmp_path, text).answer("healthcheck") == {"ready": True}
    assert asked == [("/readyz", "auth.acme.example")]


def test_a_server_with_a_certificate_of_its_own_is_asked_over_tls(tmp_path):
    a_certificate(tmp_path)
    with a_server(200, tls=tmp_path) as (port, asked):
        text = listening(f"127.0.0.1:{port}").replace(
            'public_url      = "http://127.0.0.1:8321"',
            'public_url = "https://auth.acme.example"\n'
            'tls_cert_file = "cert.pem"\ntls_key_file = "key.pem"',
        )
        assert a_shell(tmp_path, text).answer("healthcheck") == {"ready": True}
    assert asked == [("/readyz", "auth.acme.example")]


def test_a_server_that_is_not_ready_is_refused(tmp_path):
    with a_server(503) as (port, _):
        result = a_shell(tmp_path, listening(f"127.0.0.1:{port}")).run("healthcheck")
    assert (result.exit_code, result.stderr) == (
        1,
        "Refused: The server is not ready: /readyz answers 503.\n",
    )


def test_no_server_is_refused(tmp_path):
    with a_server(200) as (port, _):
        pass
    result = a_shell(tmp_path, listening(f"127.0.0.1:{port}")).run("healthcheck")
    assert (result.exit_code, result.stderr) == (
        1,
        f"Refused: No server answers at 127.0.0.1:{port}.\n",
    )


def test_the_version_is_the_installed_one(tmp_path):
    shell = a_shell(tmp_path)
    found = shell.answer("version")["version"]
    assert shell.run("version").stdout == f"latchstring {found}\n"
