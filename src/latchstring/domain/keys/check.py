"""Whether a key file belongs to a database: one check value per version of the key."""

from collections.abc import Sequence

import msgspec

from latchstring.base.errors import Unavailable
from latchstring.base.secrets import Keyring, encode, equal

_LABEL = "key-check"


class WrongKeyFile(Unavailable):
    """The key file is not the one that this database was made with."""


class KeyCheck(msgspec.Struct, frozen=True):
    """What a version of the key answers to a fixed question; says nothing else about it."""

    version: int
    check_value: str


def checks_of(keyring: Keyring) -> list[KeyCheck]:
    """Return the check of every version in the key file."""
    return [
        KeyCheck(version, encode(keyring.mac(_LABEL, str(version).encode(), version=version)))
        for version in sorted(keyring.versions)
    ]


def unknown_to(stored: Sequence[KeyCheck], ours: Sequence[KeyCheck]) -> list[KeyCheck]:
    """Return the versions that the database has not met; raise ``WrongKeyFile``.

    A file that shares no version with the database is as wrong as one that disagrees with it: a
    rotated file keeps the older lines.
    """
    known = {check.version: check.check_value for check in stored}
    for check in ours:
        value = known.get(check.version)
        if value is not None and not equal(value, check.check_value):
            message = (
                f"Key version {check.version} in the key file is not the one that this database "
                "was made with. Start with the key file that belongs to it."
            )
            raise WrongKeyFile(message)
    if known and not any(check.version in known for check in ours):
        versions = ", ".join(str(version) for version in sorted(known))
        message = (
            f"The key file holds none of the key versions ({versions}) that this database was made "
            "with. Start with the key file that belongs to it."
        )
        raise WrongKeyFile(message)
    return [check for check in ours if check.version not in known]


def newer(stored: Sequence[KeyCheck], ours: Sequence[KeyCheck]) -> list[int]:
    """Return the versions the database has met that are newer than all of ours."""
    newest = max(check.version for check in ours)
    return [check.version for check in stored if check.version > newest]
