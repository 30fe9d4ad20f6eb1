"""A setting as it is declared: a dataclass field that knows its reader and its description."""

from collections.abc import Mapping
from dataclasses import MISSING, field, fields
from functools import cache
from types import MappingProxyType
from typing import Any

import msgspec

from latchstring.base.settings_values import Reader, plain, rate, required


class Declaration(msgspec.Struct, frozen=True):
    """What is known of one setting before any value is."""

    name: str
    """Its name in the file; the attribute has an underscore more where Python claims the word."""

    attribute: str
    reader: Reader
    description: str
    default: object
    secret: bool
    only: str
    """The one connection that has it, else empty."""

    @property
    def is_required(self) -> bool:
        """Whether there is no default."""
        return self.default is MISSING

    @property
    def names(self) -> tuple[str, ...]:
        """Its names in the file: a secret may also be given as the path of a file that holds it."""
        return (self.name, f"{self.name}_file") if self.secret else (self.name,)


def setting(reader: Reader, description: str, **about: Any) -> Any:  # noqa: ANN401 - like dataclasses.field
    """Declare a field that is a setting.

    ``default``, ``secret``, ``only`` (the one connection that has it) and ``default_of`` (a
    default by the connection's name) may follow.
    """
    secret, default = about.get("secret", False), about.pop("default", MISSING)
    metadata = {"reader": reader, "description": description, **about}
    return field(default=default, repr=not secret, metadata=metadata)


def rate_setting(description: str, default: str) -> Any:  # noqa: ANN401 - see setting
    """Declare a limit."""
    reader = required(rate, 'a count and a window, such as "10/h", "10/2h", "100/d"')
    return setting(reader, description, default=rate(default))


@cache
def declarations(kind: type, connection: str = "") -> Mapping[str, Declaration]:
    """Return a record's settings by their names in the file, with one connection's defaults."""
    found: dict[str, Declaration] = {}
    for item in fields(kind):
        about = item.metadata
        if "reader" in about:
            declared = Declaration(
                name=item.name.rstrip("_"),
                attribute=item.name,
                reader=about["reader"],
                description=about["description"],
                default=about.get("default_of", {}).get(connection, item.default),
                secret=about.get("secret", False),
                only=about.get("only", ""),
            )
            found[declared.name] = declared
    return MappingProxyType(found)


def sections(kind: type) -> frozenset[str]:
    """Return the names of a record's fields that are tables of their own."""
    return frozenset(item.name for item in fields(kind) if "reader" not in item.metadata)


def stored_names(kind: type, connection: str = "") -> frozenset[str]:
    """Return the names of a record's settings that a database keeps: all but the secrets."""
    return frozenset(
        name
        for name, item in declarations(kind).items()
        if not item.secret and item.only in ("", connection)
    )


def stored(record: object, kind: type, connection: str = "") -> dict[str, Any]:
    """Return a record's settings as names and plain values, without any secret."""
    kept = stored_names(kind, connection)
    return {
        name: plain(getattr(record, item.attribute))
        for name, item in declarations(kind).items()
        if name in kept
    }
