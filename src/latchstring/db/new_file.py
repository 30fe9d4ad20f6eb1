"""A new database file: written beside its place, and then there as a whole, or not at all."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from latchstring.base.errors import Forbidden, Unavailable

_COMPANIONS = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a file. It would take a stranger's for the file's own."""

_MAGIC = b"SQLite format 3\x00"


@contextmanager
def new_file(place: Path, *, replace: bool = False) -> Iterator[Path]:
    """Give a path to write a database to, for its owner alone; put it in its place, durably.

    Raises ``Forbidden`` where something is in its place already (a database may be, with
    ``replace``), and leaves nothing behind when the writing fails.
    """
    with _told(place):
        _check(place, replace=replace)
        beside = place.with_name(f".{place.name}.new")
        handle = _claim(beside)
    try:
        yield beside
        with _told(place):
            os.fsync(handle)
            _check(place, replace=replace)
            _put(beside, place, replace=replace)
            _sync(place.parent)
    finally:
        for path in (beside, *_companions(beside)):
            path.unlink(missing_ok=True)
        os.close(handle)


def require_free(place: Path) -> None:
    """Raise ``Forbidden`` where something is in the place of a file, or would be taken for its."""
    if os.path.lexists(place):
        raise Forbidden(f"The file {place} exists already.")
    for path in _companions(place):
        if path.exists():
            raise Forbidden(f"{path} is in the way: it would be taken for part of the new file.")


def _check(place: Path, *, replace: bool) -> None:
    if not place.parent.is_dir():
        raise Forbidden(f"There is no folder {place.parent}.")
    if not (replace and place.exists()):
        require_free(place)
    elif not place.is_file() or _start_of(place) not in (_MAGIC, b""):
        raise Forbidden(f"{place} is not a database, and is not replaced by one.")
    elif any(path.exists() for path in _companions(place)):
        raise Forbidden(f"{place} is in use as a database, and is not replaced.")


def _start_of(place: Path) -> bytes:
    with place.open("rb") as file:
        return file.read(len(_MAGIC))


def _claim(beside: Path) -> int:
    """Return the handle of a new file that is ours; what a dead process left there goes."""
    while True:
        try:
            handle = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        except FileExistsError:
            _clear_away(beside)
            continue
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return handle


def _clear_away(beside: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        handle = os.open(beside, os.O_RDWR)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Its owner may have put it in its place since we opened it.
            if os.path.samestat(os.fstat(handle), beside.stat()):
                beside.unlink()
        except BlockingIOError:
            raise Forbidden(f"Another command is writing {beside}.") from None
        finally:
            os.close(handle)


def _put(beside: Path, place: Path, *, replace: bool) -> None:
    if replace:
        beside.replace(place)
        return
    try:
        place.hardlink_to(beside)  # unlike a rename, it takes nobody's place
    except FileExistsError:
        raise Forbidden(f"The file {place} exists already.") from None
    except OSError:
        beside.rename(place)  # the file system has no links


def _companions(path: Path) -> list[Path]:
    return [path.with_name(path.name + end) for end in _COMPANIONS]


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _told(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as trouble:
        message = f"The file {place} cannot be written: {trouble.strerror}."
        raise Unavailable(message) from trouble
