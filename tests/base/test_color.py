"""Contrast, and colors moved until they have enough of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchstring.base.color import contrast, darkened, ink_on, is_color, lightened

COLORS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@given(COLORS)
def test_some_ink_is_always_readable(color):
    assert contrast(ink_on(color), color) >= 4.5


@given(COLORS)
def test_every_color_can_be_made_readable(color):
    assert contrast(darkened(color, on="#f5f3ef"), "#f5f3ef") >= 4.5
    assert contrast(lightened(color, on="#2b2926"), "#2b2926") >= 4.5


def test_a_readable_color_is_left_alone():
    assert darkened("#7a2fd0", on="#ffffff") == "#7a2fd0"
    assert lightened("#ffcc00", on="#000000") == "#ffcc00"


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000000", "#ffffff", 21.0), ("#808080", "#808080", 1.0), ("#777777", "#ffffff", 4.48)],
)
def test_contrast_is_that_of_wcag(one, other, ratio):
    assert contrast(one, other) == pytest.approx(ratio, abs=0.005)
    assert contrast(other, one) == contrast(one, other)


@pytest.mark.parametrize("text", ["", "red", "#fff", "#12345g", "#123456;x:y", "#123456\n"])
def test_only_six_hex_digits_are_a_color(text):
    assert not is_color(text)
