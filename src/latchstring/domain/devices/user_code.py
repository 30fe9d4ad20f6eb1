"""The code that a device shows and a person types.

It is derived from the grant's random id, so the page can show it again for comparison though
nothing here is stored but a keyed digest.
"""

import re
import unicodedata

from latchstring.base.errors import Unavailable
from latchstring.base.secrets import Keyring, UnknownKey, encode

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
"""No vowels, so no words, and no digits to take for letters (RFC 8628 section 6.1)."""

LENGTH = 8
"""34.5 bits: with the 30 guesses an hour that an address has, far beyond any patience."""

_HALF = LENGTH // 2
_CODE = re.compile(f"[{ALPHABET}]{{{LENGTH}}}")
_BETWEEN = re.compile(r"[\s\W_]+")


def user_code_of(grant_id: str, *, version: int, keyring: Keyring) -> str:
    """Return a grant's code; raise ``Unavailable`` where its key has not arrived yet.

    256 bits reduced modulo 20^8 are uniform to within 2^-221.
    """
    try:
        number = int.from_bytes(keyring.mac("user-code", grant_id.encode(), version=version))
    except UnknownKey:
        raise Unavailable(detail="a device grant of a key version that is not here yet") from None
    letters = ""
    for _ in range(LENGTH):
        number, place = divmod(number, len(ALPHABET))
        letters += ALPHABET[place]
    return letters


def digest_of(code: str, *, version: int, keyring: Keyring) -> str:
    """Return what the row keeps of a code: keyed, because all codes are tried in minutes."""
    return encode(keyring.mac("user-code-digest", code.encode(), version=version))


def shown(code: str) -> str:
    """Return the code in two halves, as people read it out."""
    return f"{code[:_HALF]}-{code[_HALF:]}"


def cleaned(text: str) -> str | None:
    """Return the code that somebody typed, or nothing where it cannot be one.

    Case, wide letters, spaces, dashes and invisible characters do not matter.
    """
    bare = _BETWEEN.sub("", unicodedata.normalize("NFKC", text)).upper()
    return bare if _CODE.fullmatch(bare) else None
