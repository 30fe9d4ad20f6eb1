"""What we sign, others can check; what others sign, we do not recognize."""

from dataclasses import replace
from datetime import timedelta

import jwt
import pytest
from joserfc import jws

from latchstring.domain.keys import jwks
from latchstring.domain.keys.key import KeyState, OpenKey, generate, unseal
from latchstring.domain.keys.signer import Signer
from tests.support.forgery import forged
from tests.support.provider import AT, KEYRING

CLAIMS = {"sub": "email|alice", "iss": "https://auth.test/"}


def an_open_key(state: KeyState = KeyState.CURRENT, days: int = 0) -> OpenKey:
    made = generate(KEYRING, AT + timedelta(days=days))
    return unseal(replace(made, state=state), KEYRING)


KEY = an_open_key()
OLDER = an_open_key(KeyState.PREVIOUS, days=-30)


@pytest.fixture
def signer() -> Signer:
    return Signer([OLDER, KEY])


def test_an_independent_verifier_accepts_our_signature(signer):
    token = signer.sign(CLAIMS)

    key = jwt.PyJWK(KEY.public_jwk)
    assert jwt.decode(token, key, algorithms=["RS256"]) == CLAIMS
    assert jwt.get_unverified_header(token) == {"alg": "RS256", "typ": "JWT", "kid": KEY.id}


def test_the_newest_current_key_signs(signer):
    assert signer.key_id == KEY.id


def test_what_an_older_key_signed_is_still_recognized(signer):
    token = jwt.encode(
        CLAIMS, OLDER.private.as_pem(private=True), algorithm="RS256", headers={"kid": OLDER.id}
    )

    assert signer.recognize(token) == CLAIMS


def test_the_published_set_has_public_halves_alone_and_the_signing_key_first(signer):
    published = jwt.PyJWKSet.from_json(jwks.document(signer).decode())

    assert [key.key_id for key in published.keys] == [KEY.id, OLDER.id]
    for key in signer.public_jwks:
        assert key.keys() == {"kid", "use", "alg", "kty", "n", "e"}


def test_we_recognize_our_own(signer):
    assert signer.recognize(signer.sign(CLAIMS)) == CLAIMS


@pytest.mark.parametrize("alg", ["none", "None", "nOnE", "", None, ["none"]])
def test_j_01_an_unsigned_token_is_not_ours(signer, alg):
    for header in ({}, {"kid": KEY.id}):
        assert signer.recognize(forged({"alg": alg, "typ": "JWT"} | header, CLAIMS)) is None


@pytest.mark.parametrize("alg", ["HS256", "RS256"])
def test_j_02_our_public_key_is_no_secret(signer, alg):
    public = KEY.private
    for secret in (
        public.as_pem(private=False),
        public.as_der(private=False),
        jwks.document(signer),
        b"",
    ):
        token = forged({"alg": alg, "typ": "JWT", "kid": KEY.id}, CLAIMS, secret)
        assert signer.recognize(token) is None


@pytest.mark.parametrize(
    "header",
    [
        {"jwk": an_open_key().public_jwk},
        {"jku": "http://127.0.0.1:1/jwks.json"},
        {"x5u": "http://127.0.0.1:1/x.pem"},
        {"kid": "../../dev/null"},
        {"kid": "' or 1=1 --"},
        {"kid": "k" * 10_000},
        {"kid": "unknown"},
        {"kid": ["x"]},
        {"kid": None},
    ],
)
def test_j_03_a_key_that_the_token_brings_or_names_is_not_used(signer, header):
    mallory = an_open_key()
    kid = {"kid": KEY.id} | {
        name: value for name, value in header.items() if isinstance(value, str | dict)
    }
    token = jwt.encode(CLAIMS, mallory.private.as_pem(private=True), algorithm="RS256", headers=kid)

    assert signer.recognize(token) is None
    assert signer.recognize(forged({"alg": "RS256", "typ": "JWT"} | header, CLAIMS, b"x")) is None


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        ({"typ": "logout+jwt"}, CLAIMS),
        ({"typ": "at+jwt"}, CLAIMS),
        ({"crit": ["exp"]}, CLAIMS),
        ({"crit": ["odd"], "odd": 1}, CLAIMS),
    ],
)
def test_j_05_a_token_of_another_kind_is_none(signer, header, claims):
    token = jwt.encode(
        claims,
        KEY.private.as_pem(private=True),
        algorithm="RS256",
        headers={"kid": KEY.id} | header,
    )

    assert signer.recognize(token) is None


def test_another_algorithm_with_our_key_is_not_ours(signer):
    token = jwt.encode(
        CLAIMS, KEY.private.as_pem(private=True), algorithm="PS256", headers={"kid": KEY.id}
    )

    assert signer.recognize(token) is None


@pytest.mark.parametrize("text", ["", ".", "..", "a.b", "a.b.c.d.e", "é.é.é", "\udc80", "x" * 9000])
def test_noise_is_not_ours(signer, text):
    assert signer.recognize(text) is None


def test_a_payload_that_is_no_object_is_not_ours(signer):
    header = {"alg": "RS256", "typ": "JWT", "kid": KEY.id}
    for payload in (b"[]", b"1", b"\xff", b"{}x"):
        token = jws.serialize_compact(header, payload, KEY.private)
        assert signer.recognize(token) is None
