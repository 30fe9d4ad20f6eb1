"""Requests that clients sign and publish, on loopback behind an authority of their own.

What comes out is tried with real sockets: whether anything was fetched is part of every answer.
"""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from latchstring.base.errors import Unavailable
from latchstring.base.outbound import Outbound
from latchstring.base.secrets import encode
from latchstring.flows.client_keys import ClientKeys
from latchstring.flows.fetch_request_object import FetchRequestObject, RequestUriRefused
from latchstring.flows.manage_clients import ManageClients
from tests.support.assertions import (
    by_hand,
    claims,
    ec_key,
    public_jwk,
    public_texts,
    rsa_key,
    signed,
)
from tests.support.places import USUAL
from tests.support.provider import fragment, query, where
from tests.support.publishing import CALLBACK, ISSUER, LOOPBACK, Desk, a_desk
from tests.support.quick_house import a_quick_house
from tests.support.receiver import Receiver, receiving
from tests.support.tls import certificates
from tests.support.workers import until

WELL_KNOWN = "/.well-known/openid-configuration"


@pytest.fixture
async def desk(tmp_path) -> AsyncIterator[Desk]:
    async with a_desk(tmp_path) as found:
        await found.register()
        yield found


# -- the modules of the suite ---------------------------------------------------------------------


async def test_oidcc_request_uri_signed_rs256(tmp_path):
    async with a_desk(tmp_path) as desk:
        async with desk.house.http() as http:
            document = (await http.get(WELL_KNOWN)).json()
        assert document["request_uri_parameter_supported"] is True
        assert document["require_request_uri_registration"] is True
        assert "RS256" in document["request_object_signing_alg_values_supported"]

        told = (await desk.register(request_object_signing_alg="RS256")).json()
        assert told["request_uris"] == [desk.registered]
        desk.publish_signed(aud=ISSUER, iss=desk.client_id)
        back = await desk.consented(desk.outside())

        assert (back.query["state"], back.query["iss"]) == ("inside", ISSUER)
        tokens = await desk.token(code=back.query["code"], redirect_uri=CALLBACK)
        assert tokens.status_code == 200, tokens.text
    assert [heard.line for heard in desk.receiver.heard] == ["GET /requesturi/1 HTTP/1.1"]


async def test_oidcc_registration_logo_policy_and_tos_uris_are_on_the_sign_in_page(desk):
    told = {
        "logo_uri": "https://rp.test/logo.png",
        "policy_uri": "https://rp.test/policy",
        "tos_uri": "https://rp.test/terms",
    }
    assert told.items() <= (await desk.register(**told)).json().items()
    desk.publish_signed()
    browser = desk.house.browser()
    found = await browser.http.get("/authorize", params=desk.outside())

    page = await browser.get(found.headers["location"])

    assert 'src="https://rp.test/logo.png"' in page.response.text
    assert "https://rp.test" in page.response.headers["content-security-policy"]
    assert 'href="https://rp.test/policy"' in page.response.text
    assert 'href="https://rp.test/terms"' in page.response.text


async def test_oidcc_request_uri_unsigned_is_skipped_as_none_is_not_listed(desk):
    """Also skipped: oidcc-ensure-request-object-with-redirect-uri and the like of it."""
    async with desk.house.http() as http:
        document = (await http.get(WELL_KNOWN)).json()
    assert document["request_uri_parameter_supported"] is True
    assert document["request_object_signing_alg_values_supported"] == ["RS256", "ES256"]
    assert document["request_parameter_supported"] is False

    desk.publish(by_hand({"alg": "none"}, desk.asked()))
    await desk.assert_refused("invalid_request_object", "algorithm")


# -- what counts ----------------------------------------------------------------------------------


async def test_only_what_was_signed_counts(desk):
    desk.publish_signed(prompt="none", state=None)

    response = await desk.ask(
        prompt="login", state="outside", redirect_uri="https://mallory.test/cb", scope="openid sms"
    )

    assert where(response) == CALLBACK
    assert query(response)["error"] == "login_required"
    assert "state" not in query(response)


async def test_a_form_brings_a_signed_request_as_well(desk):
    desk.publish_signed()
    async with desk.house.http() as http:
        first = await http.post("/authorize", data=desk.outside())
        second = await http.get(first.headers["location"])

    assert where(second).startswith("/sign-in/")
    assert desk.receiver.connections == 1


async def test_numbers_and_objects_are_read_as_they_would_stand_in_a_query(desk):
    wanted = {"id_token": {"acr": {"essential": True, "value": "gold"}}}
    desk.publish_signed(max_age=0, claims=wanted, unknown=["passed", "over"], ui_locales="")

    response = await desk.ask()

    assert query(response)["error"] == "unmet_authentication_requirements"
    assert query(response)["state"] == "inside"


WRITTEN: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"aud": [ISSUER, "https://other.test/"]}, {}),
    ({}, {"typ": "oauth-authz-req+jwt"}),
    ({}, {"kid": None}),
    ({"response_type": None}, {}),
]


async def test_what_libraries_write_differently_is_accepted(desk):
    for changes, header in WRITTEN:
        outside = {name: None for name, value in changes.items() if value is None}
        inside = {name: value for name, value in changes.items() if value is not None}
        desk.publish(signed(rsa_key(), desk.asked(**inside), **header))

        await desk.assert_goes_on(**outside)


async def test_an_object_signed_with_es256_is_accepted(desk):
    desk.publish(signed(ec_key(), desk.asked(), kid="k2") + "\n")

    await desk.assert_goes_on()


async def test_keys_of_a_jwks_uri_prove_it(tmp_path):
    async with a_desk(tmp_path) as desk:
        await desk.register(jwks=None, jwks_uri=desk.url("/jwks.json"))
        desk.publish_signed()
        desk.publish(json.dumps({"keys": [public_jwk(rsa_key())]}))

        await desk.assert_goes_on()

    assert [heard.line.split()[1] for heard in desk.receiver.heard] == [
        "/requesturi/1",
        "/jwks.json",
    ]


async def test_what_the_ordinary_checks_refuse_is_refused_of_a_signed_request_too(desk):
    desk.publish_signed(redirect_uri="https://mallory.test/cb")
    page = await desk.ask()
    assert (page.status_code, "location" in page.headers) == (400, False)

    desk.publish_signed(response_type="id_token")
    response = await desk.ask(response_type=None)
    told = fragment(response)
    assert (told["error"], told["state"]) == ("unsupported_response_type", "inside")


# -- what is not fetched --------------------------------------------------------------------------


OTHER_ADDRESSES = [
    lambda url: url.partition("#")[0],
    lambda url: f"{url.partition('#')[0]}#other",
    lambda url: url.replace("/1", "/2"),
    lambda url: url.replace("/1", "/%31"),
    lambda url: url.replace("localhost", "LOCALHOST"),
    lambda url: url.replace("https:", "HTTPS:"),
    lambda url: url.replace("https:", "http:"),
    lambda _: "https://169.254.169.254/latest/meta-data/",
    lambda _: "file:///etc/passwd",
    lambda _: "https:",
]


async def test_a15_an_address_that_is_not_registered_is_not_fetched(desk):
    for change in OTHER_ADDRESSES:
        other = change(desk.registered)
        await desk.assert_refused("invalid_request_uri", "", request_uri=other)

    assert desk.receiver.connections == 0


async def test_a15_another_clients_address_is_not_fetched(desk):
    theirs = desk.registered
    await desk.register(request_uris=[desk.url("/mallory")])
    desk.publish_signed()

    await desk.assert_refused("invalid_request_uri", "", request_uri=theirs)

    assert desk.receiver.connections == 0


async def test_a15_nothing_is_fetched_where_applications_may_not_register(tmp_path):
    async with a_quick_house(tmp_path) as house, house.http() as http:
        document = (await http.get(WELL_KNOWN)).json()
        found = await http.get(
            "/authorize",
            params={
                "client_id": "acme-web",
                "redirect_uri": house.settings.clients[0].callbacks[0],
                "response_type": "code",
                "request_uri": "https://app.test/request",
            },
        )

    assert query(found)["error"] == "invalid_request_uri"
    assert document["request_uri_parameter_supported"] is False
    assert "require_request_uri_registration" not in document
    # The modules with unsigned objects skip themselves only where it is there, without "none".
    assert document["request_object_signing_alg_values_supported"] == ["RS256", "ES256"]


async def test_a15_a_client_that_is_held_to_pushing_publishes_nothing(desk):
    installation = desk.house.installation
    manage = ManageClients(
        installation.database, desk.house.clock, installation.configuration.refresh
    )
    await manage.change(desk.client_id, {"require_pushed_authorization_requests": True})
    desk.publish_signed()

    await desk.assert_refused("invalid_request_uri", "")

    assert desk.receiver.connections == 0


async def test_a15_nothing_is_fetched_for_a_registration_that_changed_or_ended(desk):
    headers = {"Authorization": f"Bearer {desk.registration}"}
    async with desk.house.http() as http:
        path = f"/oidc/register/{desk.client_id}"
        before = (await http.get(path, headers=headers)).json()
        body = {name: before[name] for name in ("client_id", "redirect_uris", "jwks")}
        assert (await http.put(path, json=body, headers=headers)).status_code == 200

    await desk.assert_refused("invalid_request_uri", "")

    assert desk.receiver.connections == 0


@pytest.mark.at(*USUAL)  # it looks into one node
async def test_a15_an_address_in_a_private_network_is_refused_unless_allowed(tmp_path):
    async with a_desk(tmp_path, allowed=False) as desk:
        refused = await desk.register()
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_client_metadata")

        # A name tells nothing by itself: its addresses are looked at before the call.
        named = desk.registered.replace("localhost", "rp.test")
        await desk.register(request_uris=[named])
        outbound = Outbound(ca_file=desk.made.authority, resolve=_here)
        with pytest.raises(RequestUriRefused):
            await fetch_with(desk, outbound, named)

    assert desk.receiver.connections == 0


async def _here(_host: str, _port: int) -> list[str]:
    return ["127.0.0.1", "::ffff:127.0.0.1", "10.0.0.1"]


async def fetch_with(desk: Desk, outbound: Outbound, request_uri: str) -> Any:
    """Fetch as ``/authorize`` does, through a caller of this test."""
    return await fetching(desk, outbound)(
        desk.house.installation.configuration.current.clients[desk.client_id], request_uri
    )


def fetching(desk: Desk, outbound: Outbound) -> FetchRequestObject:
    return FetchRequestObject(
        database=desk.house.installation.database,
        clock=desk.house.clock,
        issuer=ISSUER,
        caller=outbound,
        keys=ClientKeys(outbound, desk.house.clock),
    )


# -- what comes back ------------------------------------------------------------------------------


BAD_ANSWERS = [
    (200, b"x" * (16 * 1024 + 1), {}),
    (302, b"", {"location": "https://localhost/elsewhere"}),
    (404, b"", {}),
    (500, b"", {}),
    (200, "ünreadable".encode(), {}),
    (200, b"\x1f\x8b", {"content_encoding": "gzip"}),
]


async def test_a_bad_answer_of_the_address_is_refused(desk):
    for status, body, headers in BAD_ANSWERS:
        desk.publish(body, status, **headers)
        await desk.assert_refused("invalid_request_uri", "Nothing could be fetched")

    assert desk.receiver.connections == len(BAD_ANSWERS)


async def test_an_address_that_proves_itself_with_another_authority_is_refused(desk, tmp_path):
    folder = tmp_path / "mallory"
    folder.mkdir()
    receiver = Receiver()
    async with receiving(receiver, certificates(folder)) as port:
        await desk.register(request_uris=[f"https://localhost:{port}/1"])
        await desk.assert_refused(
            "invalid_request_uri", "Nothing", request_uri=f"https://localhost:{port}/1"
        )

    assert receiver.heard == []


async def test_an_address_that_answers_slowly_holds_nobody_up(desk):
    desk.receiver.silent = 100
    outbound = Outbound(ca_file=desk.made.authority, allowed_networks=LOOPBACK, whole_seconds=0.5)
    fetch = fetching(desk, outbound)
    client = desk.house.installation.configuration.current.clients[desk.client_id]

    many = await asyncio.gather(
        *(fetch(client, desk.registered) for _ in range(20)), return_exceptions=True
    )

    kinds = [type(found) for found in many]
    assert (kinds.count(RequestUriRefused), kinds.count(Unavailable)) == (4, 16)
    desk.receiver.silent = 0
    desk.publish_signed()
    assert (await fetch(client, desk.registered))["state"] == "inside"
    await outbound.close()


@pytest.mark.at(*USUAL)  # it looks into one node
async def test_too_many_at_once_are_told_to_come_again_and_who_leaves_makes_room(desk):
    desk.receiver.silent = 4
    waiting = [asyncio.create_task(desk.ask()) for _ in range(4)]
    await until(lambda: len(desk.receiver.heard) == len(waiting), seconds=4)

    await desk.assert_refused("temporarily_unavailable", "Try again")

    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    desk.publish_signed()
    await desk.assert_goes_on()


# -- what was signed, by whom ---------------------------------------------------------------------


@pytest.mark.parametrize("registered", [None, "RS256"])
async def test_j01_an_unsigned_object_is_refused(desk, registered):
    if registered:
        await desk.register(request_object_signing_alg=registered)
    for alg in ("none", "None", "nOnE"):
        desk.publish(by_hand({"alg": alg}, desk.asked()))
        await desk.assert_refused("invalid_request_object", "algorithm")


async def test_j02_an_object_signed_with_the_public_key_as_a_secret_is_refused(desk):
    for secret in public_texts(rsa_key()).values():
        head = by_hand({"alg": "HS256", "kid": "k1"}, desk.asked()).rpartition(".")[0]
        mac = hmac.digest(secret, head.encode(), hashlib.sha256)
        desk.publish(f"{head}.{encode(mac)}")
        await desk.assert_refused("invalid_request_object", "algorithm")


async def test_j03_a_header_brings_no_key_along(desk):
    brought = {
        "jwk": public_jwk(rsa_key("mallory")),
        "jku": desk.url("/mallory.json"),
        "x5u": desk.url("/mallory.pem"),
        "x5c": ["MIIB"],
    }
    for name, value in brought.items():
        desk.publish(signed(rsa_key("mallory"), desk.asked(), **{name: value}))
        await desk.assert_refused("invalid_request_object", "no key of the client")

    assert desk.receiver.connections == len(brought)


async def test_an_object_that_somebody_else_signed_is_refused(desk):
    desk.publish(signed(rsa_key("mallory"), desk.asked()))
    await desk.assert_refused("invalid_request_object", "no key of the client")

    whole = signed(rsa_key(), desk.asked())
    head, _, signature = whole.rpartition(".")
    forged = by_hand({"alg": "RS256", "kid": "k1"}, desk.asked(prompt="none")).rpartition(".")[0]
    desk.publish(f"{forged}.{signature}")
    await desk.assert_refused("invalid_request_object", "no key of the client")

    desk.publish(f"{head}.")
    await desk.assert_refused("invalid_request_object", "no key of the client")


async def test_an_algorithm_that_was_not_registered_is_refused(desk):
    await desk.register(request_object_signing_alg="ES256")
    desk.publish_signed()
    await desk.assert_refused("invalid_request_object", "algorithm that was registered")

    desk.publish(signed(ec_key(), desk.asked(), kid="k2"))
    await desk.assert_goes_on()


UNFITTING: list[tuple[dict[str, Any], str]] = [
    ({"client_id": "acme-web"}, "another client"),
    ({"client_id": None}, "client_id is missing"),
    ({"client_id": 7}, "another type"),
    ({"iss": "acme-web"}, "another client"),
    ({"aud": "https://other.test/"}, "another audience"),
    ({"aud": []}, "another audience"),
    ({"aud": ISSUER.rstrip("/")}, "another audience"),
    ({"exp": "tomorrow"}, "another type"),
    ({"request": "eyJ"}, "request inside"),
    ({"request_uri": "https://localhost/2"}, "request_uri inside"),
    ({"request_uri": None}, "request_uri inside"),
    ({"response_type": "id_token"}, "response_type"),
    ({"scope": ["openid"]}, "scope is neither"),
    ({"state": True}, "state is neither"),
    ({"max_age": 1.5}, "max_age is neither"),
]


async def test_an_object_with_unfitting_claims_is_refused(desk):
    for changes, word in UNFITTING:
        desk.publish(signed(rsa_key(), {**desk.asked(), **changes}))
        await desk.assert_refused("invalid_request_object", word)


async def test_an_assertion_of_the_client_is_no_request_and_no_request_an_assertion(desk):
    desk.publish_signed(sub=desk.client_id)
    await desk.assert_refused("invalid_request_object", "sub")

    desk.publish(signed(rsa_key(), claims(desk.house.clock.now(), desk.client_id, ISSUER)))
    await desk.assert_refused("invalid_request_object", "client_id is missing")

    desk.publish(signed(rsa_key(), desk.asked(), typ="client-authentication+jwt"))
    await desk.assert_refused("invalid_request_object", "another kind")


MOMENTS = [("exp", 0, "expired"), ("exp", 1, None), ("nbf", 60, None), ("nbf", 61, "not good yet")]


async def test_an_object_holds_for_as_long_as_it_says(desk):
    moment = int(desk.house.clock.now().timestamp())
    for name, seconds, word in MOMENTS:
        desk.publish_signed(**{name: moment + seconds})
        if word is None:
            await desk.assert_goes_on()
        else:
            await desk.assert_refused("invalid_request_object", word)


NO_OBJECTS = [
    "",
    "no jws",
    "a.b.c",
    "a.b.c.d.e",
    by_hand({"alg": "RS256", "crit": ["exp"]}, {}),
    by_hand({"alg": "RS256"}, {}).replace(".", "..", 1),
    f"{encode(b'{}')}.{encode(b'[' * 5000)}.",
    f"{encode(b'[]')}.{encode(b'[]')}.",
]


async def test_what_is_no_object_is_refused(desk):
    for text in NO_OBJECTS:
        desk.publish(text)
        await desk.assert_refused("invalid_request_object", "refused")


async def test_a_refusal_says_nothing_that_a_stranger_wrote(desk):
    """A description may hold a few characters only (RFC 6749 section 4.1.2.1)."""
    desk.publish(signed(rsa_key(), desk.asked(**{'"\r\n\x7fü': [], "typ": "x"}), typ='"\r\nü'))

    await desk.assert_refused("invalid_request_object", "another kind")


async def test_an_object_by_value_stays_refused(desk):
    object_ = signed(rsa_key(), desk.asked())

    await desk.assert_refused("request_not_supported", "request", request=object_, request_uri=None)


async def test_an_address_of_the_application_that_is_not_its_own_is_told_nothing(desk):
    response = await desk.ask(redirect_uri="https://mallory.test/cb", request_uri="https://x.test/")

    assert (response.status_code, "location" in response.headers) == (400, False)
