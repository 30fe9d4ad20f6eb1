"""Page models of a sign-in: who are you, what does the message say, what if nothing came.

A form that is shown again with an error is a good answer to its post, so its status is 200: for
anything else browsers write an error to the developer's console, and some show a page of their own.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

import msgspec

from latchstring.web.http.frame import Frame
from latchstring.web.http.sentence import Sentence


class Sent(StrEnum):
    """What the message holds; the values are those of the connection's `send` setting."""

    BOTH = "both"
    LINK = "link"
    CODE = "code"


class ContinueAs(msgspec.Struct, frozen=True, kw_only=True):
    """The person already signed in in this browser, and the form that goes on as them."""

    identifier: str
    action: str


class Country(msgspec.Struct, frozen=True, kw_only=True):
    """One choice of the country list: region code, name in the page's language, `+44`."""

    code: str
    name: str
    prefix: str


class Resend(msgspec.Struct, frozen=True, kw_only=True):
    """The send-again form; `wait` is zero once it is open. It works without script either way."""

    action: str
    wait: timedelta
    at: datetime


class MailApp(msgspec.Struct, frozen=True, kw_only=True):
    """The person's webmail, when the domain tells which: "Open Gmail"."""

    name: str
    url: str


class SignInEmail(msgspec.Struct, frozen=True, kw_only=True):
    """Asks for an email address. Posts `email` to `action`.

    `suggestion` is the address with a likely typing mistake corrected; its button posts it as
    `email` to the same action, nothing is ever changed silently. Beside it the ordinary form also
    posts `as_typed`, the value the suggestion was made for: equal to `email`, the person insists.
    `sign_up` says that a new address is welcome too.
    """

    template: ClassVar[str] = "sign_in_email.html"
    status: ClassVar[int] = 200

    frame: Frame
    action: str
    value: str = ""
    error: Sentence | None = None
    suggestion: str | None = None
    phone_url: str | None = None
    sign_up: bool = True
    continue_as: ContinueAs | None = None


class SignInPhone(msgspec.Struct, frozen=True, kw_only=True):
    """Asks for a mobile number. Posts `phone`, and `country` when there is a choice, to `action`.

    `countries` is sorted in the page's language and holds at least one; `selected` is a code.
    """

    template: ClassVar[str] = "sign_in_phone.html"
    status: ClassVar[int] = 200

    frame: Frame
    action: str
    countries: tuple[Country, ...]
    selected: str
    value: str = ""
    error: Sentence | None = None
    email_url: str | None = None
    sign_up: bool = True
    continue_as: ContinueAs | None = None

    @property
    def rates_may_apply(self) -> bool:
        """Numbers of the United States need the carriers' consent sentence."""
        return any(country.code == "US" for country in self.countries)


class CheckEmail(msgspec.Struct, frozen=True, kw_only=True):
    """Says where the mail went and takes the code. Posts `code` to `action`.

    `sender` is the bare address the mail comes from. `status_url` answers JSON
    `{"sentence": str, "final": bool}`, which the script shows in place of `delivery`.
    """

    template: ClassVar[str] = "check_email.html"
    status: ClassVar[int] = 200

    frame: Frame
    action: str
    identifier: str
    sender: str
    code_length: int
    lifetime: timedelta
    link_lifetime: timedelta
    sent: Sent
    resend: Resend
    change_url: str
    other_way_url: str | None = None
    mail_app: MailApp | None = None
    delivery: Sentence | None = None
    status_url: str | None = None
    notice: Sentence | None = None
    error: Sentence | None = None


class CheckPhone(msgspec.Struct, frozen=True, kw_only=True):
    """Says which number the SMS went to and takes the code. Posts `code` to `action`.

    `sender` is the name or number the SMS comes from; `status_url` as for `CheckEmail`.
    """

    template: ClassVar[str] = "check_phone.html"
    status: ClassVar[int] = 200

    frame: Frame
    action: str
    identifier: str
    sender: str
    code_length: int
    lifetime: timedelta
    resend: Resend
    change_url: str
    other_way_url: str | None = None
    delivery: Sentence | None = None
    status_url: str | None = None
    notice: Sentence | None = None
    error: Sentence | None = None


class NotReceived(msgspec.Struct, frozen=True, kw_only=True):
    """The advice of "Nothing arrived?" as a page of its own, the send-again button last.

    Also the friendly answer to a send-again pressed too early (`early`, status 429).
    """

    template: ClassVar[str] = "not_received.html"

    frame: Frame
    identifier: str
    sender: str
    by_sms: bool
    resend: Resend
    change_url: str
    code_url: str
    other_way_url: str | None = None
    delivery: Sentence | None = None
    status_url: str | None = None
    early: bool = False

    @property
    def status(self) -> int:
        """An early press is answered kindly, and still counted as too many."""
        return 429 if self.early else 200


class TooManyTries(msgspec.Struct, frozen=True, kw_only=True):
    """No code sent so far can be answered any more; a form sends a new one."""

    template: ClassVar[str] = "too_many_tries.html"
    status: ClassVar[int] = 200

    frame: Frame
    identifier: str
    by_sms: bool
    resend: Resend
    change_url: str
    other_way_url: str | None = None


class ChooseAccount(msgspec.Struct, frozen=True, kw_only=True):
    """The browser is signed in: go on as that person, or as another."""

    template: ClassVar[str] = "choose_account.html"
    status: ClassVar[int] = 200

    frame: Frame
    identifier: str
    action: str
    other_url: str


class SignedInElsewhere(msgspec.Struct, frozen=True, kw_only=True):
    """Signed in, but the application waits in another window: go back to it."""

    template: ClassVar[str] = "signed_in_elsewhere.html"
    status: ClassVar[int] = 200

    frame: Frame
