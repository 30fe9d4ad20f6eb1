"""The file of secret keys: ``version:base64`` lines, readable for its owner alone.

New secrets are made under the first line; the others open what was made under them, or stand by:
where several nodes share a database, all of them must have a line before one makes it the first.

It lies outside the database and its backups: whoever has only one of the two can derive no code, no
link and no token.
"""

import contextlib
import os
import secrets
from base64 import b64decode, b64encode
from pathlib import Path

from latchstring.base.folders import make_private
from latchstring.base.secrets import KEY_BYTES, Keyring
from latchstring.base.settings_reading import Problem, SettingsError

_NEWEST_VERSION = 255
"""A link carries its key's version in one byte."""


def read_keyring(path: Path) -> Keyring:
    """Return the keys of the file; raise ``SettingsError`` with the line that is wrong."""
    keys = _parse(path, _text(path))
    return Keyring(keys, in_use=next(iter(keys)))


def create(path: Path) -> Keyring:
    """Make a file with a first key; raise ``SettingsError`` where there already is one."""
    _make_folder(path.parent)
    key = secrets.token_bytes(KEY_BYTES)
    try:
        _write_new(path, _line(1, key))
    except FileExistsError:
        raise _fault(str(path), "exists already") from None
    except OSError as error:
        raise _fault(str(path), f"cannot be written: {error.strerror}") from None
    return Keyring({1: key})


def add_version(path: Path, *, standing_by: bool = False) -> int:
    """Put a new key before the others, or behind the first, and return its version."""
    text = _text(path)
    version = max(_parse(path, text)) + 1
    if version > _NEWEST_VERSION:
        raise _fault(str(path), f"holds version {_NEWEST_VERSION}, the last one there can be")
    lines = _lines(text)
    lines.insert(_first(lines) + standing_by, _line(version, secrets.token_bytes(KEY_BYTES)))
    _replace(path, lines)
    return version


def use_version(path: Path, version: int) -> None:
    """Make the version's line the first; raise ``SettingsError`` where there is none."""
    text = _text(path)
    if version not in _parse(path, text):
        raise _fault(str(path), f"holds no version {version}")
    lines = _lines(text)
    wanted = next(line for line in lines if _is_key(line) and _version(line) == version)
    lines.remove(wanted)
    lines.insert(_first(lines), wanted)
    _replace(path, lines)


def _lines(text: str) -> list[str]:
    return [f"{line}\n" for line in text.splitlines()]


def _first(lines: list[str]) -> int:
    """Return where the first key stands; comments above it stay there."""
    return next(number for number, line in enumerate([*lines, "-"]) if _is_key(line))


def _replace(path: Path, lines: list[str]) -> None:
    """Write the file anew, as a whole."""
    beside = path.with_name(f"{path.name}.new")
    try:
        # Exclusive: of two commands at once, one wins and the other says so.
        _write_new(beside, "".join(lines))
        beside.replace(path)
    except FileExistsError:
        raise _fault(
            str(beside), "exists: another command is writing, or one was cut off"
        ) from None
    except OSError as error:
        raise _fault(str(path), f"cannot be written: {error.strerror}") from None
    _sync_folder(path.parent)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError as error:
        raise _fault(str(path), f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise _fault(str(path), "is not a key file") from None


def _parse(path: Path, text: str) -> dict[int, bytes]:
    keys: dict[int, bytes] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not _is_key(line):
            continue
        version, key = _pair(line, f"{path}:{number}")
        if version in keys:
            raise _fault(f"{path}:{number}", "holds a version twice")
        keys[version] = key
    if not keys:
        raise _fault(str(path), "holds no key")
    return keys


def _is_key(line: str) -> bool:
    return bool(line.strip()) and not line.startswith("#")


def _version(line: str) -> int:
    return int(line.strip().partition(":")[0])


def _pair(line: str, where: str) -> tuple[int, bytes]:
    version, _, encoded = line.strip().partition(":")
    with contextlib.suppress(ValueError):
        key = b64decode(encoded, validate=True)
        if len(key) == KEY_BYTES and version.isdecimal() and 0 < int(version) <= _NEWEST_VERSION:
            return int(version), key
    raise _fault(where, f"must be a version (1 to 255), a colon and {KEY_BYTES} bytes in base64")


def _line(version: int, key: bytes) -> str:
    return f"{version}:{b64encode(key).decode('ascii')}\n"


def _make_folder(folder: Path) -> None:
    try:
        make_private(folder)
    except OSError as error:
        raise _fault(str(folder), f"cannot be made: {error.strerror}") from None


def _write_new(path: Path, text: str) -> None:
    """Write a file that did not exist, durably, for its owner alone; it is there whole or not."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        path.hardlink_to(beside)  # unlike a rename, it takes nobody's place
    finally:
        beside.unlink()
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _fault(where: str, message: str) -> SettingsError:
    return SettingsError([Problem(where, "secret_key_file", message)])
