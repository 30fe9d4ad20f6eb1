"""The mailed link: what opening it shows, and what each press does.

Opening (GET, HEAD) changes nothing and sets no cookie; mail scanners may do it all day.
"""

import msgspec
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.logging import masked
from latchstring.base.secrets import digest
from latchstring.domain.authorizations.pkce import METHOD
from latchstring.domain.authorizations.request import AuthorizationRequest, Wanted
from latchstring.domain.challenges.challenge import Challenge, LinkState
from latchstring.domain.challenges.refusal import LinkRefused
from latchstring.domain.clients.client import Client
from latchstring.flows.follow_link import FollowLink, OpenedLink, Press, Pressed, Way
from latchstring.web.http.answers import see_other, with_query
from latchstring.web.http.frame import Page
from latchstring.web.http.parameters import Parameters
from latchstring.web.http.sentence import gettext
from latchstring.web.pages import views
from latchstring.web.pages.desk import RESUME, SIGN_IN, Desk

PREFIX = "/l/"
SIGNED_IN = "/signed-in/"
AUTHORIZE = "/authorize"
_IN_APP = ("; wv)", "FBAN", "FBAV", "Instagram", " Line/", " GSA/")
"""Marks of browsers that live inside another application and forget their cookies with it."""


class MagicLink(msgspec.Struct, frozen=True):
    """Shows the link's page and follows its buttons."""

    desk: Desk
    follow: FollowLink

    async def show(self, request: Request) -> Response:
        """``GET /l/<token>``."""
        token = _token(request)
        opened = await self._look(request, token)
        if opened is None:
            return self.desk.page(request, views.LinkUnknown(frame=self.desk.frame(None)))
        response = self.desk.page(request, self._view(request, token, opened))
        if opened.state is LinkState.LIVE and opened.challenge.opened_at is None:
            # After the answer is out: a scanner's visit costs the person nothing.
            response.background = BackgroundTask(self.follow.note_opened, opened.challenge)
        return response

    async def press(self, request: Request) -> Response:
        """``POST /l/<token>``: sign in on this device."""
        token = await self._checked(request)
        opened = await self._look(request, token)
        press = Press(
            token=token,
            browser_digest=self._browser(request),
            origin=request.state.origin,
            previous_token=self.desk.cookies.session(request),
        )
        try:
            pressed = await self.follow.press(press)
        except LinkRefused as refused:
            return self._refused(request, opened, refused.state)
        return self._arrive(request, opened, pressed)

    async def show_code(self, request: Request) -> Response:
        """``POST /l/<token>/code``: show the code to type where the sign-in began."""
        token = await self._checked(request)
        opened = await self._look(request, token)
        try:
            code, challenge = await self.follow.code(token, self._browser(request))
        except LinkRefused as refused:
            return self._refused(request, opened, refused.state)
        view = views.LinkCode(
            frame=self.desk.frame(self.desk.client(challenge.client_id)),
            code=code,
            lifetime=challenge.code_expires_at - self.desk.clock.now(),
        )
        return self.desk.page(request, view)

    async def refuse(self, request: Request) -> Response:
        """``POST /l/<token>/not-me``: end every live code and link of this identifier."""
        token = await self._checked(request)
        await self.follow.void(token, request.state.origin)
        return see_other(PREFIX + token)

    async def _look(self, request: Request, token: str) -> OpenedLink | None:
        session_token = self.desk.cookies.session(request)
        return await self.follow.look(token, self._browser(request), session_token=session_token)

    def _view(self, request: Request, token: str, opened: OpenedLink) -> Page:
        client = self.desk.client(opened.challenge.client_id)
        frame = self.desk.frame(client, _binding(token))
        action = PREFIX + token
        identifier = masked(opened.challenge.identifier)
        if opened.way is Way.OVER:
            return self._over(request, opened, opened.state)
        if opened.way is Way.DENIED:
            return views.LinkDenied(frame=frame, start_url=_start_url(client))
        if opened.way is Way.CODE:
            return views.LinkShowCode(
                frame=frame,
                identifier=identifier,
                action=f"{action}/code",
                refuse_action=f"{action}/not-me",
            )
        if opened.way is Way.CONTINUE and not _is_prefetch(request):
            return views.LinkContinue(frame=frame, action=action)
        return views.LinkConfirm(
            frame=frame,
            identifier=identifier,
            action=action,
            code_action=f"{action}/code" if opened.has_code else None,
            refuse_action=f"{action}/not-me",
            signed_in_as=None if opened.is_signed_in else opened.signed_in_as,
            in_app_browser=any(mark in request.headers.get("user-agent", "") for mark in _IN_APP),
        )

    def _over(self, request: Request, opened: OpenedLink, state: str) -> Page:
        challenge = opened.challenge
        client = self.desk.client(challenge.client_id)
        frame = self.desk.frame(client)
        waiting = opened.request
        app_url = start_url = _start_url(client)
        if waiting is not None and waiting.is_pending(self.desk.clock.now()):
            start_url = SIGN_IN + waiting.id
        if state == LinkState.EXPIRED:
            again = waiting is not None and start_url != app_url and _asks_for(waiting, challenge)
            browser = self.desk.cookies.browser(request) or ""
            return views.LinkExpired(
                frame=self.desk.frame(client, browser) if again else frame,
                expired_at=challenge.link_expires_at,
                lifetime=challenge.link_expires_at - challenge.created_at,
                again_action=f"{start_url}/again" if again else None,
                start_url=start_url,
            )
        if state == LinkState.SUPERSEDED:
            return views.LinkReplaced(frame=frame, start_url=start_url)
        if state == LinkState.VOIDED:
            return views.LinkVoided(frame=frame)
        continue_url = app_url if opened.is_signed_in else None
        return views.LinkUsed(frame=frame, continue_url=continue_url, start_url=start_url)

    def _refused(self, request: Request, opened: OpenedLink | None, state: str) -> Response:
        if opened is None or state == "unknown":
            return self.desk.page(request, views.LinkUnknown(frame=self.desk.frame(None)))
        client = self.desk.client(opened.challenge.client_id)
        if state == "no code":
            sentence = gettext(
                "The code of this message no longer works. Ask for a new one where you began."
            )
            page = views.ErrorPage(frame=self.desk.frame(client), sentence=sentence)
            return self.desk.page(request, page, status=410)
        if state == "denied":
            view = views.LinkDenied(frame=self.desk.frame(client), start_url=_start_url(client))
            return self.desk.page(request, view)
        return self.desk.page(request, self._over(request, opened, state))

    def _arrive(self, request: Request, opened: OpenedLink | None, pressed: Pressed) -> Response:
        """Go where this link ends: the waiting application, an API start's address, or nowhere."""
        own = opened is not None and opened.way is Way.CONTINUE
        if own and opened is not None and opened.request is not None:
            return self.desk.signed_in(request, pressed.user, RESUME + opened.request.id)
        if pressed.wanted is not None and pressed.code is None:
            return self.desk.signed_in(request, pressed.user, _authorize_url(pressed.wanted))
        if pressed.wanted is not None:
            answer = {
                "code": pressed.code,
                "state": pressed.wanted.state,
                "iss": self.desk.settings.issuer,
            }
            url = with_query(pressed.wanted.redirect_uri, answer)
            return self.desk.signed_in(request, pressed.user, url)
        client = self.desk.client(pressed.user.challenge.client_id)
        if client is not None and client.initiate_login_uri:
            # OpenID Connect Core section 4: the application starts a sign-in of its own, which the
            # session in this browser answers at once.
            url = with_query(client.initiate_login_uri, {"iss": self.desk.settings.issuer})
            return self.desk.signed_in(request, pressed.user, url)
        return self.desk.signed_in(
            request, pressed.user, SIGNED_IN + (client.client_id if client else "")
        )

    async def show_signed_in(self, request: Request) -> Response:
        """``GET /signed-in/<client>``: the application waits elsewhere, or has no page to go to."""
        client = self.desk.client(request.scope["path"].removeprefix(SIGNED_IN))
        return self.desk.page(request, views.SignedInElsewhere(frame=self.desk.frame(client)))

    async def _checked(self, request: Request) -> str:
        token = _token(request)
        form = await Parameters.from_form(request)
        self.desk.guard.check(request, form, _binding(token))
        return token

    def _browser(self, request: Request) -> str | None:
        browser = self.desk.cookies.browser(request)
        return digest(browser) if browser else None


def _authorize_url(wanted: Wanted) -> str:
    """Return the request that an API start made, for the session in this browser to answer."""
    challenge = wanted.code_challenge
    asked = {
        "client_id": wanted.client_id,
        "redirect_uri": wanted.redirect_uri,
        "response_type": wanted.response_type or "code",
        "response_mode": wanted.response_mode,
        "scope": wanted.scope,
        "audience": wanted.audience,
        "state": wanted.state,
        "nonce": wanted.nonce,
        "code_challenge": challenge,
        "code_challenge_method": None if challenge is None else METHOD,
    }
    return with_query(AUTHORIZE, asked)


def _token(request: Request) -> str:
    path: str = request.scope["path"]
    return path.split("/")[2]


def _binding(token: str) -> str:
    """Bind the form to the link, not to a cookie: opening a link must not set one."""
    return f"link:{token}"


def _is_prefetch(request: Request) -> bool:
    return bool(request.headers.get("sec-purpose") or request.headers.get("purpose"))


def _asks_for(waiting: AuthorizationRequest, challenge: Challenge) -> bool:
    """Whether sending again there still goes to whom this link was for."""
    return waiting.identifier_digest == challenge.identifier_digest


def _start_url(client: Client | None) -> str | None:
    return client.initiate_login_uri if client else None
