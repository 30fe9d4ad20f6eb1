"""The application's color in a mail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchstring.base.color import contrast
from latchstring.domain.delivery.color import paint
from latchstring.domain.delivery.templates import FOLDER


@given(st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}"))
def test_every_color_carries_readable_ink_and_stands_out_in_the_dark(color):
    found = paint(color)
    assert found.light == color
    assert contrast(found.light, found.light_ink) >= 4.5
    assert contrast(found.dark, found.dark_ink) >= 4.5
    for surface in ("#161513", "#201e1c", "#2b2926"):
        assert contrast(found.dark, surface) >= 4.5


@pytest.mark.parametrize("surface", ["#161513", "#201e1c", "#2b2926"])
def test_these_surfaces_are_the_mail_s(surface):
    assert f"background: {surface} !important" in (FOLDER / "mail/frame.html").read_text()


@pytest.mark.parametrize("color", ["", "red", "#fff", "#123456;x:y"])
def test_what_is_no_color_becomes_ours(color):
    assert paint(color) == paint("#0e6b5e")
