"""Read records of settings from file and environment, noting every fault on the way.

The environment replaces the file. A fault is one line: where, which setting, what is wrong and
what was probably meant; never a value that may be secret.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from latchstring.base.settings_declarations import Declaration, declarations, sections
from latchstring.base.settings_file import Key, SettingsFile
from latchstring.base.settings_values import coerced, plain, refuse

PREFIX = "LATCHSTRING_"
MASK = "********"

Record = TypeVar("Record")
_ABSENT = object()


class Problem(msgspec.Struct, frozen=True):
    """One fault: where it stands, the setting, and what is wrong with it."""

    where: str
    key: str
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.key, self.message) if part)


class SettingsError(Exception):
    """The configuration cannot be used."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Take every fault that was found."""
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Shown(msgspec.Struct, frozen=True):
    """One setting as ``config show`` prints it: a secret masked, and where it came from."""

    key: str
    value: object
    origin: str


@dataclass(slots=True)
class Reading:
    """One pass over file and environment: what it found, and every fault."""

    file: SettingsFile
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    problems: list[Problem] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    known_variables: set[str] = field(default_factory=set)
    _origins: dict[Key, str] = field(default_factory=dict)

    def record(self, kind: type[Record], key: Key = (), *, connection: str = "") -> Record | None:
        """Return the table at the key as a record, or nothing where a fault was found."""
        before = len(self.problems)
        found = self.values(kind, key, connection=connection)
        return kind(**found) if len(self.problems) == before else None

    def values(self, kind: type, key: Key = (), *, connection: str = "") -> dict[str, Any]:
        """Return a record's fields, defaults included, without its sections and what is faulty."""
        table = self.table(key)
        declared = declarations(kind, connection)
        self._refuse_unknown(table, key, declared, sections(kind), connection)
        found = {
            item.attribute: self._value(item, table, (*key, item.name))
            for item in declared.values()
            if item.only in ("", connection)
        }
        return {name: value for name, value in found.items() if value is not _ABSENT}

    def table(self, key: Key) -> Mapping[str, Any]:
        """Return the file's table at the key; empty where there is none."""
        found: Any = self.file.table
        for size, part in enumerate(key, 1):
            found = found[part] if isinstance(part, int) else found.get(part, {})
            repeated = size < len(key) and isinstance(key[size], int)
            if not isinstance(found, list if repeated else dict):
                self.refuse(key[:size], "must be a table")
                return {}
        table: Mapping[str, Any] = found
        return table

    def where(self, key: Key) -> str:
        """Return where a setting was given, else where in the file it would belong."""
        return self._origins.get(key) or self.file.where(key)

    def refuse(self, key: Key, message: str) -> None:
        """Note a fault of one setting."""
        self.problems.append(Problem(self.where(key), dotted(key), message))

    def refuse_unknown_variables(self, others: Iterable[str]) -> None:
        """Note each variable with our prefix that is neither a setting nor among the others."""
        known = self.known_variables.union(others)
        for name in sorted(self.variables):
            if name.startswith(PREFIX) and name not in known:
                meant = nearest(name, known)
                self.problems.append(Problem(name, "", f"unknown variable{meant}"))

    def _value(self, item: Declaration, table: Mapping[str, Any], key: Key) -> object:
        try:
            given = self._given(item, table, key)
            if given is not _ABSENT:
                return self._kept(item, key, item.reader.parse(given))
        except ValueError as error:
            self.refuse(key, str(error))
            return _ABSENT
        if item.is_required:
            self.refuse(key, "is required")
            return _ABSENT
        return self._kept(item, key, item.default)

    def _kept(self, item: Declaration, key: Key, value: object) -> object:
        if item.reader.anchor is not None:
            value = item.reader.anchor(value, self.file.folder)
        masked = MASK if item.secret and value else plain(value)
        self.shown.append(Shown(dotted(key), masked, self._origins.get(key, "default")))
        return value

    def _given(self, item: Declaration, table: Mapping[str, Any], key: Key) -> object:
        """Return what the environment says, else what the file says."""
        variables = tuple(filter(None, (variable_of((*key[:-1], name)) for name in item.names)))
        self.known_variables.update(variables)
        for name in _one_of(variables, self.variables):
            self._origins[key] = name
            text = self.variables[name]
            text = text if name == variables[0] else self.file.text_of(text)
            return coerced(text, item.reader.kind)
        for name in _one_of(item.names, table):
            self._origins[key] = self.file.where((*key[:-1], name))
            return table[name] if name == item.name else self.file.text_of(table[name])
        return _ABSENT

    def _refuse_unknown(
        self,
        table: Mapping[str, Any],
        key: Key,
        declared: Mapping[str, Declaration],
        tables: frozenset[str],
        connection: str,
    ) -> None:
        known = tables.union(*(item.names for item in declared.values()))
        for name in table:
            place, item = (*key, name), declared.get(name)
            if item is not None and item.only not in ("", connection):
                self.refuse(place, f"is for {item.only} only")
            elif name not in known:
                self.refuse(place, f"unknown key{nearest(name, known)}")


def _one_of(names: tuple[str, ...], source: Mapping[str, Any]) -> list[str]:
    found = [name for name in names if source.get(name) is not None]
    if len(found) > 1:
        refuse(f"is given twice, as {found[0]} and as {found[1]}")
    return found


def dotted(key: Key) -> str:
    """Return a key as people write it: ``clients[0].name``; odd characters escaped."""
    text = ""
    for part in key:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            shown = part if part.isascii() and part.isprintable() else ascii(part)
            text += f".{shown}" if text else shown
    return text


def variable_of(key: Key) -> str | None:
    """Return the variable that sets a key; an element of a repeated table has none."""
    if any(isinstance(part, int) for part in key):
        return None
    return PREFIX + "__".join(str(part).upper() for part in key)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean …?`` where something known looks alike."""
    # Needed only for a refusal, so a good start need not wait for it.
    from difflib import get_close_matches  # noqa: PLC0415 - see above

    found = get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return f"; did you mean {found[0]}?" if found else ""
