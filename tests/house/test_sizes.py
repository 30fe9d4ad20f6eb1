"""Files stay small enough to read in one sitting."""

from statistics import median

from tests.house.source import python_files, relative

LONGEST = 400
USUAL = 120


def lines() -> dict[str, int]:
    """The length of every source file."""
    return {
        relative(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in python_files()
    }


def test_no_file_is_longer_than_400_lines():
    assert {path: count for path, count in lines().items() if count > LONGEST} == {}


def test_half_of_the_files_are_no_longer_than_120_lines():
    assert median(lines().values()) <= USUAL
