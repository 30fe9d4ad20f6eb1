"""Ink that can be read on any application's color."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchstring.domain.delivery.color import contrast, ink_on, is_color


@given(st.integers(0, 0xFFFFFF))
def test_some_ink_is_always_readable(number):
    color = f"#{number:06x}"
    assert contrast(ink_on(color), color) >= 4.5


def test_black_and_white_are_as_far_apart_as_it_gets():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("text", ["", "red", "#fff", "#12345g", "#123456;x:y", "#123456\n"])
def test_only_six_hex_digits_are_a_color(text):
    assert not is_color(text)
