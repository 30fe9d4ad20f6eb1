"""A mailbox as settings write it: ``Acme <login@acme.example>`` or the address alone."""

import re
from unicodedata import category

import msgspec

_MAILBOX = re.compile(r'(?:"(?P<quoted>[^"\\]*)"|(?P<bare>[^<>"]*))\s*<(?P<address>[^<>]*)>')
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}")

_CONTROL = frozenset({"Cc", "Cs", "Zl", "Zp"})


def is_address(text: str) -> bool:
    """Tell whether this is one address that any relay takes as a sender: ASCII, nothing quoted."""
    return bool(_ADDRESS.fullmatch(text))


class Mailbox(msgspec.Struct, frozen=True):
    """A display name, possibly empty, and an address."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        """What stands behind the address's ``@``."""
        return self.address.rpartition("@")[2]

    @classmethod
    def parse(cls, text: str) -> "Mailbox":
        """Read a name and an address, or an address; raise ``ValueError`` for anything else."""
        match = _MAILBOX.fullmatch(text.strip())
        name = (match["quoted"] or match["bare"] or "").strip() if match else ""
        address = (match["address"] if match else text).strip()
        # A name on several lines would become several header fields.
        if not is_address(address) or any(category(letter) in _CONTROL for letter in name):
            raise ValueError("this is not one email address")
        return cls(name, address)
