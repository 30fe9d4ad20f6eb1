"""A wall clock that is wrong, or jumps, in one process: libfaketime, set up by its environment.

The clocks that no one can set (monotonic, since boot) stay right, as on a real machine. Put the
variables into the environment of a process to start::

    with FakeTime(shift=-90) as fake:
        subprocess.Popen(command, env=os.environ | fake.environment)
        fake.jump(3600)  # an hour ahead of the right time, from the next look at the clock
"""

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.support.tethered import NotStartedError

# Version 0.9.10 answers EINVAL to the sleep of Python 3.11 (clock_nanosleep until a moment of the
# monotonic clock) as soon as that clock is left alone. Every other way to wait works.
_SLEEP = """
import select, time
time.sleep = lambda seconds: select.select([], [], [], seconds) and None
"""


def _library() -> Path:
    for found in Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"):
        return found
    raise NotStartedError("no libfaketime: run scripts/postgresql.sh faketime")


class FakeTime:
    """A wall clock some seconds off, for the processes that get its environment."""

    def __init__(self, shift: float = 0) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="latchstring-time-"))
        self._folder.chmod(0o755)
        self._file = self._folder / "shift"
        self.jump(shift)
        (self._folder / "sitecustomize.py").write_text(_SLEEP, encoding="utf-8")
        self.environment = {
            "LD_PRELOAD": str(_library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "PYTHONPATH": str(self._folder),
        }

    def jump(self, shift: float) -> None:
        """Be this many seconds off from now on."""
        fresh = self._folder / "fresh"
        fresh.write_text(f"{shift:+f}", encoding="utf-8")
        fresh.replace(self._file)

    def close(self) -> None:
        """Remove the folder, and what dead processes of the library left in shared memory."""
        shutil.rmtree(self._folder, ignore_errors=True)
        for left in Path("/dev/shm").glob("*faketime_*_*"):
            if not Path(f"/proc/{left.name.rsplit('_', 1)[1]}").exists():
                with suppress(OSError):
                    left.unlink()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
