"""An application's color in its mails, and the ink that can be read on it."""

from functools import lru_cache

import msgspec

from latchstring.base.color import OURS, ink_on, is_color, lightened

_DARK_SURFACE = "#2b2926"
"""The lightest surface of the dark mail, as in ``frame.html``; the pages' own, so both agree."""


class Paint(msgspec.Struct, frozen=True, kw_only=True):
    """What a button is filled with in the light and in the dark, each with the ink upon it."""

    light: str
    light_ink: str
    dark: str
    dark_ink: str


@lru_cache(maxsize=256)
def paint(color: str) -> Paint:
    """Return the application's color, or ours where it has none, lightened for the dark.

    The light mail takes it as it is: there it fills a button and colors no text.
    """
    light = color if is_color(color) else OURS
    dark = lightened(light, on=_DARK_SURFACE)
    return Paint(light=light, light_ink=ink_on(light), dark=dark, dark_ink=ink_on(dark))
