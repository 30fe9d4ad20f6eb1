"""S256, and nothing that looks like it."""

import pytest

from latchstring.domain.authorizations.pkce import is_challenge, is_proven

# RFC 7636, appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_example_of_the_rfc_is_proven():
    assert is_challenge(CHALLENGE)
    assert is_proven(CHALLENGE, VERIFIER)


def test_with_neither_there_is_nothing_to_prove():
    assert is_proven(None, None)


@pytest.mark.parametrize(
    ("challenge", "verifier"),
    [
        (CHALLENGE, None),
        (None, VERIFIER),
        (CHALLENGE, CHALLENGE),
        (VERIFIER, VERIFIER),
        (CHALLENGE, VERIFIER[:-1]),
        (CHALLENGE, VERIFIER + "\n"),
        (CHALLENGE, "é" * 43),
        (CHALLENGE, "v" * 129),
    ],
)
def test_anything_else_is_not(challenge, verifier):
    assert not is_proven(challenge, verifier)


@pytest.mark.parametrize(
    "text", ["", "a" * 42, "a" * 44, "a" * 42 + "=", "a" * 42 + "é", "a\n" * 21]
)
def test_a_challenge_is_43_characters_of_base64url(text):
    assert not is_challenge(text)
