"""Keys that clients publish on loopback, behind a certificate authority of their own."""

from datetime import timedelta
from ipaddress import ip_network

import httpx2
import pytest

from latchstring.base.settings import OutboundSettings
from latchstring.flows.manage_registration_tokens import ManageRegistrationTokens
from tests.support.assertions import ASSERTION_TYPE, claims, key_set, rsa_key, signed
from tests.support.gateway import answer
from tests.support.house import CALLBACK, ORIGIN, House, a_client_settings, a_house
from tests.support.receiver import Receiver, receiving
from tests.support.tls import certificates

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
KEYS = answer(200, key_set(rsa_key()).encode(), content_type="application/json")


async def error_of(house: House, client_id: str) -> str:
    """What a client hears that comes with a code that does not exist."""
    form = {
        "grant_type": "authorization_code",
        "code": "none",
        "redirect_uri": CALLBACK,
        "client_assertion": signed(rsa_key(), claims(house.clock.now(), client_id, f"{ORIGIN}/")),
        "client_assertion_type": ASSERTION_TYPE,
    }
    async with house.http() as http:
        error: str = (await http.post("/oauth/token", data=form)).json()["error"]
    return error


@pytest.mark.parametrize(("trusted", "error"), [(True, "invalid_grant"), (False, "invalid_client")])
async def test_an_operators_client_may_publish_its_keys_anywhere_that_proves_itself(
    tmp_path, trusted, error
):
    made, receiver = certificates(tmp_path), Receiver(answers=[KEYS])
    async with receiving(receiver, made) as port:
        client = a_client_settings(
            client_id="acme-keys",
            client_secret=None,
            jwks_uri=f"https://localhost:{port}/jwks.json",
        )
        outbound = OutboundSettings(ca_file=made.authority if trusted else None)
        async with a_house(tmp_path, clients=(client,), outbound=outbound) as house:
            assert await error_of(house, "acme-keys") == error

    assert [heard.line for heard in receiver.heard] == ["GET /jwks.json HTTP/1.1"] * trusted


async def register(house: House, url: str) -> httpx2.Response:
    manage = ManageRegistrationTokens(house.installation.database, house.clock)
    token = (await manage.issue(uses=1, life=timedelta(hours=1))).token
    body = {
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks_uri": url,
    }
    async with house.http() as http:
        headers = {"Authorization": f"Bearer {token}"}
        return await http.post("/oidc/register", json=body, headers=headers)


async def test_one_that_registered_itself_may_where_the_network_is_allowed(tmp_path):
    made, receiver = certificates(tmp_path), Receiver(answers=[KEYS])
    outbound = OutboundSettings(ca_file=made.authority, allowed_networks=LOOPBACK)
    async with (
        receiving(receiver, made) as port,
        a_house(tmp_path, dynamic_registration=True, outbound=outbound) as house,
    ):
        found = await register(house, f"https://localhost:{port}/jwks.json")
        assert await error_of(house, found.json()["client_id"]) == "invalid_grant"

    assert receiver.connections == 1


async def test_one_that_registered_itself_may_not_otherwise(tmp_path):
    made, receiver = certificates(tmp_path), Receiver(answers=[KEYS])
    outbound = OutboundSettings(ca_file=made.authority)
    async with (
        receiving(receiver, made) as port,
        a_house(tmp_path, dynamic_registration=True, outbound=outbound) as house,
    ):
        refused = await register(house, f"https://localhost:{port}/jwks.json")
        assert refused.json()["error"] == "invalid_client_metadata"

    assert receiver.connections == 0
