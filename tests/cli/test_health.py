"""``latchstring healthcheck`` and ``latchstring version``."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support.command_line import a_shell
from tests.support.configuration import EXAMPLE


@contextmanager
def a_server(status):
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


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])  # noqa: S104 - nobody listens there
def test_a_ready_server_is_ready(tmp_path, host):
    with a_server(200) as (port, asked):
        shell = a_shell(tmp_path, listening(f"{host}:{port}"))
        assert shell.run("healthcheck").stdout == "Ready.\n"
        assert shell.answer("healthcheck") == {"ready": True}
    assert asked == [("/readyz", "127.0.0.1:8321")] * 2


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
