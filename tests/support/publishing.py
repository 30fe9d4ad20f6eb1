"""A house where applications register, and the address where one of them publishes.

The address is on loopback, over TLS with an authority of its own; whatever is fetched is noted.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx2

from latchstring.base.settings import OutboundSettings
from latchstring.flows.manage_registration_tokens import ManageRegistrationTokens
from tests.support.assertions import ASSERTION_TYPE, claims, ec_key, public_jwk, rsa_key, signed
from tests.support.gateway import answer
from tests.support.house import ORIGIN, House, Page
from tests.support.provider import query, where
from tests.support.quick_house import a_quick_house
from tests.support.receiver import Receiver, receiving
from tests.support.tls import Certificates, certificates

ISSUER = f"{ORIGIN}/"
CALLBACK = "https://rp.test/cb"
NOT_THE_HASH = "GgFbmhKEUMUMVMPfwjQZX6yEgdgBfE3UvO9RRkQcmzQ"
"""The suite registers its request_uri before it knows what will be there."""

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@dataclass(repr=False)
class Desk:
    """A house where clients may register, and where one of them publishes."""

    house: House
    receiver: Receiver
    port: int
    made: Certificates
    client_id: str = ""
    registration: str = ""

    def url(self, path: str = "/requesturi/1") -> str:
        return f"https://localhost:{self.port}{path}"

    @property
    def registered(self) -> str:
        return f"{self.url()}#{NOT_THE_HASH}"

    async def register(self, **members: Any) -> httpx2.Response:
        manage = ManageRegistrationTokens(self.house.installation.database, self.house.clock)
        token = (await manage.issue(uses=1, life=timedelta(hours=1))).token
        body = {
            "client_name": "A conforming application",
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code"],
            "response_types": ["code"],
            "jwks": {"keys": [public_jwk(rsa_key()), public_jwk(ec_key(), "k2")]},
            "token_endpoint_auth_method": "private_key_jwt",
            "request_uris": [self.registered],
            **members,
        }
        async with self.house.http() as http:
            headers = {"Authorization": f"Bearer {token}"}
            found = await http.post("/oidc/register", json=body, headers=headers)
        if found.status_code == 201:
            self.client_id = found.json()["client_id"]
            self.registration = found.json()["registration_access_token"]
        return found

    def asked(self, **changes: Any) -> dict[str, Any]:
        """The whole request, as it stands inside the object."""
        values = {
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid",
            "state": "inside",
            "nonce": "n-1",
            **changes,
        }
        return {name: value for name, value in values.items() if value is not None}

    def publish(self, body: str | bytes, status: int = 200, **headers: str) -> None:
        content = body.encode() if isinstance(body, str) else body
        self.receiver.answers.append(answer(status, content, **headers))

    def publish_signed(self, **changes: Any) -> None:
        self.publish(signed(rsa_key(), self.asked(**changes)))

    def outside(self, **changes: Any) -> dict[str, Any]:
        """What the suite leaves outside: no state, no nonce."""
        duplicates = {"scope": "openid", "state": None, "nonce": None}
        return self.asked(**{**duplicates, "request_uri": self.registered, **changes})

    async def ask(self, **changes: Any) -> httpx2.Response:
        async with self.house.http() as http:
            return await http.get("/authorize", params=self.outside(**changes))

    async def assert_goes_on(self, **changes: Any) -> None:
        assert where(await self.ask(**changes)).startswith("/sign-in/")

    async def assert_refused(self, error: str, word: str, **changes: Any) -> None:
        """Told to the application at its address, with the state that stood outside."""
        response = await self.ask(**{"state": "outside", **changes})
        assert where(response) == CALLBACK
        told = query(response)
        assert (told["error"], told["state"], told["iss"]) == (error, "outside", ISSUER)
        assert word in told["error_description"]

    async def consented(self, parameters: Mapping[str, Any]) -> Page:
        """Alice signs in, agrees, and is sent back."""
        browser = self.house.browser()
        found = await browser.http.get("/authorize", params=dict(parameters))
        page = await browser.get(found.headers["location"])
        page = await browser.post(page, email="alice@example.com")
        self.house.clock.advance(1)
        page = await browser.post(page, code=await self.house.code())
        allow = next(form for form in page.forms if form.endswith("/allow"))
        return await browser.post(page, allow)

    async def token(self, client_id: str | None = None, **form: str) -> httpx2.Response:
        """Call the token endpoint and prove the client by its key."""
        named = client_id or self.client_id
        proof = signed(rsa_key(), claims(self.house.clock.now(), named, ISSUER))
        proven = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": proof}
        async with self.house.http() as http:
            grant = {"grant_type": "authorization_code"}
            return await http.post("/oauth/token", data=grant | proven | form)


@asynccontextmanager
async def a_desk(folder: Path, *, allowed: bool = True) -> AsyncIterator[Desk]:
    made, receiver = certificates(folder), Receiver()
    outbound = OutboundSettings(
        ca_file=made.authority, allowed_networks=LOOPBACK if allowed else ()
    )
    async with (
        receiving(receiver, made) as port,
        a_quick_house(folder, dynamic_registration=True, outbound=outbound) as house,
    ):
        yield Desk(house, receiver, port, made)
