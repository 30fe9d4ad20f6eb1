"""The folder `./.latchstring` that a development server keeps its data in."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path

import msgspec

from latchstring.base.errors import Unavailable

FOLDER = Path(".latchstring")
OCCUPANTS = 20


class DevFolder(msgspec.Struct, frozen=True):
    """A folder that one running `dev` has to itself."""

    path: Path

    @property
    def database_url(self) -> str:
        """The SQLite file."""
        return f"sqlite:///{self.path / 'data' / 'latchstring.db'}"

    @property
    def key_file(self) -> Path:
        """The secret keys, apart from the data as in production."""
        return self.path / "keys" / "secret.key"

    def wipe(self) -> None:
        """Forget everything an earlier run kept here."""
        for name in ("data", "keys"):
            target = self.path / name
            if target.is_symlink():
                raise Unavailable(f"{target} is a symbolic link; --fresh removes folders only.")
            shutil.rmtree(target, ignore_errors=True)


@contextmanager
def claimed(root: Path) -> Iterator[DevFolder]:
    """Hold `root/.latchstring`, or `.latchstring/2` and on while other servers hold the first.

    Two servers on one folder would give the demo's client two sets of addresses.
    """
    base = root.absolute() / FOLDER
    for number in range(1, OCCUPANTS):
        path = base if number == 1 else base / str(number)
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = _lock(path / "lock")
        if lock is not None:
            (base / ".gitignore").write_text("*\n", "utf-8")
            with lock:
                yield DevFolder(path)
            return
    raise Unavailable(f"{OCCUPANTS} development servers are running here already.")


def _lock(path: Path) -> TextIOWrapper | None:
    # The kernel lets go of it when the process ends, however it ends.
    file = path.open("a", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    os.chmod(path, 0o600)  # noqa: PTH101 - the handle is open; its path is the one just made
    return file
