"""The whole configuration: what is accepted, where values come from, what paths mean."""

from datetime import timedelta
from pathlib import Path

import pytest

from latchstring.base.settings import OtherBrowser, Rate, Send, Settings
from latchstring.base.settings_loading import load
from latchstring.base.settings_reading import MASK, SettingsError
from tests.support.configuration import EXAMPLE, SECRET, write


def settings_of(folder: Path, text: str = EXAMPLE, **variables: str) -> Settings:
    return load(str(write(folder, text)), variables).settings


def faults_of(folder: Path, text: str, **variables: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        settings_of(folder, text, **variables)
    return str(caught.value).splitlines()


def test_the_documented_configuration_is_accepted_as_it_is(tmp_path):
    settings = settings_of(tmp_path)
    assert settings.issuer == "http://127.0.0.1:8321/"
    assert (settings.origin, settings.host, settings.secure) == (
        "http://127.0.0.1:8321",
        "127.0.0.1",
        False,
    )
    assert (settings.listen_host, settings.listen_port) == ("127.0.0.1", 8321)
    assert settings.mail.from_ == "Acme <login@auth.acme.example>"
    assert settings.limits.starts_per_identifier == Rate(10, timedelta(hours=1))
    email, sms = settings.connections["email"], settings.connections["sms"]
    assert (email.send, email.live, email.other_browser) == (Send.BOTH, 5, OtherBrowser.CONFIRM)
    assert (sms.send, sms.countries) == (Send.CODE, ("US", "GB", "DE"))
    assert sms.code_lifetime == timedelta(seconds=300)
    client = settings.clients[0]
    assert (client.client_id, client.client_secret, client.logo_url) == ("acme-web", SECRET, None)


def test_three_lines_are_enough_to_begin(tmp_path):
    settings = settings_of(tmp_path, 'public_url = "https://auth.acme.example"')
    assert settings.listen == "127.0.0.1:8000"
    assert settings.secure
    assert settings.lifetimes.session_idle == timedelta(days=3)
    assert settings.lifetimes.session_absolute == timedelta(days=7)
    assert settings.lifetimes.authorization_code == timedelta(seconds=60)
    assert settings.lifetimes.access_token == timedelta(hours=24)
    assert settings.limits.resend_after == (30, 60, 120)


def test_relative_paths_begin_at_the_folder_of_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    settings = settings_of(tmp_path)
    assert settings.database_path == tmp_path / "var" / "latchstring.db"
    assert settings.database_url == f"sqlite:///{tmp_path}/var/latchstring.db"
    assert settings.secret_key_file == tmp_path / "keys" / "secret.key"


def test_absolute_paths_stay_as_they_are(tmp_path):
    text = EXAMPLE.replace("sqlite:///var/", "sqlite:////srv/").replace('"keys/', '"/etc/keys/')
    settings = settings_of(tmp_path, text)
    assert settings.database_path == Path("/srv/latchstring.db")
    assert settings.secret_key_file == Path("/etc/keys/secret.key")


def test_the_environment_replaces_the_file(tmp_path):
    settings = settings_of(
        tmp_path,
        LATCHSTRING_PUBLIC_URL="https://login.acme.example",
        LATCHSTRING_TRUSTED_PROXIES="10.0.0.0/8, ::1",
        LATCHSTRING_MAIL__SMTP_URL="smtps://user:pass%21@mail.acme.example:465",
        LATCHSTRING_LIMITS__RESEND_AFTER="10,20",
        LATCHSTRING_CONNECTIONS__EMAIL__CODE_LENGTH="8",
        LATCHSTRING_CONNECTIONS__EMAIL__SIGN_UP="false",
        LATCHSTRING_CONNECTIONS__SMS__COUNTRIES="fr",
    )
    assert settings.issuer == "https://login.acme.example/"
    assert [str(network) for network in settings.trusted_proxies] == ["10.0.0.0/8", "::1/128"]
    assert settings.mail.smtp_url == "smtps://user:pass%21@mail.acme.example:465"
    assert settings.limits.resend_after == (10, 20)
    assert settings.connections["email"].code_length == 8
    assert settings.connections["email"].sign_up is False
    assert settings.connections["sms"].countries == ("FR",)


def test_the_environment_can_add_a_connection(tmp_path):
    text = 'public_url = "https://auth.acme.example"\n[sms]\ngateway_url = "https://sms.example/"'
    settings = settings_of(tmp_path, text, LATCHSTRING_CONNECTIONS__SMS__COUNTRIES="US")
    assert settings.connections["sms"].countries == ("US",)


def test_a_secret_may_come_from_a_file_named_by_the_environment(tmp_path):
    (tmp_path / "smtp").write_text("smtp://127.0.0.1:2599\n", encoding="utf-8")
    settings = settings_of(tmp_path, LATCHSTRING_MAIL__SMTP_URL_FILE="smtp")
    assert settings.mail.smtp_url == "smtp://127.0.0.1:2599"


def test_a_secret_may_come_from_a_file_named_by_the_configuration(tmp_path):
    (tmp_path / "acme").write_text("another-secret-of-more-than-32-characters", encoding="utf-8")
    text = EXAMPLE.replace(f'client_secret = "{SECRET}"', 'client_secret_file = "acme"')
    secret = settings_of(tmp_path, text).clients[0].client_secret
    assert secret == "another-secret-of-more-than-32-characters"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot read its file: No such file or directory"),
        (b"\xff\xfe", "cannot read its file: it is not UTF-8 text"),
    ],
)
def test_a_secrets_file_that_cannot_be_read_is_refused(tmp_path, content, reason):
    if content is not None:
        (tmp_path / "smtp").write_bytes(content)
    faults = faults_of(tmp_path, EXAMPLE, LATCHSTRING_MAIL__SMTP_URL_FILE="smtp")
    assert faults == [f"LATCHSTRING_MAIL__SMTP_URL_FILE: mail.smtp_url: {reason}"]


def test_a_secret_given_twice_is_refused(tmp_path):
    faults = faults_of(
        tmp_path,
        EXAMPLE,
        LATCHSTRING_MAIL__SMTP_URL="smtp://127.0.0.1",
        LATCHSTRING_MAIL__SMTP_URL_FILE="smtp",
    )
    assert len(faults) == 1
    assert "given twice" in faults[0]


def test_only_secrets_have_a_file_variable(tmp_path):
    faults = faults_of(tmp_path, EXAMPLE, LATCHSTRING_LISTEN_FILE="x")
    assert faults == ["LATCHSTRING_LISTEN_FILE: unknown variable; did you mean LATCHSTRING_LISTEN?"]


def test_an_unknown_variable_is_refused_with_the_nearest_one(tmp_path):
    faults = faults_of(tmp_path, EXAMPLE, LATCHSTRING_MAIL__SMTP_ULR="smtp://127.0.0.1")
    assert faults == [
        "LATCHSTRING_MAIL__SMTP_ULR: unknown variable; did you mean LATCHSTRING_MAIL__SMTP_URL?"
    ]


def test_variables_of_others_are_none_of_our_business(tmp_path):
    settings_of(tmp_path, HOME="/root", LATCHSTRINGS="x", LATCHSTRING_CONFIG="elsewhere")


def test_clients_cannot_be_set_by_the_environment(tmp_path):
    faults = faults_of(tmp_path, EXAMPLE, LATCHSTRING_CLIENTS__0__NAME="Mallory")
    assert len(faults) == 1
    assert faults[0].startswith("LATCHSTRING_CLIENTS__0__NAME: unknown variable")


def test_the_file_is_the_one_named_then_the_variable_then_the_one_right_here(tmp_path, monkeypatch):
    named, here = tmp_path / "named", tmp_path / "here"
    for folder, port in ((named, 1111), (here, 2222)):
        folder.mkdir()
        write(folder, f'public_url = "http://127.0.0.1:{port}"')
    monkeypatch.chdir(here)
    path = str(named / "latchstring.toml")
    assert load(path, {"LATCHSTRING_CONFIG": "none"}).settings.issuer.endswith(":1111/")
    assert load(None, {"LATCHSTRING_CONFIG": path}).settings.issuer.endswith(":1111/")
    assert load(None, {}).settings.issuer.endswith(":2222/")


def test_a_missing_file_is_refused_with_the_ways_to_name_one(tmp_path):
    with pytest.raises(SettingsError) as caught:
        load(str(tmp_path / "none.toml"), {})
    assert str(caught.value) == (
        f"{tmp_path}/none.toml: cannot be read: No such file or directory; "
        "name the file with --config or LATCHSTRING_CONFIG"
    )


def test_the_process_environment_is_read_when_none_is_handed_in(tmp_path, monkeypatch):
    monkeypatch.setenv("LATCHSTRING_LISTEN", "127.0.0.1:4711")
    assert load(str(write(tmp_path))).settings.listen_port == 4711


def test_every_value_shows_where_it_came_from_and_no_secret(tmp_path):
    path = write(tmp_path)
    loaded = load(str(path), {"LATCHSTRING_LISTEN": "127.0.0.1:4711"})
    shown = {each.key: (each.value, each.origin) for each in loaded.shown}
    assert shown["public_url"] == ("http://127.0.0.1:8321", f"{path}:1")
    assert shown["listen"] == ("127.0.0.1:4711", "LATCHSTRING_LISTEN")
    assert shown["log_level"] == ("info", "default")
    assert shown["mail.smtp_url"] == (MASK, f"{path}:9")
    assert shown["clients[0].client_secret"] == (MASK, f"{path}:34")
    assert shown["sms.gateway_token"] == (None, "default")
    assert SECRET not in repr(loaded)


def test_secrets_are_not_in_the_text_of_the_settings(tmp_path):
    settings = settings_of(
        tmp_path,
        LATCHSTRING_MAIL__SMTP_URL="smtps://alice:hunter2-hunter2@mail.acme.example",
        LATCHSTRING_SMS__GATEWAY_TOKEN="token-of-the-gateway",
    )
    assert settings.mail.smtp_url
    for secret in ("hunter2", "token-of-the-gateway", SECRET):
        assert secret not in repr(settings)
