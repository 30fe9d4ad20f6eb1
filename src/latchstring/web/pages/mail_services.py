"""Mail services that many people use: where to open them, and how their names get mistyped."""

from urllib.parse import quote

from latchstring.web.pages.sign_in_views import MailApp

_GMAIL = (
    "https://mail.google.com/mail/u/{address}/#search/from%3A{sender}+in%3Aanywhere+newer_than%3A1h"
)
_OUTLOOK = "https://outlook.live.com/mail/0/"
_YAHOO = "https://mail.yahoo.com/"
_ICLOUD = "https://www.icloud.com/mail/"
_PROTON = "https://mail.proton.me/"

_SERVICES = {
    "gmail.com": ("Gmail", _GMAIL),
    "googlemail.com": ("Gmail", _GMAIL),
    "outlook.com": ("Outlook", _OUTLOOK),
    "hotmail.com": ("Outlook", _OUTLOOK),
    "live.com": ("Outlook", _OUTLOOK),
    "msn.com": ("Outlook", _OUTLOOK),
    "yahoo.com": ("Yahoo Mail", _YAHOO),
    "ymail.com": ("Yahoo Mail", _YAHOO),
    "icloud.com": ("iCloud Mail", _ICLOUD),
    "me.com": ("iCloud Mail", _ICLOUD),
    "mac.com": ("iCloud Mail", _ICLOUD),
    "proton.me": ("Proton Mail", _PROTON),
    "protonmail.com": ("Proton Mail", _PROTON),
}

_OFTEN_MISTYPED = (
    "gmail.com",
    "googlemail.com",
    "outlook.com",
    "hotmail.com",
    "yahoo.com",
    "icloud.com",
)
_REAL = frozenset({"mail.com", "email.com", "gmx.com", "ymail.com"})
"""One slip away from another one, and meant."""


def mail_app_for(address: str, sender: str) -> MailApp | None:
    """Return where this address reads its mail, if the domain tells."""
    service = _SERVICES.get(address.rpartition("@")[2])
    if service is None:
        return None
    name, url = service
    return MailApp(name=name, url=url.format(address=quote(address), sender=quote(sender)))


def likely_meant(address: str) -> str | None:
    """Return the address with a probable slip in its domain mended, or nothing.

    Only ever shown as a question: ``gmial.com`` may be somebody's real domain.
    """
    local, _, domain = address.rpartition("@")
    if domain in _SERVICES or domain in _REAL:
        return None
    meant = next((known for known in _OFTEN_MISTYPED if _is_one_slip_away(domain, known)), None)
    return f"{local}@{meant}" if meant else None


def _is_one_slip_away(typed: str, meant: str) -> bool:
    """Whether one letter was dropped, added, changed, or swapped with its neighbor."""
    if typed == meant or abs(len(typed) - len(meant)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(typed, meant, strict=False)) if a != b), None)
    if start is None:
        return True
    rest, wanted = typed[start:], meant[start:]
    swapped = rest[1:2] + rest[:1] + rest[2:]
    return wanted in (rest[1:], swapped) or rest[1:] == wanted[1:] or rest == wanted[1:]
