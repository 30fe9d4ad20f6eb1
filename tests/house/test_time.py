"""One module reads wall time, so that whatever decides by it can be tested at any time."""

from tests.house.source import calls, python_files, relative

READERS = {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "date.today"}


def test_one_module_reads_wall_time():
    readers = {relative(path) for path in python_files() if READERS & set(calls(path))}

    assert readers == {"latchstring/base/clock.py"}
