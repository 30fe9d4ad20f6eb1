"""What a client may say of itself in a signed assertion."""

from datetime import timedelta

import pytest

from latchstring.base.secrets import encode
from latchstring.domain.clients.assertion import AssertionRefused, check, read
from tests.support.administration import NOON
from tests.support.assertions import by_hand, claims, ec_key, rsa_key, signed

ISSUER = "https://auth.acme.test/"
HEADER = {"alg": "RS256"}


def said(**changes):
    return claims(NOON, "acme-web", ISSUER, **changes)


def refused(text: str) -> str:
    with pytest.raises(AssertionRefused) as caught:
        check(read(text), frozenset({ISSUER}), NOON)
    assert str(caught.value) == "Client authentication failed."
    return caught.value.detail


def accepted(text: str) -> None:
    check(read(text), frozenset({ISSUER, f"{ISSUER}oauth/token"}), NOON)


@pytest.mark.parametrize("key", [rsa_key(), ec_key()], ids=["RS256", "ES256"])
def test_an_assertion_of_a_minute_is_accepted(key):
    text = signed(key, said())

    accepted(text)
    found = read(text)
    assert (found.client_id, found.key_id) == ("acme-web", "k1")
    assert f"{found.signed.decode()}." == text[: text.rindex(".") + 1]


@pytest.mark.parametrize("audience", [[ISSUER], ["https://other.test/", f"{ISSUER}oauth/token"]])
def test_one_of_several_audiences_must_be_ours(audience):
    accepted(by_hand(HEADER, said(aud=audience)))


@pytest.mark.parametrize(
    "audience",
    ["https://auth.acme.test", "https://auth.acme.test/userinfo", "https://other.test/", [], ""],
)
def test_an_assertion_for_somebody_else_is_refused(audience):
    assert "audience" in refused(by_hand(HEADER, said(aud=audience)))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"exp": 0}, "expired"),
        ({"exp": -1e300}, "expired"),
        ({"exp": 1e300}, "too late"),
        ({"iat": 1e300}, "future"),
        ({"nbf": 1e300}, "future"),
        ({"iss": "mallory-web"}, "iss and sub differ"),
        ({"iss": None}, "unreadable"),
        ({"sub": None}, "unreadable"),
        ({"aud": None}, "unreadable"),
        ({"exp": None}, "unreadable"),
        ({"exp": "soon"}, "unreadable"),
        ({"exp": True}, "unreadable"),
        ({"aud": {"x": 1}}, "unreadable"),
        ({"jti": ""}, "jti"),
        ({"jti": "j" * 256}, "jti"),
        ({"jti": 7}, "unreadable"),
    ],
)
def test_claims_that_do_not_fit_are_refused(changes, reason):
    assert reason in refused(by_hand(HEADER, said(**changes)))


@pytest.mark.parametrize(
    ("name", "seconds", "fits"),
    [
        ("exp", 0, False),
        ("exp", 1, True),
        ("exp", 3660, True),
        ("exp", 3661, False),
        ("iat", 60, True),
        ("iat", 61, False),
        ("nbf", 60, True),
        ("nbf", 61, False),
    ],
)
def test_times_are_judged_to_the_second_with_a_minute_of_leeway(name, seconds, fits):
    moment = int((NOON + timedelta(seconds=seconds)).timestamp())
    text = by_hand(HEADER, said(**{name: moment}))

    accepted(text) if fits else refused(text)


@pytest.mark.parametrize(("seconds", "fits"), [(660, True), (661, False)])
def test_without_a_jti_ten_minutes_are_the_longest_life(seconds, fits):
    moment = int((NOON + timedelta(seconds=seconds)).timestamp())
    text = by_hand(HEADER, said(exp=moment, jti=None))

    accepted(text) if fits else refused(text)


@pytest.mark.parametrize(
    "alg", ["none", "None", "nOnE", "NONE", "", "HS256", "HS512", "RS512", "PS256", "ES384", "RS1"]
)
def test_j01_j02_an_algorithm_that_is_not_allowed_is_refused(alg):
    assert "algorithm" in refused(by_hand({"alg": alg}, said()))


@pytest.mark.parametrize("value", [[], ["exp"], ["b64"], None, "exp"])
def test_what_is_critical_is_refused_because_nothing_critical_is_known(value):
    assert "crit" in refused(by_hand({**HEADER, "crit": value}, said()))


@pytest.mark.parametrize("typ", ["at+jwt", "logout+jwt", "dpop+jwt", "application/at+jwt", ""])
def test_another_kind_of_token_is_no_assertion(typ):
    text = by_hand({**HEADER, "typ": typ}, said())

    if typ:
        assert "kind" in refused(text)
    else:
        accepted(text)


@pytest.mark.parametrize("typ", ["JWT", "jwt", "client-authentication+jwt", "application/jwt"])
def test_the_type_of_a_jwt_is_written_in_several_ways(typ):
    accepted(by_hand({**HEADER, "typ": typ}, said()))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a.b",
        "a.b.c",
        "a.b.c.d.e",
        "..",
        "e30.e30.",
        "é.é.é",
        "W10.W10.",
        "\x00",
        f"{'x' * 9000}.e30.",
        by_hand(HEADER, {}) + "=",
        by_hand(HEADER, said()).replace(".", "..", 1),
        by_hand({"alg": ["RS256"]}, {}),
    ],
)
def test_what_is_no_jws_is_refused(text):
    assert refused(text)


def test_deep_nesting_is_refused():
    header = encode(b'{"x":' + b"[" * 4000)

    assert "unreadable" in refused(f"{header}.e30.")
