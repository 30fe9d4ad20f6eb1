"""One spelling per email address and phone number; whatever is ambiguous is refused.

Mail goes to the normalized address and to no other. Peers were broken into where the address that
was looked up and the address that was written to could differ (case mapping, comma lists, quoted
local parts), so everything here ends in one string that serves for both.
"""

import hashlib
import re
import unicodedata
from functools import cache, lru_cache
from types import ModuleType

import msgspec

from latchstring.base.errors import InvalidRequest
from latchstring.base.ids import ConnectionName, IdentifierDigest
from latchstring.base.secrets import encode

EMAIL = ConnectionName("email")
SMS = ConnectionName("sms")

_DIGEST_BYTES = 24
_MAX_INPUT = 320
_MAX_ADDRESS = 254
_USUAL_LOCAL = re.compile(r"(?=.{1,64}$)[a-z0-9_+-]+(\.[a-z0-9_+-]+)*", re.ASCII)
"""A dot-atom (RFC 5322 section 3.2.3) of what nearly all addresses are made of."""

_RESERVED_DOMAINS = re.compile(
    r"(^|\.)(example\.(com|net|org)|example|test|invalid|localhost|local)$"
)
"""RFC 2606 and RFC 6761: nobody can receive mail there."""

_RESERVED_NUMBERS = {
    "AU": re.compile(r"\+6149157\d{4}"),
    "DE": re.compile(r"\+4917139200\d\d"),
    "FR": re.compile(r"\+336399800\d\d"),
    "GB": re.compile(r"\+447700900\d{3}"),
    "US": re.compile(r"\+1\d{3}55501\d\d"),
}
"""Mobile numbers that regulators set aside for drama and documentation, by region.

libphonenumber calls some of them valid and others not; where examples may sign in, all may.
"""


class BadEmail(InvalidRequest):
    """Enter an email address in the form name@example.com."""

    def __init__(self, *, detail: str = "") -> None:
        """Keep the reason private."""
        super().__init__(field="email", detail=detail)


class BadPhoneNumber(InvalidRequest):
    """Enter a mobile number, with the country code if it is outside the chosen country."""

    def __init__(self, message: str | None = None, *, detail: str = "") -> None:
        """Keep the reason private unless it is a sentence for the person."""
        super().__init__(message, field="phone_number", detail=detail)


class Identifier(msgspec.Struct, frozen=True):
    """A normalized email address or E.164 number, and the connection it belongs to."""

    connection: ConnectionName
    value: str
    region: str | None = None
    """ISO region of a phone number."""

    @property
    def digest(self) -> IdentifierDigest:
        """The leading key of every hot table. Not a secret: the value stands beside it."""
        return digest_of(self.connection, self.value)

    @property
    def number_block(self) -> str:
        """The block of 10,000 numbers that a phone number lies in."""
        return self.value[:-4]


@lru_cache(maxsize=1024)
def digest_of(connection: str, value: str) -> IdentifierDigest:
    """Return the digest of a normalized identifier within its connection."""
    whole = hashlib.sha256(f"{connection}\0{value}".encode()).digest()
    return IdentifierDigest(encode(whole[:_DIGEST_BYTES]))


def email_identifier(text: str, *, allow_examples: bool) -> Identifier:
    """Return the one spelling of an email address; raise ``BadEmail``."""
    address = unicodedata.normalize("NFC", text.strip()).replace("\uff20", "@")
    if len(address) > _MAX_INPUT or _has_control(address):
        raise BadEmail(detail="too long, or a control character")
    local, domain = _parts(_ascii_lower(address))
    if not local.isascii() and unicodedata.normalize("NFKC", local).casefold() != local:
        raise BadEmail(detail="the local part has a second spelling")
    if not allow_examples and _RESERVED_DOMAINS.search(domain):
        raise BadEmail(detail="a special-use domain")
    return Identifier(EMAIL, f"{local}@{domain}")


def phone_identifier(text: str, region: str | None, *, allow_examples: bool) -> Identifier:
    """Return the E.164 form of a mobile number; ``region`` reads a national number.

    Raises ``BadPhoneNumber``. Which regions may be texted is the connection's business.
    """
    import phonenumbers  # noqa: PLC0415 - 10 MB that an email-only installation never needs

    cleaned = text.strip()
    if len(cleaned) > _MAX_INPUT or _has_control(cleaned):
        raise BadPhoneNumber(detail="too long, or a control character")
    if cleaned.startswith("00"):
        cleaned = "+" + cleaned[2:]
    try:
        number = phonenumbers.parse(cleaned, region)
    except phonenumbers.NumberParseException as error:
        raise BadPhoneNumber(detail=str(error)) from None
    value = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    reserved = _reserved_region(value)
    if reserved is not None and allow_examples:
        return Identifier(SMS, value, phonenumbers.region_code_for_number(number) or reserved)
    if reserved is not None or number.extension or not phonenumbers.is_valid_number(number):
        raise BadPhoneNumber(detail="a reserved example number, or none in service")
    if phonenumbers.number_type(number) not in _textable(phonenumbers.PhoneNumberType):
        raise BadPhoneNumber("This number can't receive texts. Enter a mobile number.")
    return Identifier(SMS, value, phonenumbers.region_code_for_number(number))


def _reserved_region(value: str) -> str | None:
    return next((r for r, numbers in _RESERVED_NUMBERS.items() if numbers.fullmatch(value)), None)


def _parts(address: str) -> tuple[str, str]:
    """Return local part and domain as the library has them; the usual ones without asking it."""
    local, _, domain = address.rpartition("@")
    if _USUAL_LOCAL.fullmatch(local) and len(address) <= _MAX_ADDRESS:
        return local, _usual_domain(domain)
    return _any_parts(address)


@lru_cache(maxsize=4096)
def _usual_domain(domain: str) -> str:
    return _any_parts(f"a@{domain}")[1]


def _any_parts(address: str) -> tuple[str, str]:
    library = _email_library()
    try:
        valid = library.validate_email(
            address,
            check_deliverability=False,
            allow_quoted_local=False,
            allow_domain_literal=False,
            allow_display_name=False,
        )
    except library.EmailNotValidError as error:
        raise BadEmail(detail=str(error)) from None
    return valid.local_part, (valid.ascii_domain or "").lower()


@cache
def _email_library() -> ModuleType:
    import email_validator  # noqa: PLC0415 - kept out of the cold start

    # Whether reserved domains may sign in is a setting of ours, not the library's to refuse.
    names = email_validator.SPECIAL_USE_DOMAIN_NAMES
    names[:] = [name for name in names if not _RESERVED_DOMAINS.search(name)]
    return email_validator


def _textable(kinds: type) -> tuple[int, ...]:
    return (kinds.MOBILE, kinds.FIXED_LINE_OR_MOBILE)  # type: ignore[attr-defined] # untyped library


def _ascii_lower(text: str) -> str:
    # Only ASCII: str.lower() maps letters of other scripts, and some of them onto ASCII ones.
    if text.isascii():
        return text.lower()
    return "".join(c.lower() if c.isascii() else c for c in text)


def _has_control(text: str) -> bool:
    if text.isascii():
        return not text.isprintable()
    return any(_is_control(character) for character in text)


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
