"""Whoever is killed while the key file is written leaves none, and never half a one."""

import os
import signal
import subprocess
import sys

import pytest

from latchstring.base import key_file
from latchstring.base.settings_reading import SettingsError
from tests.support.configuration import mode_of

DYING = """
import os, signal, sys
from pathlib import Path
from latchstring.base import key_file

def die(_):
    os.kill(os.getpid(), signal.SIGKILL)

os.fsync = die
getattr(key_file, sys.argv[2])(Path(sys.argv[1]))
"""


def killed_in(command: str, path) -> None:
    words = [sys.executable, "-c", DYING, str(path), command]
    assert subprocess.run(words, check=False, timeout=30).returncode == -signal.SIGKILL


def test_a_new_file_is_there_whole_or_not_at_all(tmp_path):
    path = tmp_path / "secret.key"
    killed_in("create", path)

    assert not path.exists()
    assert key_file.create(path).current == 1


def test_a_version_that_was_not_written_to_its_end_is_none(tmp_path):
    path = tmp_path / "secret.key"
    before = key_file.create(path)
    killed_in("add_version", path)

    assert key_file.read_keyring(path).versions == before.versions
    assert key_file.add_version(path) == 2


def test_folders_above_the_file_are_for_their_owner_alone(tmp_path):
    before = os.umask(0)
    try:
        key_file.create(tmp_path / "a" / "b" / "secret.key")
    finally:
        os.umask(before)

    assert [mode_of(tmp_path / path) for path in ("a", "a/b")] == [0o700] * 2


def test_a_file_system_without_links_is_told(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)

    with pytest.raises(SettingsError, match="cannot be written: Operation not permitted"):
        key_file.create(tmp_path / "secret.key")
    assert list(tmp_path.iterdir()) == []
