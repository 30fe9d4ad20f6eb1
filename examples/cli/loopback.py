"""Sign somebody in from a program on their own machine, as RFC 8252 says.

Their browser comes back to a port of this program on loopback, with a code that PKCE makes
worthless to everybody else.
"""

import os
import sys
import time
import webbrowser
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlencode

import httpx2
from authlib.common.security import generate_token
from authlib.integrations.httpx_client import OAuth2Client

PATIENCE = 300


class Callback(BaseHTTPRequestHandler):
    """Takes the answer out of the browser's address bar."""

    answer: str | None = None

    def do_GET(self) -> None:
        """Keep the answer; whatever else a browser asks for, there is not."""
        found = self.path.startswith("/callback?")
        if found:
            Callback.answer = self.path
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.end_headers()
        self.wfile.write(b"You may close this window." if found else b"Nothing here.")

    def log_message(self, *_arguments: object) -> None:
        """Say nothing: the path holds the code."""


def show(url: str) -> None:
    """Open an address in the person's browser, or have them do it."""
    if not webbrowser.open(url):
        print(f"Open this address in a browser:\n{url}", flush=True)


def wait(server: HTTPServer) -> str:
    """Return the path that the browser came back with."""
    server.timeout = 1
    end = time.monotonic() + PATIENCE
    while Callback.answer is None and time.monotonic() < end:
        server.handle_request()
    return Callback.answer or sys.exit("Nobody came back.")


def main() -> None:
    """Sign in, say who it is, sign out."""
    discovery = os.environ["ISSUER"] + ".well-known/openid-configuration"
    found = httpx2.get(discovery).raise_for_status().json()
    server = HTTPServer(("127.0.0.1", 0), Callback)  # any free port: the client is `native`
    with OAuth2Client(
        os.environ["CLIENT_ID"],
        scope="openid profile email",
        redirect_uri=f"http://127.0.0.1:{server.server_port}/callback",
        code_challenge_method="S256",
        token_endpoint_auth_method="none",
    ) as client:
        verifier = generate_token(48)
        url, state = client.create_authorization_url(
            found["authorization_endpoint"], code_verifier=verifier
        )
        show(url)
        # Authlib compares the state, and raises what an error in the answer says.
        token = client.fetch_token(
            found["token_endpoint"],
            authorization_response=wait(server),
            state=state,
            code_verifier=verifier,
        )
        person = client.get(found["userinfo_endpoint"]).raise_for_status().json()
        print(f"Hello, {person['name']}. Your address is {person['email']}.", flush=True)

        input("Press Enter to sign out.\n")
        show(f"{found['end_session_endpoint']}?{urlencode({'id_token_hint': token['id_token']})}")


if __name__ == "__main__":
    main()
