"""Who are you: the email page, the phone page, and the send-again button."""

from math import ceil

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.errors import InvalidRequest, TooManyRequests
from latchstring.domain.authorizations.request import Prompt
from latchstring.domain.connections.connection import Connection
from latchstring.domain.identities.identifier import (
    EMAIL,
    SMS,
    BadEmail,
    BadPhoneNumber,
    Identifier,
    email_identifier,
    phone_identifier,
)
from latchstring.domain.sessions.session import Session
from latchstring.flows.choose_account import ChooseAccount
from latchstring.flows.find_session import FindSession
from latchstring.flows.start_passwordless import StartPasswordless
from latchstring.flows.start_request import StartRequest, Waiting
from latchstring.web.http.answers import see_other
from latchstring.web.http.parameters import Parameters
from latchstring.web.http.sentence import Sentence
from latchstring.web.pages import countries, views, wording
from latchstring.web.pages.desk import RESUME, Desk, SignIn
from latchstring.web.pages.mail_services import likely_meant
from latchstring.web.pages.waiting import PATHS, identifier_of, not_received, slow_down


class Typed(msgspec.Struct, frozen=True):
    """What stands in the form, and what there is to say about it."""

    value: str = ""
    error: Sentence | None = None
    suggestion: str | None = None
    region: str | None = None


class Identify(msgspec.Struct, frozen=True):
    """Asks for an identifier and starts the challenge."""

    desk: Desk
    start: StartPasswordless
    find_session: FindSession
    choose_account: ChooseAccount

    async def show(self, request: Request) -> Response:
        """``GET /sign-in/<id>``: the page of the way in that fits best."""
        sign_in = await self.desk.sign_in(request)
        session = await self._session(request, sign_in)
        if session is not None and Prompt.SELECT_ACCOUNT in sign_in.request.prompt.split():
            return self._choice(request, sign_in, session)
        connection = self._likely(sign_in)
        return await self._page(request, sign_in, connection, _prefilled(sign_in, connection))

    async def show_email(self, request: Request) -> Response:
        """``GET /sign-in/<id>/email``."""
        return await self._show(request, EMAIL)

    async def show_phone(self, request: Request) -> Response:
        """``GET /sign-in/<id>/phone``."""
        return await self._show(request, SMS)

    async def post_email(self, request: Request) -> Response:
        """``POST /sign-in/<id>/email``."""
        sign_in, form = await self.desk.posted(request)
        connection = self._offered(sign_in, EMAIL)
        typed = form.one("email") or ""
        if not typed.strip():
            return await self._page(
                request, sign_in, connection, Typed(error=wording.missing_email())
            )
        try:
            identifier = email_identifier(typed, allow_examples=self._allow_examples)
        except BadEmail:
            refused = Typed(typed, error=wording.bad_email())
            return await self._page(request, sign_in, connection, refused)
        suggestion = likely_meant(identifier.value)
        if suggestion and form.one("as_typed") != typed:
            asked = Typed(typed, suggestion=suggestion)
            return await self._page(request, sign_in, connection, asked)
        return await self._start(request, sign_in, connection, identifier)

    async def post_phone(self, request: Request) -> Response:
        """``POST /sign-in/<id>/phone``."""
        sign_in, form = await self.desk.posted(request)
        connection = self._offered(sign_in, SMS)
        typed = form.one("phone") or ""
        region = form.one("country") or ""
        if region not in connection.countries:
            region = connection.countries[0]
        identifier, error = self._read_phone(request, sign_in, connection, form)
        if identifier is None:
            refused = Typed(typed, error=error, region=region)
            return await self._page(request, sign_in, connection, refused)
        return await self._start(request, sign_in, connection, identifier)

    async def post_continue(self, request: Request) -> Response:
        """``POST /sign-in/<id>/continue``: go on as the person who is signed in here."""
        sign_in, _ = await self.desk.posted(request)
        await self.choose_account(sign_in.request.id)
        return see_other(RESUME + sign_in.request.id)

    async def post_again(self, request: Request) -> Response:
        """``POST /sign-in/<id>/again``: the send-again button; too early gets a kind answer."""
        sign_in, _ = await self.desk.posted(request)
        identifier = identifier_of(sign_in)
        if identifier is None:
            return see_other(sign_in.url)
        now = self.desk.clock.now()
        opens = self.desk.resend_opens(sign_in)
        if now < opens:
            return self._too_early(request, sign_in, identifier)
        connection = self._offered(sign_in, identifier.connection)
        return await self._start(request, sign_in, connection, identifier, again=True)

    async def send(
        self, request: Request, sign_in: SignIn, connection: Connection, identifier: Identifier
    ) -> None:
        """Put one more message in the outbox; raises what the flow raises."""
        await self.start(
            StartRequest(
                client=sign_in.client,
                connection=connection,
                identifier=identifier,
                origin=request.state.origin,
                send=connection.send,
                waiting=Waiting(authorization_id=sign_in.request.id, starts=sign_in.request.starts),
                known_since=self.desk.known_since(request, identifier),
            )
        )

    async def _start(
        self,
        request: Request,
        sign_in: SignIn,
        connection: Connection,
        identifier: Identifier,
        *,
        again: bool = False,
    ) -> Response:
        same = sign_in.request.identifier_digest == identifier.digest
        # Pressed twice, or gone back and sent once more: the message is already on its way.
        waits = same and self.desk.clock.now() < self.desk.resend_opens(sign_in)
        if again or not waits:
            try:
                await self.send(request, sign_in, connection, identifier)
            except TooManyRequests as error:
                return slow_down(self.desk, request, sign_in, connection.name, error)
        return see_other(f"{sign_in.url}/code{'?sent=again' if again else ''}")

    async def _show(self, request: Request, name: str) -> Response:
        sign_in = await self.desk.sign_in(request)
        connection = self._offered(sign_in, name)
        return await self._page(request, sign_in, connection, _prefilled(sign_in, connection))

    async def _page(
        self, request: Request, sign_in: SignIn, connection: Connection, typed: Typed
    ) -> Response:
        session = await self._session(request, sign_in)
        continue_as = _continue_as(sign_in, session)
        frame = self.desk.frame(sign_in.client, sign_in.browser)
        others = {c.name for c in self.desk.connections_of(sign_in.client)} - {connection.name}
        if connection.name == EMAIL:
            view = views.SignInEmail(
                frame=frame,
                action=f"{sign_in.url}/email",
                value=typed.value,
                error=typed.error,
                suggestion=typed.suggestion,
                phone_url=f"{sign_in.url}/phone" if SMS in others else None,
                sign_up=connection.sign_up,
                continue_as=continue_as,
            )
            return self.desk.page(request, view)
        offered = countries.choices(connection.countries, request.state.origin.language)
        accept = request.headers.get("accept-language", "")
        return self.desk.page(
            request,
            views.SignInPhone(
                frame=frame,
                action=f"{sign_in.url}/phone",
                countries=offered,
                selected=typed.region or countries.likely(offered, accept),
                value=typed.value,
                error=typed.error,
                email_url=f"{sign_in.url}/email" if EMAIL in others else None,
                sign_up=connection.sign_up,
                continue_as=continue_as,
            ),
        )

    def _read_phone(
        self, request: Request, sign_in: SignIn, connection: Connection, form: Parameters
    ) -> tuple[Identifier | None, Sentence | None]:
        typed = form.one("phone") or ""
        if not typed.strip():
            return None, wording.missing_phone()
        region = form.one("country") or connection.countries[0]
        if region not in connection.countries:
            region = connection.countries[0]
        language = request.state.origin.language
        try:
            identifier = phone_identifier(typed, region, allow_examples=self._allow_examples)
        except BadPhoneNumber:
            return None, wording.bad_phone(countries.name_of(region, language))
        if identifier.region not in connection.countries:
            offered = any(c.name == EMAIL for c in self.desk.connections_of(sign_in.client))
            name = countries.name_of(identifier.region, language)
            return None, wording.country_not_allowed(name, email_offered=offered)
        return identifier, None

    def _choice(self, request: Request, sign_in: SignIn, session: Session) -> Response:
        view = views.ChooseAccount(
            frame=self.desk.frame(sign_in.client, sign_in.browser),
            identifier=session.identifier,
            action=f"{sign_in.url}/continue",
            other_url=f"{sign_in.url}/{PATHS[self._likely(sign_in).name]}",
        )
        return self.desk.page(request, view)

    def _too_early(self, request: Request, sign_in: SignIn, identifier: Identifier) -> Response:
        response = self.desk.page(request, not_received(self.desk, sign_in, identifier, early=True))
        wait = self.desk.resend_opens(sign_in) - self.desk.clock.now()
        response.headers["Retry-After"] = str(max(1, ceil(wait.total_seconds())))
        return response

    async def _session(self, request: Request, sign_in: SignIn) -> Session | None:
        if Prompt.LOGIN in sign_in.request.prompt.split():
            return None
        return await self.find_session(self.desk.cookies.session(request))

    def _likely(self, sign_in: SignIn) -> Connection:
        offered = self.desk.connections_of(sign_in.client)
        if not offered:
            message = "This application offers no way to sign in."
            raise InvalidRequest(message, detail="no connection of the client exists")
        hint = sign_in.request.login_hint or ""
        wanted = sign_in.request.challenged_connection or sign_in.request.connection
        if wanted is None and hint:
            wanted = EMAIL if "@" in hint else SMS
        return next((connection for connection in offered if connection.name == wanted), offered[0])

    def _offered(self, sign_in: SignIn, name: str) -> Connection:
        for connection in self.desk.connections_of(sign_in.client):
            if connection.name == name:
                return connection
        raise InvalidRequest(detail=f"the client does not offer {name}")

    @property
    def _allow_examples(self) -> bool:
        return self.desk.settings.allow_example_identifiers


def _prefilled(sign_in: SignIn, connection: Connection) -> Typed:
    request = sign_in.request
    if request.identifier is not None and request.challenged_connection == connection.name:
        return Typed(request.identifier)
    hint = request.login_hint or ""
    return Typed(hint if ("@" in hint) == (connection.name == EMAIL) else "")


def _continue_as(sign_in: SignIn, session: Session | None) -> views.ContinueAs | None:
    if session is None:
        return None
    return views.ContinueAs(
        identifier=session.identifier,
        action=f"{sign_in.url}/continue",
    )
