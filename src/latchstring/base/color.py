"""Colors that people can read: contrast as WCAG 2 measures it, and the nearest color that has it.

Colors are ``#rrggbb`` throughout, so what is computed is what a browser is told.
"""

import re
from colorsys import hls_to_rgb, rgb_to_hls

OURS = "#0e6b5e"
"""Where an application has no color of its own."""
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_BLACK, _WHITE = "#000000", "#ffffff"
_STRAIGHT_UNTIL = 0.04045
"""Where sRGB's curve begins (IEC 61966-2-1)."""
_TEXT_CONTRAST = 4.6  # a little above 4.5: browsers round the color of a tinted surface
_STEPS = 50


def is_color(text: str) -> bool:
    """Tell whether this is ``#rrggbb``; nothing else may reach a style."""
    return bool(_COLOR.fullmatch(text))


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colors, 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def ink_on(color: str) -> str:
    """Return white or black, whichever stands out more; it always reaches 4.5 (WCAG 1.4.3)."""
    return max((_WHITE, _BLACK), key=lambda ink: contrast(ink, color))


def darkened(color: str, *, on: str) -> str:
    """Return the color, as little darker as it takes to be read on a light surface."""
    return _moved(color, on=on, toward=0.0)


def lightened(color: str, *, on: str) -> str:
    """Return the color, as little lighter as it takes to be read on a dark surface."""
    return _moved(color, on=on, toward=1.0)


def _moved(color: str, *, on: str, toward: float) -> str:
    """Keep hue and saturation and move the lightness, until the contrast is there."""
    hue, lightness, saturation = rgb_to_hls(*_parts(color))
    moved = color
    for step in range(_STEPS + 1):
        nearer = lightness + (toward - lightness) * step / _STEPS
        moved = _written(hls_to_rgb(hue, nearer, saturation))
        if contrast(moved, on) >= _TEXT_CONTRAST:
            break
    return moved


def _parts(color: str) -> tuple[float, float, float]:
    red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _written(parts: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)


def _luminance(color: str) -> float:
    red, green, blue = (_linear(part) for part in _parts(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    if part <= _STRAIGHT_UNTIL:
        return part / 12.92
    return float(((part + 0.055) / 1.055) ** 2.4)
