"""Models of the pages between a sign-in and the application: consent, and the way back."""

from typing import ClassVar

import msgspec

from latchstring.web.http.frame import Frame
from latchstring.web.http.sentence import Sentence


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """Names what somebody else's application would know and could do, and asks.

    `may_do` holds the scopes of the API `api_name`. Each answer is a form of its own.
    """

    template: ClassVar[str] = "consent.html"
    status: ClassVar[int] = 200

    frame: Frame
    identifier: str
    allow_action: str
    deny_action: str
    other_url: str
    may_know: tuple[Sentence, ...]
    may_do: tuple[str, ...] = ()
    api_name: str | None = None


class PostBack(msgspec.Struct, frozen=True, kw_only=True):
    """Posts the answer to the application, by itself or, without script, by a press."""

    template: ClassVar[str] = "post_back.html"
    status: ClassVar[int] = 200

    frame: Frame
    action: str
    fields: tuple[tuple[str, str], ...]
