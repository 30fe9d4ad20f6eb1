"""What can go wrong, without a word of HTTP.

The tree::

    AppError
    ├── InvalidRequest     the caller sent something we cannot read or will not take
    ├── ClientRefused      the application is unknown, or may not do this
    ├── ChallengeRefused   the answer to a challenge does not fit
    ├── Forbidden          known, understood, and still no
    ├── NotFound           there is no such thing
    ├── TooManyRequests    a limit; says which and until when
    └── Unavailable        we cannot do it now; trying later may help

The message is the public sentence. ``detail`` is for the log and never leaves the building. Each
surface has one table that turns these families into its own dialect.
"""

from datetime import datetime


class AppError(Exception):
    """Something went wrong on our side."""

    def __init__(self, message: str | None = None, *, detail: str = "") -> None:
        """Take the public sentence (default: the class's docstring) and a private detail."""
        super().__init__(message or (type(self).__doc__ or "").strip())
        self.detail = detail


class InvalidRequest(AppError):
    """The request is not valid."""

    def __init__(self, message: str | None = None, *, field: str = "", detail: str = "") -> None:
        """Name the field that is wrong, in the domain's words (``email``, ``client_id`` …)."""
        super().__init__(message, detail=detail)
        self.field = field


class ClientRefused(AppError):
    """The client is not known or not allowed to do this."""


class ChallengeRefused(AppError):
    """The answer is not right."""


class Forbidden(AppError):
    """Not allowed."""


class NotFound(AppError):
    """There is nothing here."""


class TooManyRequests(AppError):
    """Too many requests."""

    def __init__(self, limit: str, *, allowed: int, until: datetime) -> None:
        """Name the limit, how many it allows, and when it ends."""
        end = until.strftime("%Y-%m-%dT%H:%M:%SZ")
        super().__init__(
            f"Too many requests: the limit {limit} ({allowed}) is used up until {end}."
        )
        self.limit = limit
        self.allowed = allowed
        self.until = until


class Unavailable(AppError):
    """The service cannot answer now. Try again in a moment."""
