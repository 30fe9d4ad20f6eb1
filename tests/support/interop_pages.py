"""The origins of a single-page application: its pages, and the SDK files that npm installed.

``/config.js`` tells a page the domain, the only thing of the server's that it knows.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.tls import Certificates

INTEROP = Path(__file__).resolve().parents[1] / "interop"
NODE = INTEROP / "node"
PACKAGES = NODE / "node_modules"
SDKS = {
    "/sdk/auth0.js": PACKAGES / "auth0-js/dist/auth0.min.js",
    "/sdk/lock.js": PACKAGES / ".latchstring/lock.js",
    "/sdk/spa.js": PACKAGES / "@auth0/auth0-spa-js/dist/auth0-spa-js.production.js",
}


def required(file: Path) -> Path:
    """Return a file that the set-up installs; its absence is a failure and no skipped test."""
    assert file.exists(), f"{file.name} is not installed: scripts/interop.sh"
    return file


@contextmanager
def a_page_server(domain: str, secured: Certificates | None = None) -> Iterator[str]:
    """Serve the pages for a server's domain; return their origin.

    Plain, it is another site than the server's, and yet a secure context: ``http://127.0.0.1``.
    Secured, it is another origin of the same site: ``https://localhost``.
    """
    config = f"const DOMAIN = {json.dumps(domain)};".encode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            kind, body = "text/javascript", config
            if path in SDKS:
                body = required(SDKS[path]).read_bytes()
            elif path != "/config.js":
                kind, body = "text/html", self.page(path)
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def page(self, path: str) -> bytes:
            known = {f"/{page.stem}": page for page in (INTEROP / "pages").glob("*.html")}
            return known[path].read_bytes() if path in known else b""

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    port = server.server_address[1]
    if secured:
        server.socket = secured.serving().wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"https://localhost:{port}" if secured else f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
