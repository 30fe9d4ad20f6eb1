"""The only place where a row becomes a thing, and a thing a row's values.

Columns carry the names of the record's fields. The field's annotation decides the conversion:
``datetime`` is a bigint of Unix milliseconds, ``bool`` a number, an enum its value, ``dict``,
``list`` and ``tuple`` JSON text; ``NewType`` and ``X | None`` count as what they wrap.
"""

import types
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import msgspec

Record = TypeVar("Record")
Convert = Callable[[Any], Any]
_AS_IT_IS = frozenset({str, int, bool, float, type(None)})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def from_milliseconds(value: int) -> datetime:
    """Return the moment a column holds."""
    return _EPOCH + timedelta(milliseconds=value)


def to_milliseconds(moment: datetime) -> int:
    """Return a moment as a column holds it."""
    return (moment - _EPOCH) // _MILLISECOND


def reader(record: type[Record], columns: tuple[str, ...]) -> Callable[[tuple[Any, ...]], Record]:
    """Return the function that turns a row with these columns into the record (or scalar)."""
    if not _is_record(record):
        convert = _converter(record)
        return lambda row: row[0] if convert is None or row[0] is None else convert(row[0])
    members = tuple(
        (name, columns.index(name), convert)
        for name, convert in _converters(cast("Any", record)).items()
    )
    return lambda row: record(
        **{
            name: row[position]
            if convert is None or row[position] is None
            else convert(row[position])
            for name, position, convert in members
        }
    )


_readers: dict[tuple[Any, tuple[str, ...]], Callable[[Any], Any]] = {}


def reader_of(record: type[Record], columns: tuple[str, ...]) -> Callable[[Any], Record]:
    """Return what ``reader`` does; the function is made once."""
    found = _readers.get((record, columns))
    if found is None:
        found = _readers[record, columns] = reader(record, columns)
    return found


def values_of(record: msgspec.Struct) -> dict[str, object]:
    """Return a record's fields by name, ready to be a statement's parameters."""
    return msgspec.structs.asdict(record)


def to_columns(values: Mapping[str, object]) -> dict[str, object]:
    """Return the parameters as a driver takes them."""
    return {
        name: value if type(value) in _AS_IT_IS else to_column(value)
        for name, value in values.items()
    }


def to_column(value: object) -> object:
    """Return one value as a column holds it; SQLite takes a boolean as the number it is."""
    kind = type(value)
    if kind in _AS_IT_IS:
        return value
    if kind is datetime:
        return to_milliseconds(cast("datetime", value))
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping | list | tuple):
        return msgspec.json.encode(value).decode()
    return value


def _is_record(kind: Any) -> bool:  # noqa: ANN401 - annotations are of any kind
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


@cache
def _converters(record: Any) -> dict[str, Convert | None]:  # noqa: ANN401 - a record
    hints = get_type_hints(record)
    return {name: _converter(hints[name]) for name in record.__struct_fields__}


def _converter(annotation: Any) -> Convert | None:  # noqa: ANN401 - annotations are of any kind
    kind = _unwrapped(annotation)
    if kind is datetime:
        return from_milliseconds
    if kind is bool:
        return bool
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    if (get_origin(kind) or kind) in (dict, list, tuple, Mapping) or _is_record(kind):
        return _json_reader(kind)
    return None


def _json_reader(kind: Any) -> Convert:  # noqa: ANN401 - annotations are of any kind
    decoder = msgspec.json.Decoder(dict if kind is Mapping else kind)
    return lambda text: decoder.decode(text.encode())


def _unwrapped(annotation: Any) -> Any:  # noqa: ANN401 - annotations are of any kind
    if get_origin(annotation) in (Union, types.UnionType):
        rest = [part for part in get_args(annotation) if part is not types.NoneType]
        annotation = rest[0] if len(rest) == 1 else annotation
    while hasattr(annotation, "__supertype__"):
        annotation = annotation.__supertype__
    return annotation
