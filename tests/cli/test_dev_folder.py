"""Two development servers in one place keep out of each other's data."""

from pathlib import Path

from latchstring.cli.dev_folder import claimed


def test_the_second_server_gets_a_folder_of_its_own(tmp_path: Path):
    with claimed(tmp_path) as first, claimed(tmp_path) as second:
        assert first.path == tmp_path / ".latchstring"
        assert second.path == tmp_path / ".latchstring" / "2"
        assert first.database_url != second.database_url
    with claimed(tmp_path) as next_one:
        assert next_one.path == first.path


def test_wiping_one_keeps_the_other(tmp_path: Path):
    with claimed(tmp_path) as first, claimed(tmp_path) as second:
        for folder in (first, second):
            (folder.path / "data").mkdir()
        first.wipe()
        assert not (first.path / "data").exists()
        assert (second.path / "data").exists()
