"""Enter the code: the waiting page, its help, its status, and the answer."""

from datetime import timedelta

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from latchstring.base.errors import ChallengeRefused, TooManyRequests
from latchstring.domain.challenges.refusal import CodeExpired, TooManyTries, WrongCode
from latchstring.domain.challenges.secret import cleaned_answer
from latchstring.domain.connections.connection import Connection
from latchstring.domain.delivery.message import State
from latchstring.domain.identities.identifier import SMS, Identifier
from latchstring.flows import describe_waiting
from latchstring.flows.describe_waiting import DescribeWaiting
from latchstring.flows.open_session import SessionRequest
from latchstring.flows.resume_authorization import AuthorizationOver
from latchstring.flows.verify_passwordless import VerifyPasswordless, VerifyRequest
from latchstring.web.http.answers import see_other
from latchstring.web.http.parameters import Parameters
from latchstring.web.http.sentence import Sentence
from latchstring.web.pages import views, wording
from latchstring.web.pages.desk import RESUME, Desk, SignIn
from latchstring.web.pages.identify import Identify
from latchstring.web.pages.mail_services import mail_app_for
from latchstring.web.pages.waiting import (
    change_url,
    identifier_of,
    not_received,
    other_way_url,
    resend_of,
    sender_of,
    slow_down,
)
from latchstring.web.pages.wording import Delivery

_WARN_FROM = 2
"""Tries left at which the person is told the number."""

_JUST = timedelta(seconds=30)

_SHOWN_AFTER = timedelta(seconds=2)
"""A hand-over is shown no sooner: how fast the worker was is nobody's business."""


class EnterCode(msgspec.Struct, frozen=True):
    """Takes the code and signs this browser in."""

    desk: Desk
    identify: Identify
    verify: VerifyPasswordless
    describe: DescribeWaiting

    async def show(self, request: Request) -> Response:
        """``GET /sign-in/<id>/code``."""
        sign_in = await self.desk.sign_in(request)
        identifier = identifier_of(sign_in)
        if identifier is None:
            return see_other(sign_in.url)
        again = Parameters.from_query(request).one("sent") == "again"
        notice = (
            wording.sent_again(identifier.value) if again and self._just_sent(sign_in) else None
        )
        return await self._page(request, sign_in, identifier, notice=notice)

    async def post(self, request: Request) -> Response:
        """``POST /sign-in/<id>/code``."""
        sign_in, form = await self.desk.posted(request)
        identifier = identifier_of(sign_in)
        if identifier is None:
            return see_other(sign_in.url)
        connection = self._connection(sign_in, identifier)
        if connection is None:
            return see_other(sign_in.url)
        typed = form.one("code") or ""
        slip = await self._slip(sign_in, identifier, typed)
        if slip is not None:
            return await self._page(request, sign_in, identifier, error=slip)
        verification = self._verification(request, sign_in, connection, identifier, typed)
        try:
            user = await self.verify(verification)
        except ChallengeRefused as refused:
            return await self._refused(request, sign_in, connection, identifier, refused)
        except TooManyRequests as error:
            return slow_down(self.desk, request, sign_in, connection.name, error)
        return self.desk.signed_in(request, user, RESUME + sign_in.request.id)

    async def show_help(self, request: Request) -> Response:
        """``GET /sign-in/<id>/nothing-arrived``: the advice as a page of its own."""
        sign_in = await self.desk.sign_in(request)
        identifier = identifier_of(sign_in)
        if identifier is None:
            return see_other(sign_in.url)
        return self.desk.page(request, not_received(self.desk, sign_in, identifier))

    async def show_status(self, request: Request) -> Response:
        """``GET /sign-in/<id>/status``: what became of the message, for the page's script."""
        try:
            state = await self._delivery(await self.desk.sign_in(request))
        except AuthorizationOver:  # finished in another tab: this one need not ask any more
            state = None
        language = request.state.origin.language
        shown = wording.delivery(state) if state else None
        body = {
            "sentence": self.desk.renderer.text(shown, language=language) if shown else "",
            "final": state.final if state else True,
        }
        return JSONResponse(body, headers={"Cache-Control": "no-store"})

    async def _page(
        self,
        request: Request,
        sign_in: SignIn,
        identifier: Identifier,
        *,
        error: Sentence | None = None,
        notice: Sentence | None = None,
    ) -> Response:
        connection = self._connection(sign_in, identifier)
        if connection is None:
            return see_other(sign_in.url)
        waiting = await self._waiting(sign_in)
        length = waiting.challenge.code_length if waiting else connection.code_length
        lifetime, link_lifetime = _lifetimes(waiting, connection)
        state = _delivery_of(waiting, connection)
        delivery = wording.delivery(state) if state else None
        status_url = f"{sign_in.url}/status" if state and not state.final else None
        if identifier.connection == SMS:
            phone = views.CheckPhone(
                frame=self.desk.frame(sign_in.client, sign_in.browser),
                action=f"{sign_in.url}/code",
                identifier=identifier.value,
                sender=sender_of(self.desk, SMS),
                code_length=length,
                lifetime=lifetime,
                resend=resend_of(self.desk, sign_in),
                change_url=change_url(sign_in, SMS),
                other_way_url=other_way_url(self.desk, sign_in, SMS),
                delivery=delivery,
                status_url=status_url,
                notice=notice,
                error=error,
            )
            return self.desk.page(request, phone)
        sender = sender_of(self.desk, identifier.connection)
        email = views.CheckEmail(
            frame=self.desk.frame(sign_in.client, sign_in.browser),
            action=f"{sign_in.url}/code",
            identifier=identifier.value,
            sender=sender,
            code_length=length,
            lifetime=lifetime,
            link_lifetime=link_lifetime,
            sent=views.Sent(waiting.challenge.send if waiting else connection.send),
            resend=resend_of(self.desk, sign_in),
            change_url=change_url(sign_in, identifier.connection),
            other_way_url=other_way_url(self.desk, sign_in, identifier.connection),
            mail_app=mail_app_for(identifier.value, sender),
            delivery=delivery,
            status_url=status_url,
            notice=notice,
            error=error,
        )
        return self.desk.page(request, email)

    async def _refused(
        self,
        request: Request,
        sign_in: SignIn,
        connection: Connection,
        identifier: Identifier,
        refused: ChallengeRefused,
    ) -> Response:
        if isinstance(refused, CodeExpired):
            return await self._expired(request, sign_in, connection, identifier)
        if isinstance(refused, TooManyTries):
            return self._too_many(request, sign_in, identifier)
        if await self._is_answered(request, sign_in):
            return see_other(RESUME + sign_in.request.id)
        left = refused.attempts_left if isinstance(refused, WrongCode) else None
        error = wording.wrong_code(_worth_saying(left))
        return await self._page(request, sign_in, identifier, error=error)

    async def _is_answered(self, request: Request, sign_in: SignIn) -> bool:
        """Whether this browser has just been signed in here: a form that was sent twice."""
        session = await self.identify.find_session(self.desk.cookies.session(request))
        return session is not None and session.id == sign_in.request.session_id

    async def _expired(
        self, request: Request, sign_in: SignIn, connection: Connection, identifier: Identifier
    ) -> Response:
        """Send a new one at once, inside the limits, and say so."""
        error = wording.code_expired_unsent()
        if self.desk.clock.now() >= self.desk.resend_opens(sign_in):
            try:
                await self.identify.send(request, sign_in, connection, identifier)
            except TooManyRequests:
                return await self._page(request, sign_in, identifier, error=error)
            error = wording.code_expired(identifier.value)
            sign_in = await self.desk.sign_in(request)
        return await self._page(request, sign_in, identifier, error=error)

    def _too_many(self, request: Request, sign_in: SignIn, identifier: Identifier) -> Response:
        view = views.TooManyTries(
            frame=self.desk.frame(sign_in.client, sign_in.browser),
            identifier=identifier.value,
            by_sms=identifier.connection == SMS,
            resend=resend_of(self.desk, sign_in),
            change_url=change_url(sign_in, identifier.connection),
            other_way_url=other_way_url(self.desk, sign_in, identifier.connection),
        )
        return self.desk.page(request, view)

    async def _slip(self, sign_in: SignIn, identifier: Identifier, typed: str) -> Sentence | None:
        """Return what is wrong with a code that cannot be one; it is not counted as a try."""
        answer = cleaned_answer(typed)
        if not answer.strip():
            return wording.missing_code()
        waiting = await self._waiting(sign_in)
        lengths = waiting.live_lengths if waiting else frozenset[int]()
        connection = self._connection(sign_in, identifier)
        usual = connection.code_length if connection else 6
        expected = waiting.challenge.code_length if waiting else usual
        if not answer.isdecimal():
            return wording.not_digits(expected)
        if len(answer) not in lengths | {expected}:
            return wording.wrong_length(expected, len(answer))
        return None

    def _verification(
        self,
        request: Request,
        sign_in: SignIn,
        connection: Connection,
        identifier: Identifier,
        typed: str,
    ) -> VerifyRequest:
        return VerifyRequest(
            client_id=sign_in.client.client_id,
            connection=connection,
            identifier=identifier,
            code=typed,
            origin=request.state.origin,
            known_since=self.desk.known_since(request, identifier),
            session=SessionRequest(
                identifier=identifier,
                client_id=sign_in.client.client_id,
                origin=request.state.origin,
                previous_token=self.desk.cookies.session(request),
                authorization_id=sign_in.request.id,
            ),
        )

    def _just_sent(self, sign_in: SignIn) -> bool:
        """Whether the message went out a moment ago: a reloaded page must not claim it anew."""
        sent_at = sign_in.request.last_start_at
        return sent_at is not None and self.desk.clock.now() - sent_at < _JUST

    def _connection(self, sign_in: SignIn, identifier: Identifier) -> Connection | None:
        """Return the way in, unless an administrator took it away since."""
        offered = self.desk.connections_of(sign_in.client)
        return next((c for c in offered if c.name == identifier.connection), None)

    async def _waiting(self, sign_in: SignIn) -> describe_waiting.Waiting | None:
        digest = sign_in.request.identifier_digest
        return await self.describe(digest, sign_in.request.id) if digest else None

    async def _delivery(self, sign_in: SignIn) -> Delivery | None:
        name = sign_in.request.challenged_connection
        connection = self.desk.current.connections.get(name) if name else None
        return _delivery_of(await self._waiting(sign_in), connection) if connection else None


def _lifetimes(
    waiting: describe_waiting.Waiting | None, connection: Connection
) -> tuple[timedelta, timedelta]:
    """Return how long code and link live that were sent, whatever the setting says by now."""
    if waiting is None:
        return connection.code_lifetime, connection.link_lifetime
    sent = waiting.challenge
    return sent.code_expires_at - sent.created_at, sent.link_expires_at - sent.created_at


def _worth_saying(attempts_left: int | None) -> int | None:
    return attempts_left if attempts_left is not None and attempts_left <= _WARN_FROM else None


def _delivery_of(
    waiting: describe_waiting.Waiting | None, connection: Connection
) -> Delivery | None:
    """Return what the page may say of the message.

    Where strangers may not sign up, nothing: what became of a decoy must not be compared with what
    became of a message.
    """
    if waiting is None or waiting.fate is None or not connection.sign_up:
        return None
    fate = waiting.fate
    if fate.state in (State.FAILED, State.EXPIRED, State.SUPPRESSED):
        return Delivery.FAILED
    early = waiting.now - fate.created_at < _SHOWN_AFTER
    if fate.state is State.QUEUED or early:
        return Delivery.DELAYED if fate.last_error else Delivery.QUEUED
    return Delivery.HANDED_OVER
