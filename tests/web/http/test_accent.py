"""Whatever color an application chooses, its pages stay readable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchstring.base.color import contrast
from latchstring.web.http.accent import accent
from latchstring.web.http.static import StaticFiles

STYLE = StaticFiles().text("pages.css")


@given(st.from_regex(r"#[0-9a-f]{6}", fullmatch=True))
def test_every_color_becomes_readable_on_every_surface_of_either_scheme(color):
    corrected = accent(color)
    for surface in ("#ffffff", "#f5f3ef"):
        assert contrast(corrected.light, surface) >= 4.5
    for surface in ("#161513", "#201e1c", "#2b2926"):
        assert contrast(corrected.dark, surface) >= 4.5
    assert contrast(corrected.light, corrected.on_light) >= 4.5
    assert contrast(corrected.dark, corrected.on_dark) >= 4.5


@pytest.mark.parametrize("surface", ["#fff", "#f5f3ef", "#161513", "#201e1c", "#2b2926"])
def test_these_surfaces_are_the_style_sheets(surface):
    assert f": {surface};" in STYLE


def test_a_readable_color_is_left_alone():
    assert accent("#7a2fd0").light == "#7a2fd0"
    assert accent("#ffcc00").dark == "#ffcc00"


@pytest.mark.parametrize("color", [None, "", "red", "#12345", "#fff", "#fff}body{display:none"])
def test_what_is_no_hex_color_becomes_the_default(color):
    assert accent(color) == accent("#0e6b5e")
