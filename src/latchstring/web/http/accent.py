"""An application's color, made readable.

The color is the operator's wish, the contrast is ours: it is darkened for the light page and
lightened for the dark one until text in it, text on it and the focus ring can be seen by
everyone (WCAG 1.4.3 and 1.4.11), whatever was configured.
"""

from functools import lru_cache

import msgspec

from latchstring.base.color import OURS, darkened, ink_on, is_color, lightened

# The least favorable surfaces of pages.css that the color meets in each scheme.
_LIGHT_SURFACE = "#f5f3ef"
_DARK_SURFACE = "#2b2926"


class Accent(msgspec.Struct, frozen=True, kw_only=True):
    """The color for either scheme, each with the color of text upon it, as CSS hex."""

    light: str
    on_light: str
    dark: str
    on_dark: str


@lru_cache(maxsize=256)
def accent(color: str | None) -> Accent:
    """Correct this color for both schemes; what is no ``#rrggbb`` becomes the default."""
    wanted = color if color and is_color(color) else OURS
    light = darkened(wanted, on=_LIGHT_SURFACE)
    dark = lightened(wanted, on=_DARK_SURFACE)
    return Accent(light=light, on_light=ink_on(light), dark=dark, on_dark=ink_on(dark))
