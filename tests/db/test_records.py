"""Rows and records: every value comes back as it went."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum, StrEnum
from typing import Any, NewType

import apsw
import msgspec
from hypothesis import given
from hypothesis import strategies as st

from latchstring.db import records

Name = NewType("Name", str)


class Color(StrEnum):
    RED = "red"
    BLUE = "blue"


class Size(IntEnum):
    SMALL = 1
    LARGE = 2


class Part(msgspec.Struct, frozen=True):
    name: str
    count: int


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    name: Name
    count: int
    weight: float
    at: datetime
    enabled: bool
    color: Color
    size: Size
    tags: tuple[str, ...]
    numbers: list[int]
    details: dict[str, Any]
    view: Mapping[str, int]
    part: Part
    maybe_name: Name | None
    maybe_at: datetime | None
    maybe_on: bool | None
    maybe_color: Color | None
    maybe_details: dict[str, Any] | None


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
integers = st.integers(-(2**63), 2**63 - 1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
moments = st.integers(-2 * 10**9, 7 * 10**12).map(lambda n: EPOCH + n * timedelta(milliseconds=1))
json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
details = st.dictionaries(texts, json, max_size=3)
things = st.builds(
    Thing,
    name=texts,
    count=integers,
    weight=st.floats(allow_nan=False),
    at=moments,
    enabled=st.booleans(),
    color=st.sampled_from(Color),
    size=st.sampled_from(Size),
    tags=st.lists(texts, max_size=3).map(tuple),
    numbers=st.lists(st.integers(-(2**53), 2**53), max_size=3),
    details=details,
    view=st.dictionaries(texts, st.integers(-(2**53), 2**53), max_size=3),
    part=st.builds(Part, texts, st.integers(-(2**53), 2**53)),
    maybe_name=st.none() | texts,
    maybe_at=st.none() | moments,
    maybe_on=st.none() | st.booleans(),
    maybe_color=st.none() | st.sampled_from(Color),
    maybe_details=st.none() | details,
)


@given(things)
def test_a_record_comes_back_from_sqlite_as_it_went(thing):
    values = records.values_of(thing) | {
        "part": {"name": thing.part.name, "count": thing.part.count}
    }
    columns = records.to_columns(values)
    connection = apsw.Connection(":memory:")
    marks = ", ".join(f":{name} as {name}" for name in reversed(columns))
    (row,) = connection.execute(f"select {marks}", columns).fetchall()
    connection.close()

    assert records.reader(Thing, tuple(reversed(columns)))(row) == thing


@given(moments)
def test_moments_are_whole_milliseconds(moment):
    value = records.to_milliseconds(moment)

    assert isinstance(value, int)
    assert records.from_milliseconds(value) == moment


def test_a_moment_of_another_zone_is_the_same_moment():
    there = datetime(2026, 3, 2, 12, tzinfo=timezone(timedelta(hours=2)))

    assert records.from_milliseconds(records.to_milliseconds(there)) == there


def test_a_scalar_is_the_first_column():
    assert records.reader(int, ("n",))((7,)) == 7
    assert records.reader(Color, ("c",))(("red",)) is Color.RED
    assert records.reader(datetime, ("at",))((0,)) == EPOCH
    assert records.reader(datetime, ("at",))((None,)) is None


def test_what_has_no_rule_is_handed_to_the_driver_as_it_is():
    assert records.to_column(b"bytes") == b"bytes"
    assert records.to_column(1.5) == 1.5
