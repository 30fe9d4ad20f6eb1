"""T-10 and J-01 to J-03: Mallory says that she is Acme, with secrets and with signed assertions."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import jwt
import pytest
from authlib.oauth2.rfc7523 import private_key_jwt_sign
from joserfc.jwk import RSAKey
from jwt.algorithms import HMACAlgorithm

from latchstring.domain.clients import store as clients
from tests.support.assertions import (
    ASSERTION_TYPE,
    by_hand,
    claims,
    ec_key,
    key_set,
    private_pem,
    public_jwk,
    public_texts,
    rsa_key,
    signed,
)
from tests.support.places import USUAL
from tests.support.provider import (
    ISSUER,
    SECRET,
    Browser,
    Provider,
    a_client,
    a_code,
    a_provider,
    basic,
    token_request,
)

PUBLISHED = "https://app.test/jwks.json"
REFUSAL = {"error": "invalid_client", "error_description": "Client authentication failed."}


@pytest.fixture
async def provider(tmp_path) -> AsyncIterator[Provider]:
    async with a_provider(tmp_path) as provider:
        for client in (
            a_client("acme-keys", secret_digest=None, jwks=key_set(rsa_key(), ec_key())),
            a_client("acme-published", secret_digest=None, jwks_uri=PUBLISHED),
            a_client("mallory-keys", secret_digest=None, jwks=key_set(rsa_key("mallory"))),
        ):
            provider.clients[client.client_id] = client
        yield provider


@pytest.fixture
async def application(provider) -> AsyncIterator[Browser]:
    application = provider.browser()
    async with application.http:
        yield application


def said(provider, client_id="acme-keys", audience=ISSUER, **changes):
    return claims(provider.clock.now(), client_id, audience, **changes)


async def present(application, assertion: str | None, **changes: str | None) -> httpx2.Response:
    """Come with a code that does not exist: a client that is believed hears invalid_grant."""
    values = {
        "client_id": "acme-keys",
        "client_secret": None,
        "client_assertion": assertion,
        "client_assertion_type": ASSERTION_TYPE,
        "code": "none",
    }
    return await application.token(**(values | changes))


def assert_refused(response: httpx2.Response) -> None:
    body = response.json()
    assert (response.status_code, body | {"request_id": ""}) == (401, REFUSAL | {"request_id": ""})
    assert response.headers["www-authenticate"].startswith("Basic ")
    assert response.headers["cache-control"] == "no-store"


def assert_believed(response: httpx2.Response) -> None:
    assert (response.status_code, response.json()["error"]) == (400, "invalid_grant")


# -- what works -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "kid"), [(rsa_key(), "k1"), (ec_key(), "k2"), (ec_key(), None)])
async def test_a_signed_assertion_is_worth_a_secret(provider, application, key, kid):
    provider.clients["acme-web"] = a_client(secret_digest=None, jwks=key_set(rsa_key(), ec_key()))
    assertion = signed(key, said(provider, "acme-web"), kid=kid)

    response = await present(
        application, assertion, client_id="acme-web", code=await a_code(provider)
    )

    assert response.status_code == 200
    assert provider.claims(response.json()["id_token"])["aud"] == "acme-web"


@pytest.mark.parametrize("audience", [ISSUER, f"{ISSUER}oauth/token", ["x", ISSUER]])
@pytest.mark.parametrize("client_id", ["acme-keys", None])
async def test_libraries_name_the_audience_differently(provider, application, audience, client_id):
    assertion = signed(rsa_key(), said(provider, audience=audience))

    assert_believed(await present(application, assertion, client_id=client_id))


async def test_an_assertion_of_authlibs_lasts_an_hour_and_is_good_once(provider, application):
    now = int(provider.clock.now().timestamp())
    assertion = private_key_jwt_sign(
        RSAKey.import_key(private_pem(rsa_key())),
        "acme-keys",
        f"{ISSUER}oauth/token",
        issued_at=now,
    )
    assert jwt.decode(assertion, options={"verify_signature": False})["exp"] == now + 3600

    assert_believed(await present(application, assertion))
    assert_refused(await present(application, assertion))


async def test_an_assertion_for_one_endpoint_is_not_for_another(provider, application):
    assertion = signed(rsa_key(), said(provider, audience=f"{ISSUER}oauth/revoke"))

    assert_refused(await present(application, assertion))
    form = {
        "client_assertion": assertion,
        "client_assertion_type": ASSERTION_TYPE,
        "token": "none",
    }
    assert (await application.http.post("/oauth/revoke", data=form)).status_code == 200


async def test_published_keys_are_believed_and_a_new_one_is_found(provider, application):
    provider.caller.publish(PUBLISHED, key_set(rsa_key()))
    first = signed(rsa_key(), said(provider, "acme-published"))
    assert_believed(await present(application, first, client_id="acme-published"))

    provider.caller.publish(PUBLISHED, key_set(rsa_key(), rsa_key("new")))
    second = signed(rsa_key("new"), said(provider, "acme-published"), kid="k2")
    assert_believed(await present(application, second, client_id="acme-published"))
    assert provider.caller.called == [(PUBLISHED, True)] * 2


# -- T-10: secrets --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "secret", ["wrong", SECRET[:-1], f"{SECRET} ", "é" * 40, "\N{GRINNING FACE}", "x" * 60_000]
)
async def test_t10_a_wrong_secret_is_refused_wherever_it_stands(application, secret):
    assert_refused(await application.token(code="none", client_secret=secret))
    if secret.isascii() and len(secret) < 1000:
        form = token_request(code="none", client_id=None, client_secret=None)
        headers = basic("acme-web", secret)
        assert_refused(await application.http.post("/oauth/token", data=form, headers=headers))


async def test_t10_a_secret_of_a_megabyte_is_refused_in_no_time(application):
    form = token_request(code="none", client_secret="x" * 1_000_000)
    began = time.process_time()
    in_the_body = await application.http.post("/oauth/token", data=form)
    assert in_the_body.status_code == 413

    headers = basic("acme-web", "x" * 1_000_000)
    in_the_header = await application.http.post(
        "/oauth/token", data=token_request(client_secret=None), headers=headers
    )
    assert in_the_header.status_code in (401, 431)
    assert time.process_time() - began < 1


@pytest.mark.parametrize("secret", [None, ""])
async def test_t10_a_confidential_client_without_a_secret_is_refused(application, secret):
    assert_refused(await application.token(code="none", client_secret=secret))
    assert_refused(
        await application.http.post(
            "/oauth/token",
            data=token_request(code="none", client_secret=secret),
            headers=basic("acme-web", ""),
        )
    )


async def test_t10_two_methods_in_one_request_are_refused(provider, application):
    form = token_request(code="none")
    headers = basic("acme-web", SECRET)
    assert_refused(await application.http.post("/oauth/token", data=form, headers=headers))

    assertion = signed(rsa_key(), said(provider))
    assert_refused(await present(application, assertion, client_secret=SECRET))
    form = token_request(
        code="none",
        client_id="acme-keys",
        client_secret=None,
        client_assertion=assertion,
        client_assertion_type=ASSERTION_TYPE,
    )
    headers = basic("acme-keys", SECRET)
    assert_refused(await application.http.post("/oauth/token", data=form, headers=headers))


@pytest.mark.parametrize("pair", [b"acme-web:\xff\xfe", b"\xc3:x", b"%ff:%fe", b"acme-web%00:x"])
async def test_t10_basic_that_is_no_text_is_refused(application, pair):
    headers = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    form = token_request(code="none", client_id=None, client_secret=None)

    assert_refused(await application.http.post("/oauth/token", data=form, headers=headers))


async def test_t10_a_client_with_keys_alone_has_no_secret_to_guess(application):
    for secret in (None, "", SECRET, "null", "None"):
        response = await present(
            application, None, client_assertion_type=None, client_secret=secret
        )
        assert_refused(response)


# -- T-10: assertions -----------------------------------------------------------------------------


async def test_t10_an_assertion_of_another_client_is_refused(provider, application):
    mallorys = said(provider, "mallory-keys")
    for assertion in (
        signed(rsa_key("mallory"), said(provider)),
        signed(rsa_key("mallory"), mallorys),
        signed(rsa_key("mallory"), mallorys | {"iss": "acme-keys"}),
        signed(rsa_key("mallory"), mallorys | {"sub": "acme-keys"}),
    ):
        assert_refused(await present(application, assertion))
    hers = signed(rsa_key("mallory"), said(provider, "mallory-keys"))
    assert_believed(await present(application, hers, client_id="mallory-keys"))


async def test_t10_a_client_without_keys_cannot_be_spoken_for(provider, application):
    for name in ("acme-web", "acme-spa", "nobody"):
        assertion = signed(rsa_key("mallory"), said(provider, name))
        assert_refused(await present(application, assertion, client_id=name))


async def test_t10_a_replayed_assertion_is_refused(provider, application):
    assertion = signed(rsa_key(), said(provider))

    assert_believed(await present(application, assertion))
    assert_refused(await present(application, assertion))
    # With other claims around it, it is the same jti.
    again = said(provider) | {
        "jti": jwt.decode(assertion, options={"verify_signature": False})["jti"]
    }
    assert_refused(await present(application, signed(ec_key(), again, kid="k2")))


async def test_t10_of_many_that_come_with_one_assertion_one_is_believed(provider, application):
    assertion = signed(rsa_key(), said(provider))

    responses = await asyncio.gather(*(present(application, assertion) for _ in range(16)))

    assert sorted(response.status_code for response in responses) == [400, *[401] * 15]


async def test_t10_a_jti_is_one_clients_alone(provider, application):
    hers = signed(rsa_key("mallory"), said(provider, "mallory-keys", jti="1"))
    assert_believed(await present(application, hers, client_id="mallory-keys"))

    assert_believed(await present(application, signed(rsa_key(), said(provider, jti="1"))))


async def test_t10_a_refused_assertion_does_not_spend_its_jti(provider, application):
    good = said(provider)
    assert_refused(await present(application, signed(rsa_key("mallory"), good)))

    assert_believed(await present(application, signed(rsa_key(), good)))


async def test_t10_an_assertion_without_jti_is_good_while_it_lasts(provider, application):
    assertion = signed(rsa_key(), said(provider, jti=None))

    assert_believed(await present(application, assertion))
    assert_believed(await present(application, assertion))
    provider.clock.advance(60)
    assert_refused(await present(application, assertion))


async def test_used_assertions_are_forgotten_once_they_are_over(provider, application):
    assert_believed(await present(application, signed(rsa_key(), said(provider))))
    now, transact = provider.clock.now(), provider.database.transact
    later = now + timedelta(seconds=61)

    assert await transact(lambda tx: clients.purge_assertions(tx, before=now, count=9)) == 0
    assert await transact(lambda tx: clients.purge_assertions(tx, before=later, count=9)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1},
        {"exp": None},
        {"exp": 99_999_999_999},
        {"iat": 99_999_999_999},
        {"nbf": 99_999_999_999},
        {"aud": "https://mallory.test/"},
        {"aud": None},
    ],
)
async def test_t10_times_and_audiences_are_checked(provider, application, changes):
    members = {**said(provider), **changes}
    members = {name: value for name, value in members.items() if value is not None}

    assert_refused(await present(application, signed(rsa_key(), members)))


@pytest.mark.parametrize(
    "changes",
    [
        {"client_assertion_type": None},
        {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
        {"client_assertion": None},
        {"client_assertion": "x" * 60_000},
        {"client_assertion": "e30.e30."},
        {"client_id": "acme-web"},
        {"client_id": "nobody"},
    ],
)
async def test_t10_half_an_assertion_is_none(provider, application, changes):
    assertion = signed(rsa_key(), said(provider))

    assert_refused(await present(application, **({"assertion": assertion} | changes)))


@pytest.mark.parametrize("bit", [0, 7])
async def test_t10_a_bent_signature_is_refused(provider, application, bit):
    for key in (rsa_key(), ec_key()):
        text = signed(key, said(provider), kid=None)
        head, _, tail = text.rpartition(".")
        raw = bytearray(base64.urlsafe_b64decode(tail + "=="))
        raw[0] ^= 1 << bit
        bent = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
        assert_refused(await present(application, f"{head}.{bent}"))
        assert_refused(await present(application, f"{head}."))
        assert_refused(await present(application, f"{head}.{'A' * 86}"))


# -- J: confused and forged -----------------------------------------------------------------------


@pytest.mark.parametrize("alg", ["none", "None", "nOnE"])
async def test_j01_an_unsigned_assertion_is_refused(provider, application, alg):
    for kid in ("k1", None):
        header = {"alg": alg} | ({} if kid is None else {"kid": kid})
        assert_refused(await present(application, by_hand(header, said(provider))))


@pytest.mark.parametrize("form", ["PEM", "DER", "JWK"])
@pytest.mark.parametrize("key", [rsa_key(), ec_key()])
async def test_j02_a_public_key_is_no_shared_secret(provider, application, key, form):
    header = {"alg": "HS256", "kid": "k1"}
    unsigned = by_hand(header, said(provider)).rpartition(".")[0]
    tag = HMACAlgorithm(HMACAlgorithm.SHA256).sign(unsigned.encode(), public_texts(key)[form])
    forged = f"{unsigned}.{base64.urlsafe_b64encode(tag).rstrip(b'=').decode()}"

    assert_refused(await present(application, forged))


async def test_j02_an_algorithm_needs_a_key_of_its_kind(provider, application):
    text = signed(ec_key(), said(provider), kid="k2")
    _, body, tail = text.split(".")
    header = by_hand({"alg": "RS256", "kid": "k2"}, {}).partition(".")[0]

    assert_refused(await present(application, f"{header}.{body}.{tail}"))


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c"])
async def test_j03_a_header_brings_no_key_along(provider, application, name):
    mallory = rsa_key("mallory")
    value = {
        "jwk": public_jwk(mallory),
        "jku": "https://mallory.test/jwks.json",
        "x5u": "https://mallory.test/cert.pem",
        "x5c": ["MIIB"],
    }[name]
    provider.caller.publish("https://mallory.test/jwks.json", key_set(mallory))

    assert_refused(await present(application, signed(mallory, said(provider), **{name: value})))
    assert provider.caller.called == []
    # Beside a true signature they are not looked at.
    assert_believed(await present(application, signed(rsa_key(), said(provider), **{name: value})))


@pytest.mark.parametrize(
    "kid", ["../../dev/null", "' or 1=1 --", "k" * 10_000, "unknown", "\x00", "k1 "]
)
async def test_j03_a_key_id_is_only_compared(provider, application, kid):
    assert_refused(await present(application, signed(rsa_key(), said(provider), kid=kid)))
    assert provider.caller.called == []


@pytest.mark.at(*USUAL)  # each node calls for itself
async def test_j03_invented_key_ids_cause_one_call_a_minute(provider, application):
    provider.caller.publish(PUBLISHED, key_set(rsa_key()))
    for number in range(10):
        text = signed(rsa_key("mallory"), said(provider, "acme-published"), kid=f"x{number}")
        assert_refused(await present(application, text, client_id="acme-published"))

    assert len(provider.caller.called) == 2


async def test_an_assertion_comes_as_json_too(provider, application):
    body = token_request(
        code="none",
        client_id="acme-keys",
        client_secret=None,
        client_assertion=signed(rsa_key(), said(provider)),
        client_assertion_type=ASSERTION_TYPE,
    )
    response = await application.http.post(
        "/oauth/token",
        content=json.dumps(body | {"client_secret": None}),
        headers={"Content-Type": "application/json"},
    )

    assert_believed(response)
