"""Our cookies: which browser this is, its session, whom it has signed in before, its tickets.

Over https every name carries ``__Host-``: no other host and no plain connection can set it. On
plain http, which is loopback only, browsers differ in whether they keep ``Secure`` cookies, so
they go without.
"""

from datetime import timedelta
from typing import Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

_BROWSER = "latchstring_browser"
_SESSION = "latchstring_session"
_KNOWN = "latchstring_known"
_CROSS_ORIGIN = "latchstring_co"
_LONGEST = 1024
_BROWSER_LIFETIME = timedelta(days=1)
_CROSS_ORIGIN_LIFETIME = timedelta(minutes=15)


class Cookies(msgspec.Struct, frozen=True):
    """Reads and writes the four cookies."""

    secure: bool
    session_lifetime: timedelta
    known_lifetime: timedelta
    cross_site_sessions: bool = False
    """Whether the session shows in frames of other sites; its forms are guarded in any case."""

    def browser(self, request: Request) -> str | None:
        """Return the value that ties sign-ins to this browser."""
        return self._read(request, _BROWSER)

    def session(self, request: Request) -> str | None:
        """Return the session's token."""
        return self._read(request, _SESSION)

    def known(self, request: Request) -> str:
        """Return the marks of whom this browser has signed in before."""
        return self._read(request, _KNOWN) or ""

    def cross_origin(self, request: Request) -> str | None:
        """Return the value that ties login tickets to this browser."""
        return self._read(request, _CROSS_ORIGIN)

    def set_browser(self, response: Response, value: str) -> None:
        """Name this browser."""
        self._write(response, _BROWSER, value, _BROWSER_LIFETIME)

    def set_session(self, response: Response, token: str) -> None:
        """Sign this browser in."""
        self._write_session(response, token, self.session_lifetime)

    def set_known(self, response: Response, marks: str) -> None:
        """Remember whom this browser has signed in."""
        self._write(response, _KNOWN, marks, self.known_lifetime)

    def set_cross_origin(self, response: Response, value: str) -> None:
        """Tie login tickets to this browser, though a page of another site asked for them.

        It opens nothing by itself. On loopback without https all sites are one.
        """
        self._write(
            response,
            _CROSS_ORIGIN,
            value,
            _CROSS_ORIGIN_LIFETIME,
            same_site="none" if self.secure else "lax",
        )

    def clear_session(self, response: Response) -> None:
        """Sign this browser out; what it has proven before stays known."""
        self._write_session(response, "", timedelta(0))

    def _write_session(self, response: Response, token: str, lifetime: timedelta) -> None:
        across = self.cross_site_sessions and self.secure
        self._write(response, _SESSION, token, lifetime, same_site="none" if across else "lax")

    def _write(
        self,
        response: Response,
        name: str,
        value: str,
        lifetime: timedelta,
        *,
        same_site: Literal["lax", "none"] = "lax",
    ) -> None:
        # Lax, not Strict: the way back from a mail or an application is a cross-site navigation.
        response.set_cookie(
            self._name(name),
            value,
            max_age=int(lifetime.total_seconds()),
            path="/",
            secure=self.secure,
            httponly=True,
            samesite=same_site,
        )

    def _read(self, request: Request, name: str) -> str | None:
        """Return the cookie; one that comes twice or is out of shape counts as none."""
        wanted = self._name(name) + "="
        pairs = ";".join(request.headers.getlist("cookie")).split(";")
        values = [p.strip()[len(wanted) :] for p in pairs if p.strip().startswith(wanted)]
        if len(values) != 1 or not values[0] or len(values[0]) > _LONGEST:
            return None
        return values[0] if values[0].isascii() else None

    def _name(self, name: str) -> str:
        return f"__Host-{name}" if self.secure else name
