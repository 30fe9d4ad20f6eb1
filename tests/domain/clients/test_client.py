"""Which application may go where, and how it proves itself."""

import pytest

from latchstring.base import secrets
from latchstring.base.errors import InvalidRequest
from latchstring.base.settings import ClientSettings
from latchstring.domain.clients.client import Client, ClientType

SECRET = "a-secret-of-at-least-32-characters!!"
CALLBACK = "https://acme.example/callback"


def a_client(**settings):
    return Client.of(ClientSettings(client_id="acme-web", name="Acme", **settings))


def a_native_client(*callbacks):
    return a_client(native=True, callbacks=callbacks)


def test_a_client_keeps_only_the_digest_of_its_secret():
    client = a_client(client_secret=SECRET)
    assert client.secret_digest == secrets.digest(SECRET)
    assert SECRET not in repr(client)
    assert secrets.digest(SECRET) not in repr(client)
    assert SECRET not in str(client.as_stored())


@pytest.mark.parametrize("depth", [1_000, 8_000])
def test_a_row_with_keys_of_any_depth_breaks_no_more_than_itself(depth):
    keys = '{"keys": [' + "[" * depth + "]" * depth + "]}"
    with pytest.raises(InvalidRequest, match="JSON Web Key Set"):
        Client.from_values({"client_id": "deep", "name": "Deep", "jwks": keys}, None)


def test_a_confidential_client_proves_itself_with_its_secret_alone():
    client = a_client(client_secret=SECRET)
    assert client.type is ClientType.CONFIDENTIAL
    assert not client.is_public
    assert client.accepts_secret(SECRET)
    for wrong in (None, "", SECRET[:-1], SECRET + "!", SECRET.upper(), client.secret_digest):
        assert not client.accepts_secret(wrong)


def test_a_public_client_has_nothing_to_prove():
    client = a_client()
    assert client.type is ClientType.PUBLIC
    assert client.is_public
    assert client.accepts_secret(None)
    assert client.accepts_secret("")
    assert not client.accepts_secret(SECRET)


def test_secrets_are_compared_in_constant_time(monkeypatch):
    compared = []
    monkeypatch.setattr(secrets, "equal", lambda left, right: compared.append((left, right)))
    client = a_client(client_secret=SECRET)
    client.accepts_secret("wrong")
    assert compared == [(secrets.digest("wrong"), client.secret_digest)]


@pytest.mark.parametrize(
    "url",
    [
        "https://acme.example/callback/",
        "https://acme.example/CALLBACK",
        "https://ACME.example/callback",
        "https://acme.example/callback?x=1",
        "https://acme.example/callback#f",
        "https://acme.example:443/callback",
        "https://acme.example/callback%2f..%2fevil",
        "https://acme.example/callback/../evil",
        "https://acme.example/callback/..;/evil",
        "https://acme.example/callback%252f",
        "https://acme.example@mallory.example/callback",
        "https://mallory.example/callback",
        "http://acme.example/callback",
        " https://acme.example/callback",
        "https://acme.example/callback\n",
        "",
    ],
)
def test_a_01_only_the_exact_callback_is_accepted(url):
    for client in (a_client(callbacks=(CALLBACK,)), a_native_client(CALLBACK)):
        assert client.accepts_callback(CALLBACK)
        assert not client.accepts_callback(url)


@pytest.mark.parametrize(
    ("registered", "asked"),
    [
        ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb"),
        ("http://127.0.0.1:9999/cb", "http://127.0.0.1/cb"),
        ("http://[::1]/cb?x=1", "http://[::1]:51004/cb?x=1"),
        ("http://127.0.0.1", "http://127.0.0.1:8"),
    ],
)
def test_an_installed_app_may_listen_on_any_loopback_port(registered, asked):
    assert a_native_client(registered).accepts_callback(asked)
    assert not a_client(callbacks=(registered,)).accepts_callback(asked)


@pytest.mark.parametrize(
    "asked",
    [
        "http://127.0.0.1:51004/other",
        "http://127.0.0.1:51004/cb?x=1",
        "http://localhost:51004/cb",
        "http://127.0.0.2:51004/cb",
        "http://[::1]:51004/cb",
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:x/cb",
        "http://127.0.0.1:51004@mallory.example/cb",
        "http://127.0.0.1:51004/cb\n",
        "http://127.0.0.1:51004/cb\r\nX-Header: y",
        "https://127.0.0.1:51004/cb",
    ],
)
def test_nothing_but_the_port_may_vary(asked):
    assert not a_native_client("http://127.0.0.1/cb").accepts_callback(asked)


def test_the_port_of_localhost_may_not_vary():
    assert not a_native_client("http://localhost:1/cb").accepts_callback("http://localhost:2/cb")


def test_an_installed_app_has_no_secret():
    with pytest.raises(InvalidRequest) as caught:
        a_client(native=True, client_secret=SECRET)
    assert caught.value.field == "native"
    with pytest.raises(InvalidRequest):
        a_client(client_secret=SECRET).changed({"native": True})


def test_addresses_after_signing_out_are_compared_exactly_too():
    client = a_client(logout_urls=("https://acme.example/",))
    assert client.accepts_logout_url("https://acme.example/")
    assert not client.accepts_logout_url("https://acme.example")


def test_pages_of_web_origins_and_of_callbacks_may_call_the_api():
    client = a_client(
        callbacks=(CALLBACK, "com.acme.app://cb", "http://127.0.0.1:9100/x"),
        web_origins=("https://spa.acme.example",),
    )
    for origin in ("https://spa.acme.example", "https://acme.example", "http://127.0.0.1:9100"):
        assert client.accepts_origin(origin)
    for origin in ("null", "https://acme.example:8443", "http://acme.example", "", "com.acme.app:"):
        assert not client.accepts_origin(origin)


def test_the_first_callback_is_the_default():
    assert a_client().default_callback is None
    assert a_client(callbacks=(CALLBACK, "https://b.example/")).default_callback == CALLBACK


def test_a_client_offers_the_connections_it_names():
    client = a_client(connections=("email",))
    assert client.offers("email")
    assert not client.offers("sms")


def test_what_is_stored_comes_back_the_same():
    client = a_client(client_secret=SECRET, callbacks=(CALLBACK,), color="#0a7d5a")
    assert Client.from_stored(client.as_stored(), client.secret_digest) == client


def test_a_row_of_another_version_is_read_as_far_as_it_is_known():
    values = {"client_id": "acme-web", "name": "Acme", "invented_later": 1}
    assert Client.from_stored(values, None) == a_client(require_pkce=False)


def test_a_change_replaces_what_it_names_and_keeps_the_secret():
    before = a_client(client_secret=SECRET, callbacks=(CALLBACK,))
    after = before.changed({"name": "Acme Inc."})
    assert (after.name, after.callbacks) == ("Acme Inc.", (CALLBACK,))
    assert after.accepts_secret(SECRET)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"client_id": "other"}, "client_id"),
        ({"callbacks": ["javascript:alert(1)"]}, "callbacks"),
        ({"nname": "x"}, "nname"),
        ({"client_secret": "short"}, "client_secret"),
    ],
)
def test_a_change_that_does_not_fit_is_refused_with_its_name(values, field):
    with pytest.raises(InvalidRequest) as caught:
        a_client().changed(values)
    assert caught.value.field == field
