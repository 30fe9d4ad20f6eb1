"""What every page carries around its own content, and what the renderer asks of a page."""

from typing import ClassVar, Protocol

import msgspec

HELP_PATH = "/help"


class Brand(msgspec.Struct, frozen=True, kw_only=True):
    """How the application that the person is signing in to presents itself."""

    name: str
    logo_url: str | None = None
    color: str | None = None
    terms_url: str | None = None
    privacy_url: str | None = None
    support_email: str | None = None


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """The application (None: no one in particular), the form token and where help is.

    An empty `csrf` leaves the field out, for pages that must not set a cookie.
    """

    brand: Brand | None = None
    csrf: str = ""
    help_url: str = HELP_PATH


class Page(Protocol):
    """A typed page model: the renderer needs its template, its frame and its usual status."""

    template: ClassVar[str]

    @property
    def frame(self) -> Frame:
        """The surroundings of this page."""

    @property
    def status(self) -> int:
        """The HTTP status this page answers with unless the handler names another."""
