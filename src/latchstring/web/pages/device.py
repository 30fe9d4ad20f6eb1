"""``/activate``: type a device's code, compare it, and let the device sign in or not.

Whoever starts a grant can send its code to somebody else (RFC 8628 section 5.4). So no address
skips the comparison, whatever it brings, and nothing happens before a button is pressed.
"""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.secrets import random_token
from latchstring.domain.authorizations.consent import scopes_in_question
from latchstring.domain.clients.client import Client
from latchstring.domain.devices.grant import DeviceGrant, DeviceGrantId, State
from latchstring.domain.devices.user_code import cleaned, shown
from latchstring.domain.sessions.session import Session
from latchstring.flows.answer_device import AnswerDevice, DeviceAnswer
from latchstring.flows.find_device import (
    DeviceGrantUnknown,
    FindDevice,
    TypedCode,
    UserCodeUnknown,
)
from latchstring.flows.find_session import FindSession
from latchstring.flows.sign_in_here import SignInHere
from latchstring.web.http.answers import see_other
from latchstring.web.http.frame import Page
from latchstring.web.http.parameters import Parameters
from latchstring.web.http.sentence import Sentence
from latchstring.web.pages import device_wording, views
from latchstring.web.pages.desk import SIGN_IN, CookieMissing, Desk

PATH = "/activate"
PREFIX = "/activate/"
_EXAMPLE = "BDWP-HQPK"
_LONGEST_SHOWN = 32


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A device's grant in the browser where its code was typed, and who is signed in there."""

    grant: DeviceGrant
    client: Client | None
    browser: str
    session: Session | None

    @property
    def url(self) -> str:
        """Where the grant's pages begin."""
        return PREFIX + self.grant.id

    @property
    def binding(self) -> str:
        """What its forms are about: who sees them. Another person's yes is no yes."""
        return f"{self.browser} {self.session.id if self.session else ''}"


class DevicePages(msgspec.Struct, frozen=True, kw_only=True):
    """Takes the code, asks, and tells the device's grant the answer."""

    desk: Desk
    find: FindDevice
    answer: AnswerDevice
    find_session: FindSession
    sign_in_here: SignInHere

    async def show(self, request: Request) -> Response:
        """``GET /activate``, perhaps with ``?user_code=``, which is typed already then."""
        came = Parameters.from_query(request).one("user_code") or ""
        code = cleaned(came)
        return self._form(request, shown(code) if code else came[:_LONGEST_SHOWN])

    async def post(self, request: Request) -> Response:
        """``POST /activate``: the code was typed."""
        browser = self._browser(request)
        form = await Parameters.from_form(request)
        self.desk.guard.check(request, form, browser)
        typed = form.one("user_code") or ""
        code = cleaned(typed)
        if code is None:
            words = device_wording.no_code if typed.strip() else device_wording.missing
            return self._form(request, typed[:_LONGEST_SHOWN], words(_EXAMPLE))
        session = await self._session(request)
        try:
            grant_id = await self.find(
                TypedCode(
                    code=code,
                    browser=browser,
                    session_id=session.id if session else None,
                    origin=request.state.origin,
                )
            )
        except UserCodeUnknown:
            return self._form(request, shown(code), device_wording.unknown())
        return see_other(PREFIX + grant_id)

    async def show_grant(self, request: Request) -> Response:
        """``GET /activate/<id>``: the question, or what was answered.

        In another browser the code has to be typed again.
        """
        try:
            waiting = await self._waiting(request)
        except (CookieMissing, DeviceGrantUnknown):
            return see_other(PATH)
        return self.desk.page(request, self._view(waiting))

    async def post_sign_in(self, request: Request) -> Response:
        """``POST /activate/<id>/sign-in``: the hosted sign-in, and back here."""
        return await self._sign_in(request, fresh=False)

    async def post_other(self, request: Request) -> Response:
        """``POST /activate/<id>/other``: the same for another account."""
        return await self._sign_in(request, fresh=True)

    async def post_allow(self, request: Request) -> Response:
        """``POST /activate/<id>/allow``; with nobody signed in it leads to the question."""
        waiting = await self._posted(request)
        if waiting.session is not None and waiting.client is not None:
            await self.answer.allow(_answer(request, waiting), waiting.session)
        return see_other(waiting.url)

    async def post_deny(self, request: Request) -> Response:
        """``POST /activate/<id>/deny``."""
        waiting = await self._posted(request)
        await self.answer.deny(_answer(request, waiting), waiting.session)
        return see_other(waiting.url)

    async def _sign_in(self, request: Request, *, fresh: bool) -> Response:
        waiting = await self._posted(request)
        if waiting.client is None or not waiting.grant.is_pending(self.desk.clock.now()):
            return see_other(waiting.url)
        request_id = await self.sign_in_here(
            waiting.client.client_id, waiting.url, waiting.browser, fresh=fresh
        )
        response = see_other(SIGN_IN + request_id)
        self.desk.cookies.set_browser(response, waiting.browser)
        return response

    def _form(self, request: Request, value: str, error: Sentence | None = None) -> Response:
        browser = self.desk.cookies.browser(request) or random_token()
        view = views.DeviceCode(
            frame=self.desk.frame(None, browser),
            action=PATH,
            example=_EXAMPLE,
            value=value,
            error=error,
        )
        response = self.desk.page(request, view)
        # Each time, so that the cookie never runs out between the code and the answer.
        self.desk.cookies.set_browser(response, browser)
        return response

    def _view(self, waiting: Waiting) -> Page:
        grant, client = waiting.grant, waiting.client
        frame = self.desk.frame(client)
        if grant.state is State.DENIED:
            return views.DeviceDenied(frame=frame)
        if client is None or grant.has_expired(self.desk.clock.now()):
            return views.DeviceExpired(frame=frame, start_url=PATH)
        if grant.state is not State.PENDING:
            return views.DeviceConnected(frame=frame)
        return self._question(waiting, client)

    def _question(self, waiting: Waiting, client: Client) -> Page:
        # Whether the operator's own applications may know people is no question.
        asked = () if client.first_party else scopes_in_question(waiting.grant.scope, None)
        scope = " ".join(asked)
        audience = None if client.first_party else waiting.grant.audience
        api = self.desk.current.apis.get(audience or "")
        return views.DeviceConfirm(
            frame=self.desk.frame(client, waiting.binding),
            code=shown(waiting.grant.code(self.desk.keyring)),
            sign_in_action=f"{waiting.url}/sign-in",
            allow_action=f"{waiting.url}/allow",
            deny_action=f"{waiting.url}/deny",
            other_action=f"{waiting.url}/other",
            identifier=waiting.session.identifier if waiting.session else None,
            may_know=device_wording.may_know(scope),
            may_do=device_wording.may_do(scope),
            api_name=api.name if api else None,
        )

    async def _posted(self, request: Request) -> Waiting:
        waiting = await self._waiting(request)
        form = await Parameters.from_form(request)
        self.desk.guard.check(request, form, waiting.binding)
        return waiting

    async def _waiting(self, request: Request) -> Waiting:
        browser = self._browser(request)
        grant_id = DeviceGrantId(request.scope["path"].split("/")[2])
        grant = await self.find.of_browser(grant_id, browser)
        return Waiting(
            grant=grant,
            client=self.desk.client(grant.client_id),
            browser=browser,
            session=await self._session(request),
        )

    def _browser(self, request: Request) -> str:
        browser = self.desk.cookies.browser(request)
        if browser is None:
            raise CookieMissing
        return browser

    async def _session(self, request: Request) -> Session | None:
        return await self.find_session(self.desk.cookies.session(request))


def _answer(request: Request, waiting: Waiting) -> DeviceAnswer:
    return DeviceAnswer(grant=waiting.grant, browser=waiting.browser, origin=request.state.origin)
