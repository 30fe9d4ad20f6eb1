"""``latchstring keys``."""

from latchstring.base import key_file
from tests.support.command_line import a_shell
from tests.support.configuration import mode_of


def test_a_first_key_is_made_before_there_is_a_database(tmp_path):
    shell = a_shell(tmp_path)
    path = tmp_path / "keys" / "secret.key"
    assert shell.answer("keys", "new") == {"file": str(path), "version": 1}
    assert mode_of(path) == 0o600


def test_a_new_key_goes_before_the_others_and_is_not_printed(tmp_path):
    shell = a_shell(tmp_path)
    shell.run("keys", "new")
    result = shell.run("keys", "new")
    path = tmp_path / "keys" / "secret.key"
    assert result.stdout == f"Key version 2 is the newest in {path}.\n"
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
