"""Header fields of a mail: folded, encoded, and closed to injection (RFC 5322, RFC 2047).

Everything that becomes part of a header passes through here, and a control character is refused
rather than cleaned away: by now it can only be an attack or a mistake of ours.
"""

import re
from base64 import b64encode

from latchstring.base.mailbox import Mailbox

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LINE = 76
"""Where lines are folded; RFC 5322 asks for 78 at most."""
_WORD_BYTES = 42
"""Octets in one encoded word: 56 characters of base64 and 12 around them, 75 at most."""
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+( [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")


def text_field(name: str, value: str) -> str:
    """Return ``Name: value`` folded, in encoded words where ASCII does not do."""
    _refuse_control(value)
    # Plain text that looks like an encoded word would be decoded into something else.
    if value.isascii() and "=?" not in value:
        return _folded(f"{name}:", value.split(" "))
    return _folded(f"{name}:", _encoded_words(value))


def address_field(name: str, mailbox: Mailbox) -> str:
    """Return ``Name: display name <address>``."""
    _refuse_control(mailbox.name)
    _refuse_control(mailbox.address)
    if not mailbox.name:
        return f"{name}: <{mailbox.address}>"
    return _folded(f"{name}:", [*_phrase(mailbox.name), f"<{mailbox.address}>"])


def token_field(name: str, value: str) -> str:
    """Return ``Name: value`` as it is; only printable ASCII fits."""
    _refuse_control(value)
    if not value.isascii():
        message = f"{name} takes ASCII only"
        raise ValueError(message)
    return f"{name}: {value}"


def _refuse_control(value: str) -> None:
    if _CONTROL.search(value):
        message = "a header field cannot hold control characters"
        raise ValueError(message)


def _phrase(name: str) -> list[str]:
    if not name.isascii() or "=?" in name:
        return _encoded_words(name)
    if _ATOMS.fullmatch(name):
        return name.split(" ")
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return [f'"{quoted}"']


def _encoded_words(value: str) -> list[str]:
    """Split into encoded words, never inside a character."""
    words, chunk = [], b""
    for character in value:
        octets = character.encode()
        if len(chunk) + len(octets) > _WORD_BYTES:
            words.append(chunk)
            chunk = b""
        chunk += octets
    return [f"=?utf-8?B?{b64encode(word).decode()}?=" for word in [*words, chunk]]


def _folded(line: str, words: list[str]) -> str:
    """Join words by spaces, breaking before a word that would go past the limit."""
    lines = []
    for word in words:
        # An empty word stands for a second space; a line of blanks alone would end the header.
        if word and line.strip() and not line.endswith(":") and len(line) + len(word) >= _LINE:
            lines.append(line)
            line = ""
        line = f"{line} {word}"
    return "\r\n".join([*lines, line])
