"""Pages that every surface may need: errors, limits, signing out, help."""

from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import ClassVar

import msgspec

from latchstring.web.http.frame import Frame
from latchstring.web.http.sentence import Sentence

_NOBODY = Frame()
_MINUTE = timedelta(minutes=1)
_EXACT = timedelta(minutes=2)


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """Another way to go on, as a link: `words` says where it leads."""

    words: Sentence
    url: str


class SlowDown(msgspec.Struct, frozen=True, kw_only=True):
    """A limit was reached: which one, until when, and what still works meanwhile.

    `limit` is the name under `[limits]`, or `resend_after` for the page's own button.
    """

    template: ClassVar[str] = "slow_down.html"
    status: ClassVar[int] = 429

    frame: Frame
    limit: str
    until: datetime
    wait: timedelta
    ways: tuple[Way, ...] = ()

    @property
    def rounded_wait(self) -> timedelta:
        """The wait in whole minutes, rounded up: who comes back then is not too early."""
        return self.wait if self.wait <= _EXACT else -(-self.wait // _MINUTE) * _MINUTE


class PageExpired(msgspec.Struct, frozen=True, kw_only=True):
    """The sign-in this page belonged to is over; the application can start another."""

    template: ClassVar[str] = "page_expired.html"
    status: ClassVar[int] = 400

    frame: Frame
    start_url: str | None = None


class CookiesNeeded(msgspec.Struct, frozen=True, kw_only=True):
    """The browser did not send our cookie back; says what to do."""

    template: ClassVar[str] = "cookies_needed.html"
    status: ClassVar[int] = 400

    frame: Frame


class SignOutConfirm(msgspec.Struct, frozen=True, kw_only=True):
    """Asks before signing out; `fields` travel along as hidden fields of the form."""

    template: ClassVar[str] = "sign_out_confirm.html"
    status: ClassVar[int] = 200

    frame: Frame
    action: str
    identifier: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    stay_url: str | None = None


class SignedOut(msgspec.Struct, frozen=True, kw_only=True):
    """The browser is signed out here; `return_url` leads back to the application."""

    template: ClassVar[str] = "signed_out.html"
    status: ClassVar[int] = 200

    frame: Frame
    return_url: str | None = None


class ErrorPage(msgspec.Struct, frozen=True, kw_only=True):
    """Something was refused, in one public sentence; never an error code."""

    template: ClassVar[str] = "error.html"
    status: ClassVar[int] = 400

    frame: Frame = msgspec.field(default=_NOBODY)
    sentence: Sentence
    start_url: str | None = None


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Where two values part: what they share at either end, and each one's own middle."""

    before: str
    came: str
    registered: str
    after: str


class DeveloperError(msgspec.Struct, frozen=True, kw_only=True):
    """For the developer, in `dev` only: what came, what is registered, the command that fixes it.

    `parameter` is the request's name for the value; `summary` says in English what is wrong.
    """

    template: ClassVar[str] = "developer_error.html"
    status: ClassVar[int] = 400

    frame: Frame = msgspec.field(default=_NOBODY)
    summary: str
    parameter: str
    came: str
    registered: tuple[str, ...] = ()
    command: str | None = None

    @property
    def difference(self) -> Difference | None:
        """How the value differs from the registered one that is nearest to it, if any is near."""
        near = get_close_matches(self.came, self.registered, n=1)
        return _difference(self.came, near[0]) if near else None


def _difference(came: str, registered: str) -> Difference:
    before = _shared_start(came, registered)
    came, registered = came.removeprefix(before), registered.removeprefix(before)
    after = _shared_start(came[::-1], registered[::-1])[::-1]
    return Difference(
        before=before,
        came=came.removesuffix(after),
        registered=registered.removesuffix(after),
        after=after,
    )


def _shared_start(one: str, other: str) -> str:
    same = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    return one[: min(len(one), len(other)) if same is None else same]


class NotFound(msgspec.Struct, frozen=True, kw_only=True):
    """There is no page at this address."""

    template: ClassVar[str] = "not_found.html"
    status: ClassVar[int] = 404

    frame: Frame = msgspec.field(default=_NOBODY)


class ServerError(msgspec.Struct, frozen=True, kw_only=True):
    """Something broke on our side; needs neither database nor application to be shown."""

    template: ClassVar[str] = "server_error.html"
    status: ClassVar[int] = 500

    frame: Frame = msgspec.field(default=_NOBODY)


class Help(msgspec.Struct, frozen=True, kw_only=True):
    """How signing in works here, answered once; every page links to it."""

    template: ClassVar[str] = "help.html"
    status: ClassVar[int] = 200

    frame: Frame = msgspec.field(default=_NOBODY)
