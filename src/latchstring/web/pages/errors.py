"""The pages' dialect: which page tells which error, in words and without codes."""

from datetime import timedelta

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.errors import (
    AppError,
    ChallengeRefused,
    ClientRefused,
    Forbidden,
    InvalidRequest,
    NotFound,
    TooManyRequests,
    Unavailable,
)
from latchstring.flows.resume_authorization import AuthorizationOver
from latchstring.web.http.answers import retry_headers
from latchstring.web.http.form_guard import ForeignForm
from latchstring.web.http.parameters import BodyTooLarge, HeadersTooLarge, UnsupportedBody
from latchstring.web.http.sentence import gettext
from latchstring.web.http.surface import WrongMethod
from latchstring.web.pages import views
from latchstring.web.pages.desk import CookieMissing, Desk

STATUSES: dict[type[AppError], int] = {
    AuthorizationOver: 400,
    BodyTooLarge: 413,
    ChallengeRefused: 403,
    ClientRefused: 403,
    CookieMissing: 400,
    Forbidden: 403,
    HeadersTooLarge: 431,
    InvalidRequest: 400,
    NotFound: 404,
    TooManyRequests: 429,
    Unavailable: 503,
    UnsupportedBody: 415,
    WrongMethod: 405,
    AppError: 500,
}


def status_of(error: AppError) -> int:
    """Return the status of an error's class, or of its family."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


class PageErrors(msgspec.Struct, frozen=True):
    """Tells a person what went wrong and how to go on."""

    desk: Desk

    def __call__(self, request: Request, error: AppError) -> Response:
        """Return the page for an error."""
        if isinstance(error, TooManyRequests):
            return self._slow_down(request, error)
        if isinstance(error, AuthorizationOver):
            return self._over(request, error)
        if isinstance(error, CookieMissing):
            view = views.CookiesNeeded(frame=self.desk.frame(None))
            return self.desk.page(request, view)
        if isinstance(error, NotFound):
            return self.desk.page(request, views.NotFound())
        if isinstance(error, Unavailable):
            response = self.desk.page(request, views.ServerError(), status=503)
            response.headers.update(retry_headers(error, self.desk.clock.now()))
            return response
        sentence = gettext("This page can't be used like that. Go back and try again.")
        if isinstance(error, ForeignForm):
            sentence = gettext("This form is out of date. Go back, reload the page, and try again.")
        return self.desk.page(request, views.ErrorPage(sentence=sentence), status=status_of(error))

    def crashed(self, request: Request) -> Response:
        """Return the page for a bug of ours; the request's id leads to it in the log."""
        return self.desk.page(request, views.ServerError())

    def _slow_down(self, request: Request, error: TooManyRequests) -> Response:
        wait = max(error.until - self.desk.clock.now(), timedelta(seconds=1))
        view = views.SlowDown(
            frame=self.desk.frame(None), limit=error.limit, until=error.until, wait=wait
        )
        response = self.desk.page(request, view)
        response.headers.update(retry_headers(error, self.desk.clock.now()))
        return response

    def _over(self, request: Request, error: AuthorizationOver) -> Response:
        client = self.desk.client(error.request.client_id) if error.request else None
        start_url = client.initiate_login_uri if client else None
        view = views.PageExpired(frame=self.desk.frame(client), start_url=start_url)
        return self.desk.page(request, view)
