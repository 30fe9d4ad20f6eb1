"""``latchstring keys``."""

import pytest

from latchstring.base import key_file
from tests.support.command_line import a_shell
from tests.support.configuration import EXAMPLE, mode_of

pytestmark = pytest.mark.at("sqlite")  # the files that the commands name


def test_a_first_key_is_made_before_there_is_a_database(tmp_path):
    shell = a_shell(tmp_path)
    path = tmp_path / "keys" / "secret.key"
    assert shell.answer("keys", "new") == {
        "file": str(path),
        "version": 1,
        "standby": False,
    }
    assert mode_of(path) == 0o600


def test_a_new_key_goes_before_the_others_and_is_not_printed(tmp_path):
    shell = a_shell(tmp_path)
    shell.run("keys", "new")
    result = shell.run("keys", "new")
    path = tmp_path / "keys" / "secret.key"
    assert result.stdout == f"Key version 2 is the one in use in {path}.\n"
    assert key_file.read_keyring(path).current == 2


def test_a_lost_key_file_is_not_replaced_by_another(tmp_path):
    shell = a_shell(tmp_path)
    shell.run("connections", "show")
    result = shell.run("keys", "new")
    assert result.exit_code == 1
    assert "put that one back" in result.stderr
    assert not (tmp_path / "keys").exists()


def test_a_spoilt_key_file_is_refused(tmp_path):
    shell = a_shell(tmp_path)
    (tmp_path / "keys").mkdir()
    path = tmp_path / "keys" / "secret.key"
    path.write_text("nonsense\n")
    result = shell.run("keys", "new")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{path}:1: secret_key_file: must be a version")
    assert path.read_text() == "nonsense\n"


def test_a_new_key_stands_by_until_it_is_used(tmp_path):
    shell = a_shell(tmp_path)
    path = tmp_path / "keys" / "secret.key"
    shell.run("keys", "new")
    added = shell.run("keys", "new", "--standby")
    assert "latchstring keys use 2" in added.stdout
    assert key_file.read_keyring(path).current == 1

    assert shell.answer("keys", "use", "2") == {"file": str(path), "version": 2}
    assert key_file.read_keyring(path).current == 2


def test_with_postgresql_a_new_key_always_stands_by(tmp_path):
    text = EXAMPLE.replace("sqlite:///var/latchstring.db", "postgresql://latchstring@127.0.0.1/x")
    assert "postgresql" in text
    shell = a_shell(tmp_path, text)
    assert shell.answer("keys", "new")["version"] == 1
    assert shell.answer("keys", "new")["standby"] is True
    assert key_file.read_keyring(tmp_path / "keys" / "secret.key").current == 1


def test_a_key_that_is_not_there_cannot_be_used(tmp_path):
    shell = a_shell(tmp_path)
    shell.run("keys", "new")
    assert shell.run("keys", "use", "2").exit_code == 2
    assert shell.run("keys", "use", "0").exit_code == 2


def test_signing_keys_are_published_rotated_and_withdrawn(tmp_path):
    shell = a_shell(tmp_path)
    assert shell.run("keys", "list").stdout == "There is no key yet.\n"

    refused = shell.run("keys", "rotate-signing")
    assert refused.exit_code == 1
    assert "published since" in refused.stderr
    published = shell.answer("keys", "list")
    assert [(key["algorithm"], key["state"]) for key in published] == [
        ("RS256", "next"),
        ("ES256", "next"),
    ]

    shell.answer("keys", "rotate-signing", "--now", "--algorithm", "ES256")
    before, *_ = shell.answer("keys", "rotate-signing", "--now")
    shown = shell.run("keys", "list").stdout.splitlines()
    assert shown[0].split() == ["ALGORITHM", "STATE", "SINCE", "KEY", "ID"]
    assert "2026-11-23 12:00:00 UTC" in shown[1]
    previous = [key for key in shell.answer("keys", "list") if key["state"] == "previous"]
    assert [key["key_id"] for key in previous] == [published[1]["key_id"]]

    gone = shell.answer("keys", "withdraw-signing", "--key", previous[0]["key_id"], "--yes")
    assert gone == {"key_id": previous[0]["key_id"], "withdrawn": True}
    assert shell.run("keys", "withdraw-signing", "--key", before["key_id"], "--yes").exit_code == 1
    assert before["key_id"] in shell.run("keys", "list").stdout


def test_withdrawing_a_key_is_asked_for(tmp_path):
    shell = a_shell(tmp_path)
    result = shell.run("keys", "withdraw-signing", "--key", "-some-key", typed="n")
    assert result.exit_code == 2
    assert "give --yes" in result.stderr
