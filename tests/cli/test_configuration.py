"""``latchstring config``: every fault with its line (A34), every value with its origin (A35)."""

import json

import pytest

from tests.support.command_line import a_shell
from tests.support.configuration import EXAMPLE, SECRET, line_of

pytestmark = pytest.mark.at()  # opens none


def test_a_good_configuration_can_be_used(tmp_path):
    shell = a_shell(tmp_path)
    path = f"{tmp_path}/latchstring.toml"
    assert shell.run("config", "check").stdout == f"{path} can be used.\n"
    assert shell.answer("config", "check") == {"file": path, "problems": []}


def test_a34_every_wrong_key_is_found_with_its_line_and_a_suggestion(tmp_path):
    text = EXAMPLE.replace("max_attempts", "max_atempts").replace("logo_url", "logo_ulr")
    shell = a_shell(tmp_path, text)
    result = shell.run("config", "check")
    assert result.exit_code == 2
    path = f"{tmp_path}/latchstring.toml"
    first, second = line_of(text, "max_atempts"), line_of(text, "logo_ulr")
    assert result.stdout.splitlines() == [
        f"{path}:{first}: connections.email.max_atempts: unknown key; did you mean max_attempts?",
        f"{path}:{second}: clients[0].logo_ulr: unknown key; did you mean logo_url?",
        "2 faults found.",
    ]
    result = shell.run("config", "check", "--json")
    assert result.exit_code == 2
    assert [found["where"] for found in json.loads(result.stdout)["problems"]] == [
        f"{path}:{first}",
        f"{path}:{second}",
    ]


def test_a35_every_value_shows_its_origin_and_secrets_are_masked(tmp_path, monkeypatch):
    monkeypatch.setenv("LATCHSTRING_LISTEN", "127.0.0.1:4711")
    shell = a_shell(tmp_path)
    shown = {each["key"]: each for each in shell.answer("config", "show")["settings"]}
    path = f"{tmp_path}/latchstring.toml"
    assert shown["listen"]["origin"] == "LATCHSTRING_LISTEN"
    assert shown["connections.sms.countries"] == {
        "key": "connections.sms.countries",
        "value": ["US", "GB", "DE"],
        "origin": f"{path}:{line_of(EXAMPLE, 'countries')}",
    }
    assert shown["lifetimes.access_token"]["origin"] == "default"
    text = shell.run("config", "show").stdout
    assert "clients[0].client_secret" in text
    assert "********" in text
    assert SECRET not in text


def test_one_fault_is_counted_as_one(tmp_path):
    assert a_shell(tmp_path, "").run("config", "check").stdout.endswith("\n1 fault found.\n")
