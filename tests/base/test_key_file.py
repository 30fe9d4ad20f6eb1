"""The key file: made once, added to, never half written, and no key in a refusal."""

from base64 import b64encode

import pytest

from latchstring.base import key_file
from latchstring.base.settings_reading import SettingsError
from tests.support.configuration import mode_of

KEY = b64encode(b"k" * 32).decode()


def test_a_new_file_holds_one_key_for_its_owner_alone(tmp_path):
    path = tmp_path / "keys" / "secret.key"
    made = key_file.create(path)
    assert made.versions == key_file.read_keyring(path).versions
    assert list(made.versions) == [1]
    assert mode_of(path) == 0o600
    assert mode_of(path.parent) == 0o700


def test_a_file_that_is_there_is_never_overwritten(tmp_path):
    path = tmp_path / "secret.key"
    key_file.create(path)
    before = path.read_bytes()
    with pytest.raises(SettingsError, match="exists already"):
        key_file.create(path)
    assert path.read_bytes() == before


def test_a_new_version_goes_before_the_others(tmp_path):
    path = tmp_path / "secret.key"
    first = key_file.create(path)
    assert key_file.add_version(path) == 2
    keyring = key_file.read_keyring(path)
    assert keyring.current == 2
    assert keyring.versions[1] == first.versions[1]
    assert path.read_text().startswith("2:")
    assert mode_of(path) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret.key"]


def test_a_new_version_can_stand_by_until_it_is_told_to_be_used(tmp_path):
    path = tmp_path / "secret.key"
    path.write_text(f"# ours\n3:{KEY}\n\n1:{KEY}\n")
    before = key_file.read_keyring(path)
    assert key_file.add_version(path, standing_by=True) == 4
    keyring = key_file.read_keyring(path)
    assert (keyring.current, sorted(keyring.versions)) == (3, [1, 3, 4])

    key_file.use_version(path, 4)

    used = key_file.read_keyring(path)
    assert (used.current, used.versions) == (4, keyring.versions)
    assert {version: used.versions[version] for version in (1, 3)} == before.versions
    assert path.read_text().splitlines()[0] == "# ours"
    assert mode_of(path) == 0o600


def test_a_version_that_is_in_use_can_be_told_so_again_and_one_that_is_missing_cannot(tmp_path):
    path = tmp_path / "secret.key"
    key_file.create(path)
    before = path.read_bytes()

    key_file.use_version(path, 1)
    with pytest.raises(SettingsError, match="holds no version 2"):
        key_file.use_version(path, 2)

    assert path.read_bytes() == before


def test_an_older_version_can_be_used_again(tmp_path):
    path = tmp_path / "secret.key"
    key_file.create(path)
    key_file.add_version(path)

    key_file.use_version(path, 1)

    assert key_file.read_keyring(path).current == 1


def test_a_last_line_without_an_end_is_no_trap(tmp_path):
    path = tmp_path / "secret.key"
    path.write_text(f"1:{KEY}")
    key_file.add_version(path, standing_by=True)

    assert sorted(key_file.read_keyring(path).versions) == [1, 2]


def test_of_two_writers_at_once_the_second_is_refused(tmp_path):
    path = tmp_path / "secret.key"
    key_file.create(path)
    before = path.read_bytes()
    (tmp_path / "secret.key.new").touch()
    with pytest.raises(SettingsError, match="another command is writing"):
        key_file.add_version(path)
    assert path.read_bytes() == before


def test_comments_and_empty_lines_are_passed_over(tmp_path):
    path = tmp_path / "secret.key"
    path.write_text(f"# ours\n\n7:{KEY}\n")
    assert key_file.read_keyring(path).current == 7


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "holds no key"),
        (KEY, ":1: secret_key_file: must be a version"),
        (f"x:{KEY}", ":1: secret_key_file: must be a version"),
        (f"0:{KEY}", ":1: secret_key_file: must be a version"),
        (f"256:{KEY}", ":1: secret_key_file: must be a version"),
        ("1:c2hvcnQ=", ":1: secret_key_file: must be a version"),
        (f"1:{KEY[:-2]}!!", ":1: secret_key_file: must be a version"),
        (f"1:{KEY}\n1:{KEY}", ":2: secret_key_file: holds a version twice"),
        ("schlüssel", "is not a key file"),
    ],
)
def test_a_file_that_is_no_key_file_is_refused_without_its_contents(tmp_path, text, reason):
    path = tmp_path / "secret.key"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        key_file.read_keyring(path)
    assert reason in str(caught.value)
    assert KEY[:-2] not in str(caught.value)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        key_file.read_keyring(tmp_path / "secret.key")


def test_the_last_version_is_the_last(tmp_path):
    path = tmp_path / "secret.key"
    path.write_text(f"255:{KEY}\n")
    with pytest.raises(SettingsError, match="the last one there can be"):
        key_file.add_version(path)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "keys").touch()
    with pytest.raises(SettingsError, match="cannot be"):
        key_file.create(tmp_path / "keys" / "secret.key")


def test_a_disk_that_fails_leaves_no_half_key(tmp_path, monkeypatch):
    def fail(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    path = tmp_path / "secret.key"
    with pytest.raises(SettingsError, match="cannot be written: No space left"):
        key_file.create(path)
    assert list(tmp_path.iterdir()) == []
