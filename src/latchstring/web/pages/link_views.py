"""Page models of a mailed link: what opening it shows, and how each of its ends is told."""

from datetime import datetime, timedelta
from typing import ClassVar

import msgspec

from latchstring.web.http.frame import Frame


class LinkContinue(msgspec.Struct, frozen=True, kw_only=True):
    """The browser that asked opened the link: goes on by script once seen, else by one button."""

    template: ClassVar[str] = "link_continue.html"
    status: ClassVar[int] = 200

    frame: Frame
    action: str


class LinkConfirm(msgspec.Struct, frozen=True, kw_only=True):
    """Another browser opened the link: nothing happens until one of the buttons is pressed.

    `identifier` is masked. `code_action` is None where no code may be shown. `signed_in_as` is
    somebody else whom this browser is signed in as: a press would end that.
    """

    template: ClassVar[str] = "link_confirm.html"
    status: ClassVar[int] = 200

    frame: Frame
    identifier: str
    action: str
    code_action: str | None
    refuse_action: str
    signed_in_as: str | None = None
    in_app_browser: bool = False


class LinkShowCode(msgspec.Struct, frozen=True, kw_only=True):
    """Policy `code`: a press shows the code to type where the sign-in began."""

    template: ClassVar[str] = "link_show_code.html"
    status: ClassVar[int] = 200

    frame: Frame
    identifier: str
    action: str
    refuse_action: str


class LinkCode(msgspec.Struct, frozen=True, kw_only=True):
    """The code itself, after the press, and where to type it."""

    template: ClassVar[str] = "link_code.html"
    status: ClassVar[int] = 200

    frame: Frame
    code: str
    lifetime: timedelta


class LinkDenied(msgspec.Struct, frozen=True, kw_only=True):
    """Policy `deny`: the link works only in the browser where it was asked for."""

    template: ClassVar[str] = "link_denied.html"
    status: ClassVar[int] = 403

    frame: Frame
    start_url: str | None = None


class LinkUsed(msgspec.Struct, frozen=True, kw_only=True):
    """The link was used before; on with it where this browser is signed in, else anew."""

    template: ClassVar[str] = "link_used.html"
    status: ClassVar[int] = 410

    frame: Frame
    continue_url: str | None = None
    start_url: str | None = None


class LinkExpired(msgspec.Struct, frozen=True, kw_only=True):
    """The link is too old: when it stopped, how long it lived, and a way to a new one.

    `again_action` (a form) where this browser still has the sign-in; else `start_url`.
    """

    template: ClassVar[str] = "link_expired.html"
    status: ClassVar[int] = 410

    frame: Frame
    expired_at: datetime
    lifetime: timedelta
    again_action: str | None = None
    start_url: str | None = None


class LinkReplaced(msgspec.Struct, frozen=True, kw_only=True):
    """Newer mails retired this link: the latest one works."""

    template: ClassVar[str] = "link_replaced.html"
    status: ClassVar[int] = 410

    frame: Frame
    start_url: str | None = None


class LinkUnknown(msgspec.Struct, frozen=True, kw_only=True):
    """Not a link of ours, or cut off on its way; says nothing about anyone."""

    template: ClassVar[str] = "link_unknown.html"
    status: ClassVar[int] = 410

    frame: Frame
    start_url: str | None = None


class LinkVoided(msgspec.Struct, frozen=True, kw_only=True):
    """The person pressed "This wasn't me": the sign-in is off, its link and code are dead."""

    template: ClassVar[str] = "link_voided.html"
    status: ClassVar[int] = 200

    frame: Frame
