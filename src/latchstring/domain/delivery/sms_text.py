"""Text messages that fit into one segment: GSM-7 where the letters allow it, else UCS-2.

Two segments cost twice and arrive apart. Only the application's name may shrink to avoid it; the
last line, which browsers read to fill in the code, never does.
"""

import unicodedata
from collections.abc import Callable

GSM7_SEGMENT = 160
UCS2_SEGMENT = 70
# 3GPP TS 23.038 section 6.2.1, default alphabet; a character of the extension takes two places.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")


def gsm7_length(text: str) -> int | None:
    """Return how many septets the text takes, or nothing when GSM-7 cannot write it."""
    length = 0
    for character in text:
        if character in _BASIC:
            length += 1
        elif character in _EXTENSION:
            length += 2
        else:
            return None
    return length


def fits_one_segment(text: str) -> bool:
    """Tell whether the text goes out as a single segment."""
    septets = gsm7_length(text)
    if septets is not None:
        return septets <= GSM7_SEGMENT
    return len(text.encode("utf-16-be")) // 2 <= UCS2_SEGMENT


def fitted(write: Callable[[str], str], name: str) -> str | None:
    """Return the text with as much of the name as one segment holds; nothing if none helps.

    Tried in turn: the name as it is, the name in the letters of the rest, ever shorter, no name.
    """
    whole = write(name)
    if fits_one_segment(whole):
        return whole
    foreign = gsm7_length(name) is None and gsm7_length(write("")) is not None
    best = _in_gsm7(name) if foreign else name
    for length in range(len(best), -1, -1):
        text = write(best[:length].rstrip(" .,-&"))
        if fits_one_segment(text):
            return text
    return None


def _in_gsm7(name: str) -> str:
    """Return the name without what GSM-7 cannot write: marks are dropped before letters are."""
    letters = []
    for character in unicodedata.normalize("NFC", name):
        if character in _BASIC:
            letters.append(character)
            continue
        bare = unicodedata.normalize("NFKD", character)
        letters.append("".join(part for part in bare if part in _BASIC))
    return " ".join("".join(letters).split())
