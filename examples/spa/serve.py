"""Serve the page, and tell it where to sign in. Any static server will do, with a config.json."""

import json
import os
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ISSUER = os.environ["ISSUER"]
CONFIG = json.dumps({"issuer": ISSUER, "clientId": os.environ["CLIENT_ID"]}).encode()


class Page(SimpleHTTPRequestHandler):
    """The files of this folder, and ``config.json``."""

    def do_GET(self) -> None:
        """Answer with the configuration or a file."""
        if self.path != "/config.json":
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(CONFIG)))
        self.end_headers()
        self.wfile.write(CONFIG)
        return None

    def end_headers(self) -> None:
        """Let the page run its own scripts only, and talk to itself and the issuer only."""
        policy = f"default-src 'self'; connect-src 'self' {ISSUER}; frame-ancestors 'none'"
        self.send_header("Content-Security-Policy", policy)
        super().end_headers()


if __name__ == "__main__":
    address = ("127.0.0.1", int(os.environ.get("PORT", "3000")))
    handler = partial(Page, directory=str(Path(__file__).parent))
    ThreadingHTTPServer(address, handler).serve_forever()
