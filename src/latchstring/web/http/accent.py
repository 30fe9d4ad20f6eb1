"""An application's color, made readable.

The color is the operator's wish, the contrast is ours: it is darkened for the light page and
lightened for the dark one until text in it, text on it and the focus ring can be seen by
everyone (WCAG 1.4.3 and 1.4.11), whatever was configured.
"""

import re
from colorsys import hls_to_rgb, rgb_to_hls
from dataclasses import dataclass
from functools import lru_cache

Rgb = tuple[float, float, float]

DEFAULT_COLOR = "#0e6b5e"
_HEX = re.compile(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")
_TEXT_CONTRAST = 4.6  # a little above 4.5: browsers round the color of a tinted surface
_STEPS = 50

# The least favorable surfaces of pages.css that the color meets in each scheme.
_LIGHT_SURFACE: Rgb = (0xF5 / 255, 0xF3 / 255, 0xEF / 255)
_DARK_SURFACE: Rgb = (0x2B / 255, 0x29 / 255, 0x26 / 255)
_BLACK: Rgb = (0.0, 0.0, 0.0)
_WHITE: Rgb = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accent:
    """The color for either scheme, each with the color of text upon it, as CSS hex."""

    light: str
    on_light: str
    dark: str
    on_dark: str


@lru_cache(maxsize=256)
def accent(color: str | None) -> Accent:
    """Correct this color for both schemes; what is no hex color becomes the default."""
    match = _HEX.fullmatch(color.strip()) if color else None
    wanted = _parse(match[1] if match else DEFAULT_COLOR.removeprefix("#"))
    light = _readable(wanted, on=_LIGHT_SURFACE, toward=0.0)
    dark = _readable(wanted, on=_DARK_SURFACE, toward=1.0)
    return Accent(
        light=_css(light),
        on_light=_css(_text_on(light)),
        dark=_css(dark),
        on_dark=_css(_text_on(dark)),
    )


def contrast(one: Rgb, other: Rgb) -> float:
    """The contrast ratio of WCAG 2, from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _readable(color: Rgb, *, on: Rgb, toward: float) -> Rgb:
    """The same hue and saturation, as little darker or lighter as the surface asks for."""
    hue, lightness, saturation = rgb_to_hls(*color)
    moved = color
    for step in range(_STEPS + 1):
        nearer = lightness + (toward - lightness) * step / _STEPS
        moved = _rounded(hls_to_rgb(hue, nearer, saturation))
        if contrast(moved, on) >= _TEXT_CONTRAST:
            break
    return moved


def _text_on(color: Rgb) -> Rgb:
    return max(_WHITE, _BLACK, key=lambda text: contrast(text, color))


def _rounded(color: Rgb) -> Rgb:
    red, green, blue = (round(part * 255) / 255 for part in color)
    return red, green, blue


def _luminance(color: Rgb) -> float:
    red, green, blue = (_linear(part) for part in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004  the constants of sRGB


def _parse(digits: str) -> Rgb:
    if len(digits) == len("rgb"):
        digits = "".join(digit * 2 for digit in digits)
    red, green, blue = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    return red, green, blue


def _css(color: Rgb) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in color)
