"""A television that only speaks HTTP, and a phone that signs in for it through a real mail."""

import subprocess
import time

import httpx2
import pytest

from tests.support.server import Server

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture(scope="module")
def tv(server: Server) -> str:
    """Register a television and return its client id."""
    said: subprocess.CompletedProcess[str] = server.command(
        "clients", "add", "acme-tv", "name=Acme TV", f"grant_types={GRANT_TYPE}", "--public"
    )
    assert said.returncode == 0, said.stderr
    assert httpx2.get(f"{server.url}/readyz").status_code == 200
    return "acme-tv"


def poll(server: Server, tv: str, device_code: str) -> httpx2.Response:
    body = {"grant_type": GRANT_TYPE, "device_code": device_code, "client_id": tv}
    return httpx2.post(f"{server.url}/oauth/token", data=body)


def test_a_television_shows_a_code_and_the_phone_signs_in(window, server, tv, alice):
    asked = {"client_id": tv, "scope": "openid email"}
    began = httpx2.post(f"{server.url}/oauth/device/code", data=asked).json()
    code = began["user_code"]
    assert poll(server, tv, began["device_code"]).json()["error"] == "authorization_pending"
    at = time.monotonic()

    window.goto(began["verification_uri"]).shows("Sign in on a device")
    window.page.get_by_label("Code on the device").fill(code.lower().replace("-", " "))
    window.press("Continue").shows("Sign in to Acme TV on a device?").says(code)
    window.picture("device-question")
    window.press("Yes, sign in to go on").shows("Sign in to Acme TV").give_email(alice)
    window.shows("Check your email").enter(server.mail.wait_for(alice).code)
    window.shows("Sign in to Acme TV on a device?").says(code).says(alice)
    window.press("Allow").shows("You're signed in to Acme TV on your device")

    time.sleep(max(0.0, began["interval"] - (time.monotonic() - at)))
    tokens = poll(server, tv, began["device_code"])
    assert tokens.status_code == 200, tokens.text
    who = {"Authorization": f"Bearer {tokens.json()['access_token']}"}
    assert httpx2.get(f"{server.url}/userinfo", headers=who).json()["email"] == alice
    assert poll(server, tv, began["device_code"]).json()["error"] == "invalid_grant"
