"""A signing key is published until nothing that it signed can be shown to anybody."""

from datetime import timedelta

import pytest

from latchstring.base.settings import LifetimeSettings
from latchstring.base.settings_loading import read_api
from latchstring.base.settings_reading import SettingsError
from latchstring.domain.tokens.claims import ID_TOKEN_LIFETIME
from latchstring.main.serving import keys_kept
from tests.support.house import some_settings

pytestmark = pytest.mark.at("sqlite")  # no matter where: none is opened

SHORT = LifetimeSettings(session_absolute=timedelta(minutes=5))


def an_api(seconds: int):
    return read_api(
        {"identifier": "https://api.acme.example/", "name": "Acme", "token_lifetime": seconds}
    )


def test_a_signing_key_is_kept_for_as_long_as_any_access_token_of_an_api_may_live(tmp_path):
    kept = keys_kept(some_settings(tmp_path, lifetimes=SHORT))

    longest = an_api(int(kept.total_seconds())).token_lifetime
    assert longest <= kept
    with pytest.raises(SettingsError):
        an_api(int(kept.total_seconds()) + 1)


def test_a_signing_key_is_kept_for_as_long_as_an_id_token_may_be_a_hint(tmp_path):
    long = LifetimeSettings(session_absolute=timedelta(days=300))

    assert keys_kept(some_settings(tmp_path, lifetimes=long)) == long.session_absolute
    assert keys_kept(some_settings(tmp_path, lifetimes=SHORT)) >= ID_TOKEN_LIFETIME
