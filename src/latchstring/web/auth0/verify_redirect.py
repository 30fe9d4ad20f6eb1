"""``/passwordless/verify_redirect``: a code in an address signs this browser in, after a press.

At Auth0 the GET itself consumes. Here, as with a mailed link, GET and HEAD change nothing and look
at no code: scanners open addresses. The press verifies the code, opens a session in this browser
and leads to ``/authorize`` with the same request, so that every check there holds here too.
"""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.errors import ChallengeRefused, TooManyRequests
from latchstring.base.logging import masked
from latchstring.base.secrets import digest
from latchstring.base.settings import OtherBrowser
from latchstring.domain.identities.user import UserBlocked
from latchstring.flows.find_session import FindSession
from latchstring.flows.open_session import SessionRequest
from latchstring.flows.refresh_configuration import RefreshConfiguration
from latchstring.flows.verify_passwordless import VerifyPasswordless, VerifyRequest
from latchstring.web.auth0.answers import Answers, Typed
from latchstring.web.auth0.arrival import Arrival
from latchstring.web.auth0.asked import Asked, NotRedirectable, asked, not_valid, query_of
from latchstring.web.auth0.pages import Pages, Pressing
from latchstring.web.auth0.refusals import BadCall, sentence_of
from latchstring.web.http.answers import see_other
from latchstring.web.http.form_guard import FormGuard
from latchstring.web.http.parameters import Parameters

PATH = "/passwordless/verify_redirect"
_NOT_HERE = "Codes of this connection only work where they were asked for."


class Denied(BadCall):
    """The connection signs nobody in by an address that was opened."""


class VerifyRedirect(msgspec.Struct, frozen=True, kw_only=True):
    """Shows the page that asks, and does what its button says."""

    issuer: str
    configuration: RefreshConfiguration
    answers: Answers
    verify: VerifyPasswordless
    find_session: FindSession
    arrive: Arrival
    guard: FormGuard
    pages: Pages

    async def show(self, request: Request) -> Response:
        """Answer GET and HEAD: who is about to be signed in to what, and one button."""
        try:
            came = asked(request, self.configuration)
        except NotRedirectable as refused:
            return not_valid(self.pages, request, refused)
        try:
            verification = await self._read(request, came)
        except (BadCall, ChallengeRefused, UserBlocked) as refused:
            return self._back(came, refused)
        session = await self.find_session(self.arrive.cookies.session(request))
        other = session is not None and session.identifier != verification.identifier.value
        pressing = Pressing(
            identifier=masked(verification.identifier.value),
            signed_in_as=session.identifier if session and other else None,
            action=f"{PATH}?{query_of(request)}",
            csrf=self.guard.token(_binding(request)),
        )
        return self.pages.confirm_code(request, came.client, pressing)

    async def press(self, request: Request) -> Response:
        """Answer the POST of that page."""
        form = await Parameters.from_form(request)
        self.guard.check(request, form, _binding(request))
        try:
            came = asked(request, self.configuration)
        except NotRedirectable as refused:
            return not_valid(self.pages, request, refused)
        onward = came.authorize_url  # Before the code is spent: what cannot be read is refused.
        try:
            user = await self.verify(await self._read(request, came))
        except (BadCall, ChallengeRefused, UserBlocked, TooManyRequests) as refused:
            return self._back(came, refused)
        response = see_other(onward)
        if user.opened is not None:
            self.arrive(request, response, user.opened)
        return response

    async def _read(self, request: Request, came: Asked) -> VerifyRequest:
        typed = Typed(
            realm=_required(came, "connection"),
            username=_required(came, "email", "phone_number"),
            code=_required(came, "verification_code"),
        )
        verification = await self.answers.read(came.client, typed, request.state.origin)
        if verification.connection.other_browser is not OtherBrowser.CONFIRM:
            # This browser shows no proof of having asked: it may do what a mailed link may.
            raise Denied(_NOT_HERE)
        session = SessionRequest(
            identifier=verification.identifier,
            client_id=came.client.client_id,
            origin=request.state.origin,
            previous_token=self.arrive.cookies.session(request),
        )
        return msgspec.structs.replace(verification, session=session)

    def _back(
        self, came: Asked, refused: BadCall | ChallengeRefused | UserBlocked | TooManyRequests
    ) -> Response:
        error, description = "unauthorized", str(refused)
        if isinstance(refused, ChallengeRefused):
            description = sentence_of(refused, came.one("connection") or "")
        elif isinstance(refused, TooManyRequests):
            error = "too_many_attempts"
        elif isinstance(refused, BadCall) and not isinstance(refused, Denied):
            error = "invalid_request"
        return came.back(error, description, issuer=self.issuer)


def _required(came: Asked, *names: str) -> str:
    for name in names:
        value = came.one(name)
        if value is not None:
            return value
    raise BadCall(f"Missing required parameter: {names[0]}", field=names[0])


def _binding(request: Request) -> str:
    """Bind the form to its address: opening it must not set a cookie."""
    return f"verify_redirect:{digest(query_of(request))}"
