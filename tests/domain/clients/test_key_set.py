"""Key sets that strangers wrote."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from latchstring.base.settings import SigningAlgorithm
from latchstring.domain.clients.key_set import fitting, read_key_set
from tests.support.assertions import ec_key, key_set, public_jwk, rsa_key

RS256, ES256 = SigningAlgorithm.RS256, SigningAlgorithm.ES256
WEAK = {"kty": "RSA", "e": "AQAB", "n": "u1SU1LfVLPHCozMxH2Mo4lgOEePzNm0tRgeLezV6ffAt0g"}


def read(*jwks):
    return read_key_set(json.dumps({"keys": jwks}))


def test_keys_are_found_by_algorithm_and_id():
    keys = read_key_set(key_set(rsa_key(), ec_key(), rsa_key("bob")))

    assert [key.algorithm for key in keys] == [RS256, ES256, RS256]
    assert fitting(keys, RS256, "k3") == [keys[2]]
    assert fitting(keys, RS256, None) == [keys[0], keys[2]]
    assert fitting(keys, ES256, "k2") == [keys[1]]
    assert fitting(keys, ES256, "k1") == []
    assert fitting(keys, RS256, "unknown") == []


def test_a_key_without_an_id_may_be_any():
    keys = read(public_jwk(rsa_key(), None))

    assert fitting(keys, RS256, "whatever") == list(keys)


def test_nobody_has_us_try_every_key_of_a_large_set():
    one = public_jwk(rsa_key(), None)
    keys = read(*[one] * 40, public_jwk(rsa_key(), "named"))

    assert len(fitting(keys, RS256, None)) == 8
    named = fitting(keys, RS256, "named")
    assert (named[0], len(named)) == (keys[-1], 8)


def test_j02_a_key_is_for_the_one_algorithm_of_its_kind():
    keys = read(public_jwk(rsa_key()), public_jwk(ec_key()))

    assert [key.id for key in fitting(keys, RS256, "k1")] == ["k1"]
    assert all(isinstance(key.public, ec.EllipticCurvePublicKey) for key in keys[1:])


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        WEAK,
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "RSA"},
        {"kty": "RSA", "n": 5, "e": "AQAB"},
        {"kty": ["RSA"], "n": "AQAB", "e": "AQAB"},
        public_jwk(rsa_key()) | {"use": "enc"},
        public_jwk(rsa_key()) | {"alg": "PS256"},
        public_jwk(rsa_key()) | {"alg": "none"},
        public_jwk(rsa_key()) | {"e": "AQAC"},
        public_jwk(rsa_key()) | {"e": public_jwk(rsa_key())["n"]},
        public_jwk(rsa_key()) | {"n": "_" * 2000},
        public_jwk(ec_key()) | {"crv": "P-384"},
        public_jwk(ec_key()) | {"x": "AQAB"},
        public_jwk(ec_key()) | {"y": public_jwk(ec_key())["x"]},
        public_jwk(ec_key()) | {"x": "é"},
    ],
)
def test_a_key_that_cannot_be_used_is_passed_over(jwk):
    good = public_jwk(ec_key(), "good")

    assert [key.id for key in read(jwk, good)] == ["good"]


def test_what_is_no_key_at_all_is_passed_over():
    assert read(1, None, "x", []) == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "[]",
        "{}",
        '{"keys": {}}',
        '{"keys": 1}',
        "[" * 5000,
        json.dumps({"keys": [{}] * 51}),
        " " * 65_537,
        b"\xff\xfe",
    ],
)
def test_what_is_no_key_set_is_refused(text):
    with pytest.raises(ValueError, match="not a JSON Web Key Set"):
        read_key_set(text)
