"""Folders for their owner alone, up to the first one that was there."""

import os

import pytest

from latchstring.base.folders import make_private
from tests.support.configuration import mode_of


@pytest.fixture(autouse=True)
def _generous():
    before = os.umask(0)
    yield
    os.umask(before)


def test_every_folder_that_is_made_is_for_its_owner_alone(tmp_path):
    make_private(tmp_path / "a" / "b" / "c")

    assert [mode_of(tmp_path / path) for path in ("a", "a/b", "a/b/c")] == [0o700] * 3


def test_a_folder_that_was_there_keeps_its_mode(tmp_path):
    (tmp_path / "a").mkdir(mode=0o755)
    make_private(tmp_path / "a")

    assert mode_of(tmp_path / "a") == 0o755


def test_a_file_in_its_place_is_an_error(tmp_path):
    (tmp_path / "a").touch()
    with pytest.raises(FileExistsError):
        make_private(tmp_path / "a")
