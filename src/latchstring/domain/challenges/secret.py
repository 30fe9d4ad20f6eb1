"""The two forms of a challenge's secret, and the Message-ID, derived from its random id.

Nothing here is stored: the same id under the same key gives the same code, link and Message-ID, so
a repeated send is the same message. Labels keep the derivations apart; learning one tells nothing
of another.
"""

import secrets

import msgspec

from latchstring.base.ids import ChallengeId, IdentifierDigest
from latchstring.base.secrets import Keyring, UnknownKey, decode, encode, equal

ID_BYTES = 15
_TAG_BYTES = 16
LINK_LENGTH = 43

_DASHES = dict.fromkeys(map(ord, " \t\r\n\v\f-\u00ad\u2010\u2011\u2012\u2013\u2014\u2212"))
_INVISIBLE = dict.fromkeys(
    map(ord, "\u00a0\u2007\u2009\u202f\u200b\u200c\u200d\u200e\u200f\u2060\ufeff")
)


def new_challenge_id() -> ChallengeId:
    """Return 120 random bits."""
    return ChallengeId(encode(secrets.token_bytes(ID_BYTES)))


def repeated_challenge_id(digest: IdentifierDigest, request: str, keyring: Keyring) -> ChallengeId:
    """Return the id that a request which may be repeated always gives, and nobody can foresee."""
    return ChallengeId(encode(keyring.mac("repeat", f"{digest}\0{request}".encode())[:ID_BYTES]))


def code_of(challenge_id: ChallengeId, *, length: int, version: int, keyring: Keyring) -> str:
    """Return the challenge's one-time code: ``length`` decimal digits, leading zeros kept.

    256 bits reduced modulo at most 10^12 are uniform to within 2^-216.
    """
    number = int.from_bytes(keyring.mac("code", decode(challenge_id), version=version))
    return str(number % 10**length).zfill(length)


def answer_digest(digest: IdentifierDigest, answer: str, *, version: int, keyring: Keyring) -> str:
    """Return what the row keeps of a code: keyed, because 10^6 codes are tried in no time."""
    return encode(keyring.mac("answer", f"{digest}\0{answer}".encode(), version=version))


def message_id_of(challenge_id: ChallengeId, *, version: int, keyring: Keyring) -> str:
    """Return the left half of the Message-ID, the same for every repeated send."""
    return encode(keyring.mac("message-id", decode(challenge_id), version=version)[:ID_BYTES])


def link_token(challenge_id: ChallengeId, *, version: int, keyring: Keyring) -> str:
    """Return the 43 characters of the magic link: id, key version, 128-bit tag."""
    raw = decode(challenge_id)
    tag = keyring.mac("link", raw, version=version)[:_TAG_BYTES]
    return encode(raw + bytes([version]) + tag)


class GenuineLink(msgspec.Struct, frozen=True):
    """A link token that this installation made; its challenge may still be long over."""

    challenge_id: ChallengeId
    version: int


def read_link(token: str, keyring: Keyring) -> GenuineLink | None:
    """Return what a link token names, or nothing for a mangled or forged one.

    The tag is checked before the database is touched: garbage costs a hash and counts nowhere.
    """
    if len(token) != LINK_LENGTH or not token.isascii():
        return None
    try:
        raw = decode(token)
        version = raw[ID_BYTES]
        challenge_id = ChallengeId(encode(raw[:ID_BYTES]))
        genuine = link_token(challenge_id, version=version, keyring=keyring)
    except (ValueError, UnknownKey):
        return None
    return GenuineLink(challenge_id, version) if equal(token, genuine) else None


def cleaned_answer(text: str) -> str:
    """Return the digits somebody typed or pasted, as ASCII; the text around one code falls away.

    Spaces, dashes and invisible characters are dropped; digits of every script count.
    """
    bare = text.translate(_DASHES).translate(_INVISIBLE)
    digits = "".join(str(int(c)) if c.isdecimal() else " " for c in bare)
    runs = digits.split()
    return runs[0] if len(runs) == 1 else bare
