"""Sign somebody in on a device without a browser: it shows a code, their phone does the rest.

This is the device authorization grant (RFC 8628).
"""

import os
import time
from typing import Any

import httpx2

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
CLIENT_ID = os.environ["CLIENT_ID"]


def wait(http: httpx2.Client, endpoint: str, started: dict[str, Any]) -> dict[str, Any]:
    """Return the tokens, once the person has said yes on their phone."""
    interval = started.get("interval", 5)
    asked = {"grant_type": GRANT, "device_code": started["device_code"], "client_id": CLIENT_ID}
    while True:
        time.sleep(interval)
        answer: dict[str, Any] = http.post(endpoint, data=asked).json()
        if "error" not in answer:
            return answer
        if answer["error"] == "slow_down":
            interval += 5
        elif answer["error"] != "authorization_pending":
            raise SystemExit(f"Not signed in: {answer.get('error_description', answer['error'])}")


def main() -> None:
    """Sign in, say who it is, sign out."""
    with httpx2.Client() as http:
        discovery = os.environ["ISSUER"] + ".well-known/openid-configuration"
        found = http.get(discovery).raise_for_status().json()

        wanted = {"client_id": CLIENT_ID, "scope": "openid profile email offline_access"}
        answer = http.post(found["device_authorization_endpoint"], data=wanted)
        started = answer.raise_for_status().json()
        print(f"Open {started['verification_uri']} and type {started['user_code']}", flush=True)

        token = wait(http, found["token_endpoint"], started)
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        person = http.get(found["userinfo_endpoint"], headers=headers).raise_for_status().json()
        print(f"Hello, {person['name']}. Your address is {person['email']}.", flush=True)

        input("Press Enter to sign out.\n")
        # The browser that said yes was the phone's; what this device holds is its refresh token.
        given_back = {"client_id": CLIENT_ID, "token": token["refresh_token"]}
        http.post(found["revocation_endpoint"], data=given_back).raise_for_status()
        print("Signed out.", flush=True)


if __name__ == "__main__":
    main()
