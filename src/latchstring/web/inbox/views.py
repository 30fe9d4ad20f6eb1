"""The inbox's pages: what the templates are given, and the policy they are sent under."""

import re
import secrets
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from urllib.parse import urlencode

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.datastructures import QueryParams
from starlette.responses import HTMLResponse

from latchstring.domain.delivery.senders.inbox import InboxMessage
from latchstring.web.inbox.frame import SANDBOX
from latchstring.web.inbox.search import Search

_PACKAGE = Path(__file__).parents[2]
_TEMPLATES = _PACKAGE / "templates" / "inbox"
_ASSETS = _PACKAGE / "static_inbox"

TAB_NAMES = {
    "html": "HTML",
    "phone": "Phone",
    "text": "Text",
    "source": "Source",
    "headers": "Headers",
}
_SAFE_LINK = re.compile(r"https?://", re.IGNORECASE)


def tabs(message: InboxMessage) -> tuple[str, ...]:
    """Return the ways this message can be looked at, the person's own way first."""
    if message.channel == "sms":
        return ("phone", "text", "source", "headers")
    if message.html is None:
        return ("text", "source", "headers")
    return ("html", "text", "source", "headers")


class Listing(msgspec.Struct, frozen=True):
    """What a page shows: the messages found, the one opened, and the way it is looked at.

    With no number in the address the newest message is open, and live updates follow the newest.
    """

    found: list[InboxMessage]
    total: int
    newest: int
    search: Mapping[str, str]
    opened: InboxMessage | None
    by_number: bool
    tab: str

    @classmethod
    def of(
        cls, messages: Sequence[InboxMessage], *, query: QueryParams, opened: InboxMessage | None
    ) -> "Listing":
        """Return what to show of these messages, newest first."""
        found = Search.of(query).among(messages)
        shown = opened or (found[0] if found else None)
        choices = tabs(shown) if shown else ("",)
        view = query.get("view", "")
        return cls(
            found=found,
            total=len(messages),
            newest=messages[0].number if messages else 0,
            search={name: query[name] for name in ("to", "q") if query.get(name)},
            opened=shown,
            by_number=opened is not None,
            tab=view if view in choices else choices[0],
        )

    def href(self, number: int | None = None, *, view: str | None = None) -> str:
        """Return the address of a message (or the list) that keeps the search."""
        query = urlencode({**self.search, **({"view": view} if view else {})})
        path = "/dev/mail" if number is None else f"/dev/mail/{number}"
        return f"{path}?{query}" if query else path


def header(message: InboxMessage, name: str) -> str:
    """Return the first header of that name, or nothing."""
    return next((v for n, v in message.headers if n.casefold() == name.casefold()), "")


def safe_link(message: InboxMessage) -> str | None:
    """Return the link if it is one to a web page; a `javascript:` link is never offered."""
    return message.link if message.link and _SAFE_LINK.match(message.link) else None


def marked(text: str, code: str | None) -> Markup:
    """Return the text with the code marked wherever it stands, everything escaped."""
    if not code:
        return Markup.escape(text)
    mark = Markup("<mark>{}</mark>").format(code)
    return mark.join(Markup.escape(part) for part in text.split(code))


class Pages:
    """Renders the inbox's pages; every page carries its own style and script under a nonce."""

    def __init__(self, *, demo_url: str | None) -> None:
        """Take the demo application's address, to lead there from an empty inbox."""
        self._jinja = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._jinja.globals |= {"demo_url": demo_url, "tab_names": TAB_NAMES, "sandbox": SANDBOX}
        self._jinja.globals |= {"tabs": tabs, "header": header, "marked": marked, "link": safe_link}

    def listing(self, listing: Listing, *, parts: bool) -> HTMLResponse:
        """Return the list with the opened message beside it; `parts` is what a live page swaps."""
        return self._render("parts.html" if parts else "inbox.html", status=200, listing=listing)

    def refused(self, *, status: int, sentence: str) -> HTMLResponse:
        """Return the page that says why there is nothing to see."""
        return self._render("refused.html", status=status, sentence=sentence)

    def _render(self, name: str, *, status: int, **values: object) -> HTMLResponse:
        nonce = secrets.token_urlsafe(16)
        page = self._jinja.get_template(name).render(
            nonce=nonce, style=_asset("inbox.css"), script=_asset("inbox.js"), **values
        )
        response = HTMLResponse(page, status)
        response.headers["content-security-policy"] = _policy(nonce)
        return response


def _policy(nonce: str) -> str:
    return (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; "
        "img-src data:; connect-src 'self'; frame-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


@cache
def _asset(name: str) -> Markup:
    # Our own files, so their angle brackets and quotes are meant.
    return Markup((_ASSETS / name).read_text("utf-8"))  # noqa: S704 - a file of this package
