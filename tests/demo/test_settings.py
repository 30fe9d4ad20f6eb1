"""The demo says what it misses, and never listens to the world."""

import pytest

from latchstring_demo.settings import SettingsRefused, read

ENOUGH = {"ISSUER": "http://127.0.0.1:8000/", "CLIENT_ID": "demo"}


def test_an_issuer_and_a_client_are_enough():
    settings = read(ENOUGH)
    assert settings.discovery == "http://127.0.0.1:8000/.well-known/openid-configuration"
    assert settings.base_url == "http://127.0.0.1:8001"
    assert (settings.hostname, settings.port) == ("127.0.0.1", 8001)
    assert settings.host == "127.0.0.1:8001"
    assert settings.client_secret is None
    assert read(ENOUGH).session_secret != settings.session_secret


@pytest.mark.parametrize("name", ["ISSUER", "CLIENT_ID"])
def test_a_missing_variable_is_named(name):
    with pytest.raises(SettingsRefused, match=name):
        read(ENOUGH | {name: ""})


@pytest.mark.parametrize("url", ["http://0.0.0.0:8001", "https://demo.example", "nonsense", ""])
def test_only_loopback_is_listened_on(url):
    with pytest.raises(SettingsRefused, match="BASE_URL"):
        read(ENOUGH | {"BASE_URL": url})
