"""Applications register themselves, as the modules of the OpenID dynamic plan do it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx2
import pytest

from latchstring.base.ids import ClientId, UserId
from latchstring.base.outbound_guard import Networks
from latchstring.db import statements
from latchstring.domain.authorizations import store as authorizations
from latchstring.domain.authorizations.consent import Consent
from latchstring.flows.end_what_was_live import EndWhatWasLive, Reason
from latchstring.flows.manage_clients import ManageClients
from latchstring.flows.manage_registration_tokens import ManageRegistrationTokens
from latchstring.flows.refresh_configuration import RefreshConfiguration
from latchstring.flows.register_client import RegisterClient
from latchstring.web.oidc.registration import RegistrationEndpoint
from tests.support.assertions import (
    ASSERTION_TYPE,
    PublishedKeys,
    claims,
    key_set,
    public_jwk,
    rsa_key,
    signed,
)
from tests.support.house import a_house
from tests.support.places import USUAL
from tests.support.provider import API, CLIENTS, ISSUER, ORIGIN, Provider, a_provider

pytestmark = pytest.mark.at(*USUAL)  # another node knows of a client at its next look alone

PATH = "/oidc/register"
WELL_KNOWN = "/.well-known/openid-configuration"
CALLBACK = "https://rp.test/callback"
PUBLISHED = "https://rp.test/jwks.json"
EVENTS = statements.parse(
    "-- events --\n-- All.\nselect type from events"
    " where type like '%egist%' or type like 'Client%' order by id"
)


@dataclass
class Desk:
    """A provider where applications may register, and an application's own connection."""

    provider: Provider
    http: httpx2.AsyncClient
    refresh: Callable[[], Awaitable[object]]

    @property
    def caller(self) -> PublishedKeys:
        return self.provider.caller

    async def token(self, uses: int = 1, life: timedelta = timedelta(hours=1)) -> str:
        manage = ManageRegistrationTokens(self.provider.database, self.provider.clock)
        return (await manage.issue(uses=uses, life=life)).token

    async def register(self, token: str | None = None, **members: Any) -> httpx2.Response:
        body = {"redirect_uris": [CALLBACK], "client_name": "Mallory's shop"} | members
        sent = {name: value for name, value in body.items() if value is not ...}
        return await self.http.post(PATH, json=sent, headers=bearer(token or await self.token()))

    async def registered(self, **members: Any) -> dict[str, Any]:
        response = await self.register(**members)
        assert response.status_code == 201, response.text
        found: dict[str, Any] = response.json()
        return found

    def client(self, client_id: str) -> Any:
        return self.provider.clients[client_id]

    async def events(self) -> list[str]:
        read = self.provider.database.read
        return await read(lambda tx: tx.all(EVENTS["events"], str, {}))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@asynccontextmanager
async def a_desk(folder: Path, allowed: Networks = ()) -> AsyncIterator[Desk]:
    async with a_provider(folder) as provider:
        configuration = RefreshConfiguration(provider.database)

        async def refresh() -> None:
            provider.clients = CLIENTS | dict((await configuration.refresh()).clients)

        provider.registering = RegistrationEndpoint(
            issuer=ISSUER,
            register=RegisterClient(provider.database, provider.clock, refresh),
            connections=lambda: ("email", "sms"),
            caller=provider.caller,
            allowed=allowed,
        )
        async with provider.browser().http as http:
            yield Desk(provider, http, refresh)


@pytest.fixture
async def desk(tmp_path) -> AsyncIterator[Desk]:
    async with a_desk(tmp_path) as found:
        yield found


def assert_refused(response: httpx2.Response, error: str, word: str) -> None:
    assert (response.status_code, response.json()["error"]) == (400, error), response.text
    assert word in response.json()["error_description"]


# -- whether at all -------------------------------------------------------------------------------


async def test_without_the_setting_there_is_no_such_address(house):
    async with house.http() as http:
        assert "registration_endpoint" not in (await http.get(WELL_KNOWN)).json()
        assert (await http.post(PATH, json={})).status_code == 404
        assert (await http.get(f"{PATH}/dyn_1")).status_code == 404


async def test_discovery_names_the_address(desk):
    document = (await desk.http.get(WELL_KNOWN)).json()

    assert document["registration_endpoint"] == f"{ORIGIN}{PATH}"


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Bearer invented", "Basic YTpi", "bearer é".encode()]
)
async def test_o24_without_an_administrators_token_nobody_registers(desk, header):
    headers = {} if header is None else {"Authorization": header}
    response = await desk.http.post(PATH, json={"redirect_uris": [CALLBACK]}, headers=headers)

    error = "invalid_request" if header is None else "invalid_token"
    assert (response.status_code, response.json()["error"]) == (401, error)
    challenge = response.headers["www-authenticate"]
    assert challenge.startswith("Bearer ")
    assert ("error=" in challenge) == (header is not None)  # RFC 6750 section 3.1
    assert await desk.events() == []


async def test_o24_a_stranger_cannot_have_us_call_addresses(desk):
    for token in ("invented", await a_used_token(desk)):
        response = await desk.register(token, sector_identifier_uri="https://victim.test/")
        assert (response.status_code, response.json()["error"]) == (401, "invalid_token")
    assert desk.caller.called == []


async def a_used_token(desk: Desk) -> str:
    token = await desk.token()
    assert (await desk.register(token)).status_code == 201
    return token


async def test_a_token_is_good_for_its_uses_and_its_time(desk):
    token = await desk.token(uses=2)
    assert (await desk.register(token)).status_code == 201
    assert_refused(await desk.register(token, redirect_uris=[]), "invalid_redirect_uri", "one")
    assert (await desk.register(token)).status_code == 201
    assert (await desk.register(token)).status_code == 401

    late = await desk.token(life=timedelta(hours=1))
    desk.provider.clock.advance(3600)
    assert (await desk.register(late)).status_code == 401


async def test_a_token_does_not_come_back_with_a_backup(desk):
    token = await desk.token(uses=2)
    end = EndWhatWasLive(desk.provider.clock)

    await desk.provider.database.transact(lambda tx: end(tx, Reason.RESTORED))

    assert (await desk.register(token)).status_code == 401


async def test_of_many_who_come_with_one_token_so_many_register_as_it_has_uses(desk):
    token = await desk.token(uses=3)

    responses = await asyncio.gather(*(desk.register(token) for _ in range(12)))

    assert sorted(response.status_code for response in responses) == [201] * 3 + [401] * 9


# -- what is answered -----------------------------------------------------------------------------


async def test_the_answer_holds_the_secret_the_token_and_what_was_stored(desk):
    response = await desk.register(contacts=["ops@rp.test"], foo={"x": 1}, client_uri=None)

    assert response.status_code == 201
    assert response.headers["cache-control"] == "no-store"
    found = response.json()
    client_id = found["client_id"]
    assert found.pop("client_secret")
    assert found.pop("registration_access_token")
    assert found == {
        "client_id": client_id,
        "client_id_issued_at": int(desk.provider.clock.now().timestamp()),
        "client_secret_expires_at": 0,
        "registration_client_uri": f"{ORIGIN}{PATH}/{client_id}",
        "redirect_uris": [CALLBACK],
        "client_name": "Mallory's shop",
        "contacts": ["ops@rp.test"],
        "application_type": "web",
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "id_token_signed_response_alg": "RS256",
        "subject_type": "public",
        "token_endpoint_auth_method": "client_secret_basic",
    }
    assert await desk.events() == ["RegistrationTokenIssued", "ClientRegistered"]


async def test_a_stranger_is_a_third_party_without_pkce_only_when_it_has_a_secret(desk):
    client = desk.client((await desk.registered())["client_id"])
    assert (client.dynamic, client.first_party, client.needs_pkce) == (True, False, False)
    assert client.connections == ("email", "sms")
    assert not client.cross_origin_authentication

    public = desk.client((await desk.registered(token_endpoint_auth_method="none"))["client_id"])
    assert (public.is_public, public.first_party, public.needs_pkce) == (True, False, True)


async def test_a_stranger_gets_no_api_until_an_administrator_says_which(desk):
    found = await desk.registered()
    asked = {
        "client_id": found["client_id"],
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "audience": API.identifier,
    }
    refused = (await desk.http.get("/authorize", params=asked)).headers["location"]
    assert refused.startswith(f"{CALLBACK}?error=")

    manage = ManageClients(desk.provider.database, desk.provider.clock, desk.refresh)
    await manage.change(found["client_id"], {"apis": [API.identifier]})

    allowed = (await desk.http.get("/authorize", params=asked)).headers["location"]
    assert allowed.startswith("/sign-in/")


async def test_neither_secret_nor_token_is_in_the_database(desk):
    token = await desk.token()
    found = (await desk.register(token)).json()
    text = await dumped(desk)

    for value in (token, found["client_secret"], found["registration_access_token"]):
        assert value not in text
    assert found["client_id"] in text


async def dumped(desk: Desk) -> str:
    dump = statements.parse(
        "-- dump --\n-- All.\nselect token_digest || metadata || client_id from registrations"
        " union all select token_digest || id from registration_tokens"
        " union all select coalesce(secret_digest, '') || settings || client_id from clients"
        " union all select details from events"
    )
    read = desk.provider.database.read
    return "\n".join(await read(lambda tx: tx.all(dump["dump"], str, {})))


async def test_its_secret_proves_the_client(desk):
    found = await desk.registered()
    form = {"grant_type": "authorization_code", "code": "none", "redirect_uri": CALLBACK}
    auth = httpx2.BasicAuth(found["client_id"], found["client_secret"])
    response = await desk.http.post("/oauth/token", data=form, auth=auth)
    assert response.json()["error"] == "invalid_grant"


async def test_what_registered_itself_may_send_people_here(tmp_path):
    async with a_house(tmp_path, dynamic_registration=True) as house, house.http() as http:
        document = (await http.get(WELL_KNOWN)).json()
        manage = ManageRegistrationTokens(house.installation.database, house.clock)
        token = (await manage.issue(uses=1, life=timedelta(hours=1))).token
        address = document["registration_endpoint"].removeprefix(ORIGIN)
        body = {"redirect_uris": [CALLBACK]}
        found = (await http.post(address, json=body, headers=bearer(token))).json()

        page = await house.browser().ask(client_id=found["client_id"], redirect_uri=CALLBACK)

    assert page.status == 200
    assert "rp.test" in page.text


# -- the dynamic plan -----------------------------------------------------------------------------


async def test_oidcc_registration_jwks_uri_keys_are_fetched_under_the_guard(desk):
    desk.caller.publish(PUBLISHED, key_set(rsa_key()))
    found = await desk.registered(token_endpoint_auth_method="private_key_jwt", jwks_uri=PUBLISHED)
    assert "client_secret" not in found
    assert found["jwks_uri"] == PUBLISHED

    assert await error_of(desk, found["client_id"], rsa_key(), "k1") == "invalid_grant"
    assert desk.caller.called == [(PUBLISHED, False)]


async def test_oidcc_refresh_token_rp_key_rotation_a_new_key_works_at_once(desk):
    desk.caller.publish(PUBLISHED, key_set(rsa_key()))
    found = await desk.registered(token_endpoint_auth_method="private_key_jwt", jwks_uri=PUBLISHED)
    assert await error_of(desk, found["client_id"], rsa_key(), "k1") == "invalid_grant"

    new = {"keys": [public_jwk(rsa_key("new"), "k2")]}
    desk.caller.publish(PUBLISHED, json.dumps(new))
    assert await error_of(desk, found["client_id"], rsa_key("new"), "k2") == "invalid_grant"
    assert await error_of(desk, found["client_id"], rsa_key(), "k1") == "invalid_client"


async def error_of(desk: Desk, client_id: str, key: Any, kid: str) -> str:
    assertion = signed(key, claims(desk.provider.clock.now(), client_id, f"{ORIGIN}/"), kid=kid)
    form = {
        "grant_type": "authorization_code",
        "code": "none",
        "redirect_uri": CALLBACK,
        "client_id": client_id,
        "client_assertion": assertion,
        "client_assertion_type": ASSERTION_TYPE,
    }
    error: str = (await desk.http.post("/oauth/token", data=form)).json()["error"]
    return error


async def test_keys_may_come_with_the_registration(desk):
    jwks = {"keys": [public_jwk(rsa_key())]}
    found = await desk.registered(token_endpoint_auth_method="private_key_jwt", jwks=jwks)

    assert found["jwks"] == jwks
    assert await error_of(desk, found["client_id"], rsa_key(), "k1") == "invalid_grant"
    assert desk.caller.called == []


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("logo_uri", "logo_url"),
        ("policy_uri", "privacy_url"),
        ("tos_uri", "terms_url"),
        ("initiate_login_uri", "initiate_login_uri"),
        ("backchannel_logout_uri", "backchannel_logout_uri"),
        ("client_uri", None),
    ],
)
async def test_oidcc_registration_addresses_are_kept_and_told_back(desk, name, setting):
    found = await desk.registered(**{name: "https://rp.test/x"})

    assert found[name] == "https://rp.test/x"
    if setting:
        assert getattr(desk.client(found["client_id"]), setting) == "https://rp.test/x"


async def test_oidcc_redirect_uri_regfrag_a_fragment_is_refused(desk):
    response = await desk.register(redirect_uris=[f"{CALLBACK}#x"])

    assert_refused(response, "invalid_redirect_uri", "fragment")


async def test_oidcc_redirect_uri_query_is_kept_as_it_is(desk):
    url = f"{CALLBACK}?foo=bar"
    found = await desk.registered(redirect_uris=[url])

    assert desk.client(found["client_id"]).callbacks == (url,)
    assert not desk.client(found["client_id"]).accepts_callback(CALLBACK)


SECTOR = "https://rp.test/sector.json"


async def test_oidcc_registration_sector_uri_that_lists_every_redirect_is_accepted(desk):
    desk.caller.publish(SECTOR, json.dumps([CALLBACK, "https://rp.test/other"]))

    found = await desk.registered(sector_identifier_uri=SECTOR)

    assert found["sector_identifier_uri"] == SECTOR
    assert desk.caller.called == [(SECTOR, False)]


@pytest.mark.parametrize("text", ["[]", '["https://rp.test/other"]', "{}", "x", "[1]", None])
async def test_oidcc_registration_sector_bad_is_refused(desk, text):
    if text is not None:
        desk.caller.publish(SECTOR, text)

    response = await desk.register(sector_identifier_uri=SECTOR)

    assert_refused(response, "invalid_client_metadata", "sector_identifier_uri")


async def test_oidcc_userinfo_rs256_is_kept(desk):
    found = await desk.registered(
        userinfo_signed_response_alg="RS256", default_max_age=3600, require_auth_time=True
    )

    client = desk.client(found["client_id"])
    assert (client.userinfo_signed_response_alg, client.default_max_age) == ("RS256", 3600)
    assert (found["userinfo_signed_response_alg"], found["default_max_age"]) == ("RS256", 3600)
    assert found["require_auth_time"] is True


async def test_what_the_suite_registers_is_accepted(desk):
    found = await desk.registered(
        client_name="OIDF Conformance Test WwlPxTpSsNXk4nS",
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
        jwks={"keys": [public_jwk(rsa_key())]},
        token_endpoint_auth_method="client_secret_post",
        contacts=["certification@oidf.org"],
        post_logout_redirect_uris=["https://rp.test/post_logout"],
        backchannel_logout_uri="https://rp.test/backchannel",
        backchannel_logout_session_required=True,
        frontchannel_logout_uri="https://rp.test/frontchannel",
        **{"client_name#ja": "x"},
    )

    client = desk.client(found["client_id"])
    assert client.grant_types == ("authorization_code", "refresh_token")
    assert client.logout_urls == ("https://rp.test/post_logout",)
    assert client.backchannel_logout_session_required
    assert not {"frontchannel_logout_uri", "client_name#ja"} & found.keys()


DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
REQUEST = "https://rp.test/request"
KEYS = {"keys": [public_jwk(rsa_key())]}


async def test_addresses_of_signed_requests_are_kept_with_the_registration_and_told(desk):
    told = {"request_uris": [f"{REQUEST}#0xabc"], "request_object_signing_alg": "ES256"}

    found = await desk.registered(**told, jwks=KEYS)

    assert told.items() <= found.items()
    assert desk.caller.called == []
    read = await desk.http.get(
        f"{PATH}/{found['client_id']}", headers=bearer(found["registration_access_token"])
    )
    assert told.items() <= read.json().items()


@pytest.mark.parametrize(
    "members",
    [
        {"request_uris": REQUEST},
        {"request_uris": ["http://rp.test/request"]},
        {"request_uris": ["https://127.0.0.1/request"]},
        {"request_uris": ["https://rp.test@mallory.test/request"]},
        {"request_uris": [f"{REQUEST}/{'x' * 512}"]},
        {"request_uris": [REQUEST] * 21},
        {"request_object_signing_alg": "none"},
        {"request_object_signing_alg": "HS256"},
        {"request_object_encryption_alg": "RSA-OAEP"},
    ],
)
async def test_signed_requests_that_would_never_be_accepted_are_refused_at_once(desk, members):
    response = await desk.register(**{"jwks": KEYS} | members)

    assert_refused(response, "invalid_client_metadata", next(iter(members)))


@pytest.mark.parametrize("lacks", [{"jwks": None}, {"token_endpoint_auth_method": "none"}])
async def test_addresses_of_requests_whose_signature_nobody_could_check_are_not_kept(desk, lacks):
    told = {"request_uris": ["relative"], "request_object_signing_alg": "RS256"}

    found = await desk.registered(**{"jwks": KEYS} | told | lacks)

    assert not told.keys() & found.keys()


async def test_scopes_are_not_the_registrations_to_narrow_and_it_says_so_by_silence(desk):
    assert "scope" not in await desk.registered(scope="openid")


async def test_who_wants_pushed_requests_alone_is_held_to_it(desk):
    found = await desk.registered(require_pushed_authorization_requests=True)

    assert found["require_pushed_authorization_requests"] is True
    assert desk.client(found["client_id"]).require_pushed_authorization_requests


@pytest.mark.parametrize(
    ("said", "responses", "grants"),
    [
        ({}, ["code"], ["authorization_code"]),
        ({"response_types": ["code", "id_token"]}, ..., ["authorization_code", "implicit"]),
        ({"response_types": ["id_token"]}, ..., ["implicit"]),
        (
            {"response_types": ["code"], "grant_types": ["refresh_token"]},
            ...,
            ["refresh_token", "authorization_code"],
        ),
        (
            {"response_types": ["code"], "grant_types": ["implicit", "authorization_code"]},
            ...,
            ["authorization_code"],
        ),
        (
            {"response_types": ["id_token"], "grant_types": ["authorization_code", "implicit"]},
            ...,
            ["implicit"],
        ),
        ({"grant_types": [DEVICE]}, [], [DEVICE]),
        ({"grant_types": [DEVICE], "response_types": []}, [], [DEVICE]),
        ({"grant_types": ["refresh_token"]}, [], ["refresh_token"]),
    ],
)
async def test_grants_and_response_types_say_the_same_and_may_be_said_again(
    desk, said, responses, grants
):
    found = await desk.registered(**said)

    told = said["response_types"] if responses is ... else responses
    assert (found["response_types"], sorted(found["grant_types"])) == (told, sorted(grants))
    client = desk.client(found["client_id"])
    assert client.response_types == tuple(told)
    path, headers = own(found)
    again = {name: value for name, value in found.items() if name not in SHOWN_ONCE}
    response = await desk.http.put(path, headers=headers, json=again)
    assert response.status_code == 200, response.text
    assert desk.client(found["client_id"]) == client


async def test_addresses_of_requests_are_not_kept_for_who_pushes_them(desk):
    told = {"request_uris": [REQUEST], "require_pushed_authorization_requests": True}

    assert "request_uris" not in await desk.registered(**told, jwks=KEYS)


async def test_hybrid_and_implicit_are_for_those_who_list_them(desk):
    found = await desk.registered(
        response_types=["code id_token", "token id_token"],
        grant_types=["authorization_code", "implicit"],
    )

    assert found["grant_types"] == ["authorization_code", "implicit"]
    client = desk.client(found["client_id"])
    assert client.response_types == ("code id_token", "id_token token")


# -- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://rp.test/x",
        "https://rp.test/\x00",
        "https://rp.test/\n",
        "https://rp.test/a b",
        "http://rp.test/cb",
        "https://user:pass@rp.test/cb",
        "rp.test/cb",
        "//rp.test/cb",
        "",
        "com.example.app:/cb",
        "https://",
        7,
        None,
        ["https://rp.test/cb"],
    ],
)
async def test_a06_redirects_that_run_or_leak_are_refused(desk, url):
    assert_refused(
        await desk.register(redirect_uris=[url]), "invalid_redirect_uri", "redirect_uris"
    )


@pytest.mark.parametrize("value", [..., None, [], "https://rp.test/cb", {}, 0, [CALLBACK] * 21])
async def test_redirects_are_a_list_that_is_not_empty(desk, value):
    assert_refused(
        await desk.register(redirect_uris=value), "invalid_redirect_uri", "redirect_uris"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("token_endpoint_auth_method", "client_secret_jwt"),
        ("token_endpoint_auth_method", ["none"]),
        ("token_endpoint_auth_method", "private_key_jwt"),
        ("token_endpoint_auth_signing_alg", "HS256"),
        ("token_endpoint_auth_signing_alg", "none"),
        ("subject_type", "pairwise"),
        ("application_type", "service"),
        ("id_token_signed_response_alg", "none"),
        ("id_token_signed_response_alg", "HS256"),
        ("id_token_encrypted_response_alg", "RSA-OAEP"),
        ("userinfo_encrypted_response_alg", "RSA-OAEP"),
        ("userinfo_signed_response_alg", "none"),
        ("default_max_age", -1),
        ("default_max_age", "3600"),
        ("default_max_age", True),
        ("default_max_age", 31_536_001),
        ("require_auth_time", "true"),
        ("grant_types", ["password"]),
        ("grant_types", ["client_credentials"]),
        ("grant_types", ["http://auth0.com/oauth/grant-type/passwordless/otp"]),
        ("grant_types", ["implicit"]),
        ("grant_types", "authorization_code"),
        ("grant_types", [1]),
        ("response_types", ["none"]),
        ("client_name", "x" * 101),
        ("client_name", "line\nline"),
        ("client_name", 7),
        ("contacts", "ops@rp.test"),
        ("logo_uri", "javascript:alert(1)"),
        ("logo_uri", "http://rp.test/logo.png"),
        ("tos_uri", "ftp://rp.test/"),
        ("policy_uri", "x"),
        ("client_uri", "data:text/html,x"),
        ("initiate_login_uri", "http://rp.test/"),
        ("post_logout_redirect_uris", ["javascript:alert(1)"]),
        ("post_logout_redirect_uris", ["https://rp.test/#x"]),
        ("backchannel_logout_session_required", True),
        ("backchannel_logout_session_required", "true"),
        ("jwks", "x"),
        ("jwks", {"keys": 1}),
        ("jwks", {"keys": [{"kty": "RSA", "d": "x"}]}),
        ("jwks", {"keys": [{"kty": "RSA", "dp": "x"}]}),
        ("jwks", {"keys": [{"kty": "RSA", "n": 10**40}]}),
        ("jwks", {"keys": [{"kty": "RSA", "kid": "a\0b"}]}),
        ("jwks", {"keys": [{"x": "y" * 17_000}]}),
    ],
)
async def test_metadata_that_we_cannot_honour_is_refused_and_named(desk, name, value):
    response = await desk.register(**{name: value})

    word = {"jwks": "jwks", "token_endpoint_auth_method": ""}.get(name, name)
    assert_refused(response, "invalid_client_metadata", word)


@pytest.mark.parametrize("depth", [100, 900, 940, 960, 980, 5000])
async def test_keys_of_any_depth_do_no_harm_to_whoever_reads_the_configuration(desk, depth):
    deep = '{"a":' * depth + "1" + "}" * depth
    body = f'{{"redirect_uris": ["{CALLBACK}"], "jwks": {{"keys": [{deep}]}}}}'
    headers = bearer(await desk.token()) | {"content-type": "application/json"}

    response = await desk.http.post(PATH, content=body, headers=headers)

    assert response.status_code in (201, 400), response.text
    if response.status_code == 201:
        assert response.json()["jwks"] == {"keys": [{}]}


async def test_keys_are_told_in_one_place(desk):
    response = await desk.register(jwks={"keys": []}, jwks_uri=PUBLISHED)

    assert_refused(response, "invalid_client_metadata", "jwks")


@pytest.mark.parametrize(
    "url",
    [
        "http://rp.test/x",
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://10.0.0.1:5432/x",
        "https://2130706433/x",
        "https://user@rp.test/x",
    ],
)
@pytest.mark.parametrize("name", ["jwks_uri", "backchannel_logout_uri", "sector_identifier_uri"])
async def test_o24_addresses_that_we_call_must_pass_the_guard(desk, name, url):
    assert_refused(await desk.register(**{name: url}), "invalid_client_metadata", name)
    assert desk.caller.called == []


async def test_networks_that_are_allowed_may_be_named(tmp_path):
    async with a_desk(tmp_path, (ip_network("127.0.0.0/8"),)) as desk:
        found = await desk.registered(jwks_uri="https://127.0.0.1:9443/jwks")

    assert found["jwks_uri"] == "https://127.0.0.1:9443/jwks"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"redirect_uris=x", "application/x-www-form-urlencoded", 415),
        (b'{"x":"' + b"y" * 70_000 + b'"}', "application/json", 413),
        (b"[" * 10_000, "application/json", 400),
        (b"\xff", "application/json", 400),
    ],
)
async def test_bodies_that_are_none_are_refused(desk, body, kind, status):
    headers = bearer(await desk.token()) | {"Content-Type": kind}
    response = await desk.http.post(PATH, content=body, headers=headers)

    assert response.status_code == status


async def test_an_installed_app_has_a_scheme_of_its_own(desk):
    found = await desk.registered(
        application_type="native",
        token_endpoint_auth_method="none",
        redirect_uris=["com.example.app:/cb", "http://127.0.0.1/cb"],
        jwks={"keys": []},
    )

    client = desk.client(found["client_id"])
    assert (client.native, client.is_public) == (True, True)
    assert client.accepts_callback("http://127.0.0.1:49152/cb")
    assert not {"client_secret", "client_secret_expires_at", "jwks"} & found.keys()


async def test_a_television_needs_no_redirect(desk):
    found = await desk.registered(
        grant_types=[DEVICE], redirect_uris=[], client_name=None, token_endpoint_auth_method="none"
    )

    assert found["grant_types"] == [DEVICE]


async def test_who_tells_no_name_is_called_by_its_host(desk):
    found = await desk.registered(client_name=...)

    assert "client_name" not in found
    assert desk.client(found["client_id"]).name == "rp.test"


# -- looking after it -----------------------------------------------------------------------------


def own(found: dict[str, Any]) -> tuple[str, dict[str, str]]:
    return (
        found["registration_client_uri"].removeprefix(ORIGIN),
        bearer(found["registration_access_token"]),
    )


SHOWN_ONCE = {"client_secret", "client_secret_expires_at"}


async def test_an_application_reads_what_is_stored_but_not_its_secret(desk):
    found = await desk.registered()
    path, headers = own(found)

    response = await desk.http.get(path, headers=headers)

    assert response.status_code == 200
    expected = {name: value for name, value in found.items() if name not in SHOWN_ONCE}
    assert response.json() == expected


async def test_an_application_replaces_what_it_said(desk):
    found = await desk.registered(logo_uri="https://rp.test/logo.png")
    path, headers = own(found)
    body = {
        "client_id": found["client_id"],
        "client_secret": found["client_secret"],
        "redirect_uris": ["https://rp.test/new"],
        "client_name": "New name",
    }

    response = await desk.http.put(path, headers=headers, json=body)

    assert response.status_code == 200
    changed = response.json()
    assert changed["redirect_uris"] == ["https://rp.test/new"]
    assert "logo_uri" not in changed
    assert not SHOWN_ONCE & changed.keys()
    assert (await desk.http.get(path, headers=headers)).json() == changed
    client = desk.client(found["client_id"])
    assert (client.name, client.logo_url, client.dynamic) == ("New name", None, True)
    assert client.accepts_secret(found["client_secret"])
    assert (await desk.events())[-1] == "ClientChanged"


async def test_an_application_may_come_to_a_secret_and_give_it_up(desk):
    found = await desk.registered(token_endpoint_auth_method="none")
    path, headers = own(found)
    body = {"client_id": found["client_id"], "redirect_uris": [CALLBACK]}

    changed = (await desk.http.put(path, headers=headers, json=body)).json()
    assert desk.client(found["client_id"]).accepts_secret(changed["client_secret"])

    given_up = body | {"token_endpoint_auth_method": "none"}
    changed = (await desk.http.put(path, headers=headers, json=given_up)).json()
    assert not SHOWN_ONCE & changed.keys()
    assert desk.client(found["client_id"]).is_public


async def test_an_application_ends_its_registration(desk):
    found = await desk.registered()
    path, headers = own(found)

    response = await desk.http.delete(path, headers=headers)

    assert (response.status_code, response.content) == (204, b"")
    assert found["client_id"] not in desk.provider.clients
    for call in (desk.http.get, desk.http.delete):
        assert (await call(path, headers=headers)).status_code == 401
    assert (await desk.http.put(path, headers=headers, json={})).status_code == 401
    assert (await desk.events())[-1] == "ClientRemoved"


async def test_what_people_agreed_to_ends_with_the_registration(desk):
    found = await desk.registered()
    now, database = desk.provider.clock.now(), desk.provider.database
    alice = UserId("email|5ed9465f580a1d9af47e7ffa")
    client_id = ClientId(found["client_id"])
    consent = Consent(
        user_id=alice, client_id=client_id, audience="", scope="openid", granted_at=now
    )
    await database.transact(lambda tx: authorizations.insert_consent(tx, consent))
    path, headers = own(found)

    await desk.http.delete(path, headers=headers)

    assert await database.read(lambda tx: authorizations.consents_of(tx, alice)) == []


async def test_of_parallel_changes_that_give_it_a_secret_one_tells_it(desk):
    found = await desk.registered(token_endpoint_auth_method="none")
    path, headers = own(found)
    body = {"client_id": found["client_id"], "redirect_uris": [CALLBACK]}

    answers = await asyncio.gather(
        *(desk.http.put(path, headers=headers, json=body) for _ in range(8))
    )

    (told,) = [
        found["client_secret"] for found in map(json_of, answers) if "client_secret" in found
    ]
    assert desk.client(found["client_id"]).accepts_secret(told)


def json_of(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_change_may_bring_the_secret_that_was_issued(desk):
    found = await desk.registered()
    path, headers = own(found)
    body = {name: found[name] for name in ("client_id", "client_secret", "redirect_uris")}

    assert (await desk.http.put(path, headers=headers, json=body)).status_code == 200


async def test_an_administrator_ends_it_as_well(desk):
    found = await desk.registered()
    manage = ManageClients(desk.provider.database, desk.provider.clock, desk.refresh)

    await manage.remove(found["client_id"])

    path, headers = own(found)
    assert (await desk.http.get(path, headers=headers)).status_code == 401
    body = {"client_id": found["client_id"], "redirect_uris": [CALLBACK]}
    assert (await desk.http.put(path, headers=headers, json=body)).status_code == 401
    assert found["client_id"] not in desk.provider.clients


async def test_nobody_opens_anothers_registration(desk):
    one, other = await desk.registered(), await desk.registered()
    path, _ = own(one)
    _, headers = own(other)
    initial = bearer(await desk.token())
    body = {"client_id": one["client_id"], "redirect_uris": ["https://mallory.test/cb"]}

    for wrong in (headers, initial, bearer("x"), {}):
        for method in ("GET", "PUT", "DELETE"):
            sent = body if method == "PUT" else None
            response = await desk.http.request(method, path, headers=wrong, json=sent)
            error = "invalid_token" if wrong else "invalid_request"
            assert (response.status_code, response.json()["error"]) == (401, error)
    for unknown in (f"{PATH}/acme-web", f"{PATH}/nobody", f"{PATH}/"):
        assert (await desk.http.get(unknown, headers=headers)).status_code in (401, 404)
    assert desk.client(one["client_id"]).callbacks == (CALLBACK,)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": "acme-web"}, "invalid_client_metadata"),
        ({"client_id": None}, "invalid_client_metadata"),
        (
            {"client_secret": "a-secret-that-the-application-chose-itself"},
            "invalid_client_metadata",
        ),
        ({"client_secret": ["x"]}, "invalid_client_metadata"),
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"jwks": {"keys": [{"kty": "oct", "k": "x"}]}}, "invalid_client_metadata"),
    ],
)
async def test_a_refused_change_leaves_everything_as_it_was(desk, changes, error):
    found = await desk.registered()
    path, headers = own(found)
    before = desk.client(found["client_id"])
    body = {"client_id": found["client_id"], "redirect_uris": ["https://rp.test/new"]} | changes

    response = await desk.http.put(path, headers=headers, json=body)

    assert (response.status_code, response.json()["error"]) == (400, error)
    assert desk.client(found["client_id"]) == before


async def test_no_other_pages_may_call_it(desk):
    headers = {"Origin": "https://app.test", "Access-Control-Request-Method": "POST"}
    response = await desk.http.options(PATH, headers=headers)

    assert "access-control-allow-origin" not in response.headers
