"""What we sign, others can check; what others sign, we do not recognize."""

import json
import threading
from datetime import timedelta
from typing import Any

import jwt
import pytest
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import RSAKey
from msgspec.structs import replace

from latchstring.base.errors import Unavailable
from latchstring.base.secrets import Keyring
from latchstring.base.settings import SigningAlgorithm
from latchstring.domain.keys.key import KeyState, SigningKey, generate, unseal
from latchstring.domain.keys.signer import Signer
from tests.support.forgery import forged, private_pem, public_forms
from tests.support.provider import AT, KEYRING

CLAIMS = {"sub": "email|alice", "iss": "https://auth.test/", "name": "Älice"}
RS256, ES256 = SigningAlgorithm.RS256, SigningAlgorithm.ES256
OTHER = Keyring({2: b"o" * 32})


def a_key(
    algorithm: SigningAlgorithm = RS256,
    state: KeyState = KeyState.CURRENT,
    days: int = 0,
    keyring: Keyring = KEYRING,
) -> SigningKey:
    return generate(algorithm, state, keyring, now=AT + timedelta(days=days))


KEY = a_key()
CURVED = a_key(ES256)
OLDER = a_key(state=KeyState.PREVIOUS, days=-30)
NEXT = a_key(ES256, KeyState.NEXT, days=1)
PRIVATE = unseal(KEY, KEYRING)


def a_signer(*keys: SigningKey) -> Signer:
    signer = Signer(KEYRING)
    assert signer.replace(keys) == []
    return signer


@pytest.fixture
def signer() -> Signer:
    return a_signer(OLDER, KEY, NEXT, CURVED)


@pytest.mark.parametrize("key", [KEY, CURVED], ids=["RS256", "ES256"])
def test_an_independent_verifier_accepts_our_signature(signer, key):
    token = signer.sign(CLAIMS, key.algorithm)

    found = jwt.decode(token, jwt.PyJWK(key.public_jwk), algorithms=[key.algorithm.value])
    assert found == CLAIMS
    header = {"alg": key.algorithm.value, "typ": "JWT", "kid": key.id}
    assert jwt.get_unverified_header(token) == header


def test_every_curved_signature_has_its_full_length(signer):
    # One half in 256 begins with a zero byte, which must stay (RFC 7518 section 3.4).
    for _ in range(600):
        assert len(signer.sign({}, ES256).rpartition(".")[2]) == 86


def test_the_newest_current_key_signs():
    older = a_key(ES256, days=-1)

    assert a_signer(CURVED, older).key_id(ES256) == CURVED.id


def test_what_an_older_key_signed_is_still_recognized(signer):
    before = a_signer(replace(OLDER, state=KeyState.CURRENT))

    assert signer.recognize(before.sign(CLAIMS)) == CLAIMS


def test_what_the_version_before_signed_is_still_recognized(signer):
    key = RSAKey.import_key(private_pem(PRIVATE))
    header = {"alg": "RS256", "typ": "JWT", "kid": KEY.id}

    token = joserfc_jwt.encode(header, CLAIMS, key, algorithms=["RS256"])

    assert signer.recognize(token) == CLAIMS


def test_the_published_set_has_public_halves_alone_and_those_that_sign_first(signer):
    published = json.loads(signer.document)["keys"]

    assert [key["kid"] for key in published] == [KEY.id, CURVED.id, NEXT.id, OLDER.id]
    common = {"kid", "use", "alg", "kty"}
    assert published[0].keys() == common | {"n", "e"}
    assert published[1].keys() == common | {"crv", "x", "y"}
    assert len(jwt.PyJWKSet.from_json(signer.document.decode()).keys) == 4


def test_a_key_that_is_next_signs_nothing_until_it_is_current():
    signer = a_signer(NEXT)
    with pytest.raises(Unavailable):
        signer.sign(CLAIMS, ES256)

    signer.replace([replace(NEXT, state=KeyState.CURRENT)])

    assert signer.key_id(ES256) == NEXT.id


def test_a_signer_without_keys_is_unavailable_and_recognizes_nothing(signer):
    token = signer.sign(CLAIMS)
    signer.replace([])

    with pytest.raises(Unavailable):
        signer.sign(CLAIMS)
    assert signer.recognize(token) is None


def test_a_withdrawn_key_is_neither_published_nor_recognized():
    signer = a_signer(CURVED, NEXT)
    token = signer.sign(CLAIMS, ES256)

    signer.replace([replace(NEXT, state=KeyState.CURRENT)])

    assert signer.recognize(token) is None
    assert CURVED.id not in signer.document.decode()


def test_where_the_current_key_cannot_be_opened_the_one_before_goes_on_and_it_is_told():
    previous = replace(CURVED, state=KeyState.PREVIOUS)
    foreign = a_key(ES256, days=2, keyring=OTHER)
    signer = Signer(KEYRING)

    assert signer.replace([previous, foreign]) == [foreign.id]

    assert signer.key_id(ES256) == CURVED.id
    assert {key["kid"] for key in json.loads(signer.document)["keys"]} == {CURVED.id, foreign.id}


def test_what_another_node_signed_with_a_key_we_cannot_open_is_recognized():
    foreign = a_key(ES256, days=2, keyring=OTHER)
    theirs = Signer(OTHER)
    theirs.replace([foreign])

    signer = Signer(KEYRING)
    signer.replace([foreign, CURVED])

    assert signer.recognize(theirs.sign(CLAIMS, ES256)) == CLAIMS


def test_threads_sign_while_keys_are_replaced():
    signer = a_signer(CURVED)
    after = a_key(ES256, days=1)
    tokens: list[str] = []
    threads = [
        threading.Thread(target=lambda: tokens.extend(signer.sign({}, ES256) for _ in range(200)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        signer.replace([replace(CURVED, state=KeyState.PREVIOUS), after])
        signer.replace([CURVED])
    signer.replace([replace(CURVED, state=KeyState.PREVIOUS), after])

    assert len(tokens) == 600
    assert all(signer.recognize(token) == {} for token in tokens)


@pytest.mark.parametrize("algorithm", SigningAlgorithm)
def test_we_recognize_our_own(signer, algorithm):
    assert signer.recognize(signer.sign(CLAIMS, algorithm)) == CLAIMS


@pytest.mark.parametrize("algorithm", SigningAlgorithm)
def test_any_change_to_a_token_makes_it_foreign(signer, algorithm):
    token = signer.sign(CLAIMS, algorithm)
    last = len(token) - 1

    for place in (0, token.index(".") + 3, token.rindex(".") + 1, last):
        other = "A" if token[place] != "A" else "B"
        assert signer.recognize(token[:place] + other + token[place + 1 :]) is None
    assert signer.recognize(token + "A") is None
    assert signer.recognize(token[:-1]) is None
    assert signer.recognize(token + "=") is None


@pytest.mark.parametrize("alg", ["none", "None", "nOnE", "", None, ["none"]])
def test_j_01_an_unsigned_token_is_not_ours(signer, alg):
    for header in ({}, {"kid": KEY.id}):
        assert signer.recognize(forged({"alg": alg, "typ": "JWT"} | header, CLAIMS)) is None
    signed, _, _ = signer.sign(CLAIMS).rpartition(".")
    assert signer.recognize(f"{signed}.") is None


@pytest.mark.parametrize("alg", ["HS256", "RS256"])
@pytest.mark.parametrize("key", [KEY, CURVED], ids=["RS256", "ES256"])
def test_j_02_our_public_key_is_no_secret(signer, alg, key):
    for secret in (*public_forms(unseal(key, KEYRING)), signer.document, b""):
        for header in ({"typ": "JWT", "alg": alg}, {"alg": alg, "typ": "JWT"}):
            token = forged(header | {"kid": key.id}, CLAIMS, secret)
            assert signer.recognize(token) is None


@pytest.mark.parametrize(
    "header",
    [
        {"jwk": a_key(ES256).public_jwk},
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
    mallory = unseal(a_key(ES256), KEYRING)
    kid = {"kid": KEY.id} | {
        name: value for name, value in header.items() if isinstance(value, str | dict)
    }
    token = jwt.encode(CLAIMS, private_pem(mallory), algorithm="ES256", headers=kid)

    assert signer.recognize(token) is None
    assert signer.recognize(forged({"alg": "RS256", "typ": "JWT"} | header, CLAIMS, b"x")) is None


def test_j_03_mallorys_signature_under_our_header_is_not_ours(signer):
    mallory = Signer(KEYRING)
    theirs = a_key(ES256)
    mallory.replace([replace(theirs, id=CURVED.id)])
    token = mallory.sign(CLAIMS, ES256)

    assert token.split(".")[0] == signer.sign(CLAIMS, ES256).split(".")[0]
    assert signer.recognize(token) is None


@pytest.mark.parametrize(
    "header",
    [{"typ": "logout+jwt"}, {"typ": "at+jwt"}, {"crit": ["exp"]}, {"crit": ["odd"], "odd": 1}],
)
def test_j_05_a_token_of_another_kind_is_none(signer, header):
    token = jwt.encode(
        CLAIMS, private_pem(PRIVATE), algorithm="RS256", headers={"kid": KEY.id} | header
    )

    assert signer.recognize(token) is None


def test_another_algorithm_with_our_key_is_not_ours(signer):
    token = jwt.encode(CLAIMS, private_pem(PRIVATE), algorithm="PS256", headers={"kid": KEY.id})

    assert signer.recognize(token) is None


@pytest.mark.parametrize("text", ["", ".", "..", "a.b", "a.b.c.d.e", "é.é.é", "\udc80", "x" * 9000])
def test_noise_is_not_ours(signer, text):
    assert signer.recognize(text) is None


def test_a_payload_that_is_no_object_is_not_ours(signer):
    payloads: list[Any] = [[], 1, "x", None]
    for payload in payloads:
        token = signer.sign(payload)
        assert signer.recognize(token) is None
