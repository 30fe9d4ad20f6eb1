"""``auth0-python``, the current major: the passwordless calls, and its verifier of ID tokens."""

from urllib.parse import parse_qs, urlsplit

import pytest
from auth0.authentication import GetToken, Passwordless, RevokeToken, Users
from auth0.authentication.exceptions import Auth0Error
from auth0.authentication.pushed_authorization_requests import PushedAuthorizationRequests
from auth0.authentication.token_verifier import AsymmetricSignatureVerifier, TokenVerifier

from tests.support.interop import API, KEYS, SPA, WEB
from tests.support.interop_visitor import THE_LINKS_BUTTON
from tests.support.server import SECRET

# Its client assertions read the clock in a way that Python has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning:auth0")


@pytest.fixture(autouse=True)
def _trust_the_authority(monkeypatch, world):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(world.certificates.authority))


@pytest.fixture
def passwordless(world) -> Passwordless:
    return Passwordless(world.domain, WEB, client_secret=SECRET)


@pytest.fixture
def get_token(world) -> GetToken:
    return GetToken(world.domain, WEB, client_secret=SECRET)


def verified(world, id_token: str, client_id: str = WEB) -> dict:
    """Return the claims, once the SDK's own verifier has accepted them."""
    keys = AsymmetricSignatureVerifier(f"{world.issuer}.well-known/jwks.json")
    return TokenVerifier(keys, world.issuer, client_id).verify(id_token)


def code_in(address: str) -> str:
    """Return the code with which the server sent somebody back."""
    return parse_qs(urlsplit(address).query)["code"][0]


def test_an_emailed_code_signs_in(world, passwordless, get_token, alice):
    started = passwordless.email(alice, send="code")
    assert started["email"] == alice

    tokens = get_token.passwordless_login(
        alice, world.code_for(alice), "email", "openid email profile", None
    )

    claims = verified(world, tokens["id_token"])
    assert claims["sub"].startswith("email|")
    assert (claims["email"], claims["email_verified"]) == (alice, True)
    found = Users(world.domain).userinfo(tokens["access_token"])
    assert (found["sub"], found["email"]) == (claims["sub"], alice)


def test_a_texted_code_signs_in(world, passwordless, get_token, number):
    assert passwordless.sms(number)["phone_number"] == number

    tokens = get_token.passwordless_login(
        number, world.code_for(number), "sms", "openid phone", None
    )

    claims = verified(world, tokens["id_token"])
    assert claims["sub"].startswith("sms|")
    assert claims["phone_number"] == number


def test_an_email_is_sent_as_a_link_unless_the_caller_says_otherwise(
    world, passwordless, get_token, visitor, alice
):
    passwordless.email(
        alice, auth_params={"response_type": "code", "redirect_uri": world.callback, "state": "s"}
    )
    assert visitor.open(world.link_for(alice)) is None, "opening the link must consume nothing"

    back = visitor.press(THE_LINKS_BUTTON)

    assert back
    assert parse_qs(urlsplit(back).query)["state"] == ["s"]
    tokens = get_token.authorization_code(code_in(back), world.callback)
    assert verified(world, tokens["id_token"])["sub"].startswith("email|")


def test_a_public_client_needs_no_secret(world, alice):
    Passwordless(world.domain, SPA).email(alice, send="code")

    tokens = GetToken(world.domain, SPA).passwordless_login(
        alice, world.code_for(alice), "email", "openid", ""
    )

    assert verified(world, tokens["id_token"], SPA)["aud"] == SPA


@pytest.mark.parametrize("connection", ["email", "sms"])
def test_a_wrong_code_is_refused_in_auth0s_words(
    world, passwordless, get_token, alice, number, connection
):
    who = alice if connection == "email" else number
    if connection == "email":
        passwordless.email(who, send="code")
    else:
        passwordless.sms(who)
    code = world.code_for(who)
    wrong = f"{(int(code) + 1) % 10 ** len(code):0{len(code)}d}"
    noun = {"email": "email", "sms": "phone number"}[connection]
    texts = [f"Wrong {noun} or verification code."] * 2
    texts.append("You've reached the maximum number of attempts. Please try to login again.")

    for text in texts:
        with pytest.raises(Auth0Error) as refused:
            get_token.passwordless_login(who, wrong, connection, "openid", None)
        assert refused.value.status_code == 403
        assert refused.value.error_code == "invalid_grant"
        assert refused.value.message == text


def test_a_code_works_once(world, passwordless, get_token, alice):
    passwordless.email(alice, send="code")
    code = world.code_for(alice)
    get_token.passwordless_login(alice, code, "email", "openid", None)

    with pytest.raises(Auth0Error) as refused:
        get_token.passwordless_login(alice, code, "email", "openid", None)

    assert refused.value.message == "Wrong email or verification code."


def test_a_confidential_client_without_its_secret_may_not_start(world, alice):
    with pytest.raises(Auth0Error) as refused:
        Passwordless(world.domain, WEB).email(alice, send="code")

    assert (refused.value.status_code, refused.value.error_code) == (403, "unauthorized_client")
    assert refused.value.message == "Client authentication is required"


def test_a_code_of_the_hosted_page_is_exchanged(world, get_token, visitor, alice):
    request = (
        f"{world.issuer}authorize?response_type=code&client_id={WEB}&scope=openid&state=s"
        f"&redirect_uri={world.callback}"
    )
    back = visitor.sign_in(request, alice)

    tokens = get_token.authorization_code(code_in(back), world.callback)

    assert verified(world, tokens["id_token"])["sub"].startswith("email|")


def test_a_refresh_token_brings_new_tokens_until_it_is_revoked(
    world, passwordless, get_token, alice
):
    passwordless.email(alice, send="code")
    first = get_token.passwordless_login(
        alice, world.code_for(alice), "email", "openid offline_access", None
    )

    second = get_token.refresh_token(first["refresh_token"])

    assert verified(world, second["id_token"])["sub"] == verified(world, first["id_token"])["sub"]
    assert Users(world.domain).userinfo(second["access_token"])["sub"].startswith("email|")
    newest = second.get("refresh_token", first["refresh_token"])
    RevokeToken(world.domain, WEB, client_secret=SECRET).revoke_refresh_token(newest)
    with pytest.raises(Auth0Error) as refused:
        get_token.refresh_token(newest)
    assert (refused.value.status_code, refused.value.error_code) == (400, "invalid_grant")
    assert refused.value.message == "Unknown or invalid refresh token."


def test_an_application_gets_a_token_of_its_own_for_an_api(world, get_token):
    tokens = get_token.client_credentials(API)

    keys = AsymmetricSignatureVerifier(f"{world.issuer}.well-known/jwks.json")
    claims = keys.verify_signature(tokens["access_token"])
    assert (claims["iss"], claims["azp"]) == (world.issuer, WEB)
    assert API in claims["aud"]
    assert "id_token" not in tokens


def test_a_key_proves_the_client_in_every_call(world, alice):
    proof = {"client_assertion_signing_key": world.client_pem}
    Passwordless(world.domain, KEYS, **proof).email(alice, send="code")
    get_token = GetToken(world.domain, KEYS, **proof)

    tokens = get_token.passwordless_login(
        alice, world.code_for(alice), "email", "openid offline_access", ""
    )

    assert verified(world, tokens["id_token"], KEYS)["aud"] == KEYS
    assert get_token.refresh_token(tokens["refresh_token"])["access_token"]
    assert get_token.client_credentials(API)["access_token"]


def test_a_pushed_request_is_answered_with_its_place(world, get_token, visitor, alice):
    pushing = PushedAuthorizationRequests(world.domain, WEB, client_secret=SECRET)
    pushed = pushing.pushed_authorization_request("code", world.callback, scope="openid", state="s")
    request = f"{world.issuer}authorize?client_id={WEB}&request_uri={pushed['request_uri']}"

    back = visitor.sign_in(request, alice)

    tokens = get_token.authorization_code(code_in(back), world.callback)
    assert verified(world, tokens["id_token"])["sub"].startswith("email|")
