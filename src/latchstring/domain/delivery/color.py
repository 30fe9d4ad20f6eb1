"""The application's color on a button, and the ink that can be read on it."""

import re
from functools import cache

DEFAULT = "#0e6b5e"
DARK_INK = "#000000"
LIGHT_INK = "#ffffff"
_STRAIGHT_UNTIL = 0.04045
"""Where sRGB's curve begins (IEC 61966-2-1)."""
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


def is_color(text: str) -> bool:
    """Tell whether this is ``#rrggbb``; nothing else may reach a style."""
    return bool(_COLOR.fullmatch(text))


@cache
def ink_on(color: str) -> str:
    """Return the ink with the higher contrast; one of the two always reaches 4.5 (WCAG 1.4.3)."""
    return max((LIGHT_INK, DARK_INK), key=lambda ink: contrast(ink, color))


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colors, 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    red, green, blue = (_linear(int(color[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    if channel <= _STRAIGHT_UNTIL:
        return channel / 12.92
    return float(((channel + 0.055) / 1.055) ** 2.4)
