"""The flows of signing in on a real database, without pages around them; a clock that stands.

A fuse on the database makes a flow crash between two of its statements.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import jwt
import msgspec

from latchstring.base.errors import InvalidRequest, TooManyRequests
from latchstring.base.ids import AuthorizationId, ClientId
from latchstring.base.origin import Origin
from latchstring.base.secrets import digest
from latchstring.base.settings import LimitSettings, Send, SigningAlgorithm
from latchstring.db import statements
from latchstring.db.database import AtOnce, Database, Transaction
from latchstring.domain.audit import store as audit
from latchstring.domain.authorizations.request import Wanted
from latchstring.domain.challenges import store as challenges
from latchstring.domain.challenges.budget import Browser as Kind
from latchstring.domain.challenges.challenge import Challenge
from latchstring.domain.challenges.refusal import CodeExpired, LinkRefused, TooManyTries, WrongCode
from latchstring.domain.delivery.senders.inbox import Inbox
from latchstring.domain.identities import known_browser
from latchstring.domain.identities.identifier import (
    Identifier,
    email_identifier,
    phone_identifier,
)
from latchstring.domain.keys.key import KeyState, generate
from latchstring.domain.keys.signer import Signer
from latchstring.domain.limits import store as limits
from latchstring.domain.sessions.session import Lifetime
from latchstring.domain.tokens import refresh
from latchstring.flows.accept_challenge import AcceptChallenge, VerifiedUser
from latchstring.flows.allowances import limit_of
from latchstring.flows.answer_request import AnswerRequest
from latchstring.flows.authorize import Authorize, Browser, SignInNeeded
from latchstring.flows.find_session import FindSession
from latchstring.flows.follow_link import FollowLink, Press
from latchstring.flows.issue_tokens import IssueTokens
from latchstring.flows.lease_limit import LeasedLimit
from latchstring.flows.manage_connections import ManageConnections
from latchstring.flows.manage_users import ManageUsers
from latchstring.flows.open_session import OpenSession, SessionRequest
from latchstring.flows.purge_expired import PurgeExpired
from latchstring.flows.redeem_code import RedeemCode, RedeemRequest
from latchstring.flows.resume_authorization import ResumeAuthorization, Resumed
from latchstring.flows.start_passwordless import AlreadyStarted, StartPasswordless
from latchstring.flows.start_request import StartRequest, Waiting
from latchstring.flows.verify_passwordless import VerifyPasswordless, VerifyRequest
from latchstring.main import delivery
from latchstring.main.develop import inbox_senders
from latchstring.main.installation import Installation, opened
from tests.support.clock import FixedClock
from tests.support.house import CALLBACK, START_OF_TIME, settings_here

Result = TypeVar("Result")
Outcome = tuple[Any, ...]
CRASHED = ("crashed",)
ALICE = "alice@example.com"

SQL = statements.parse("""
-- challenges --
-- What is stored of each, oldest first.
select id, ended_by, case when ended_at is null then attempts end as wrong, decoy
from challenges order by identifier_digest, sequence

-- ids --
-- Challenges by their ids.
select id from challenges

-- users --
-- Who has an account.
select i.identifier, u.id as subject, u.blocked_at is not null as blocked, u.sign_ins
from identifiers i join users u on u.id = i.user_id

-- lowest --
-- Nothing ever counts below zero.
select min(n) from (
    select min(used) as n from limits union all select min(wrong) from wrong_answers
    union all select min(attempts) from challenges) as counts

-- unsent --
-- Challenges without their message, messages without their challenge's terms.
select count(*) from challenges c left join messages m on m.challenge_id = c.id
where m.id is null or m.decoy <> c.decoy or m.recipient <> c.identifier

-- suspicions --
-- Blocks of numbers that somebody may earn on.
select details from events where type = 'SmsPumpingSuspected'

-- damage --
-- What SQLite thinks of its file.
pragma integrity_check
""")


class ChallengeRow(msgspec.Struct, frozen=True):
    """A challenge as the table has it."""

    id: str
    ended_by: str | None
    wrong: int | None
    decoy: bool


class UserRow(msgspec.Struct, frozen=True):
    """A user as the tables have it."""

    identifier: str
    subject: str
    blocked: bool
    sign_ins: int


class PowerCut(Exception):
    """The fuse blew between two statements."""


@dataclass
class Fuse:
    """Blows after so many statements; never, at zero."""

    left: int = 0

    def burn(self) -> None:
        if self.left:
            self.left -= 1
            if not self.left:
                raise PowerCut


@dataclass(repr=False)
class FragileTransaction:
    """A transaction with a fuse behind each statement."""

    tx: Transaction
    fuse: Fuse

    async def one(self, statement, record, values):
        found = await self.tx.one(statement, record, values)
        self.fuse.burn()
        return found

    async def all(self, statement, record, values):
        found = await self.tx.all(statement, record, values)
        self.fuse.burn()
        return found

    async def run(self, statement, values) -> int:
        changed = await self.tx.run(statement, values)
        self.fuse.burn()
        return changed

    async def each(self, statement, record, values):
        found = await self.tx.each(statement, record, values)
        self.fuse.burn()
        return found


@dataclass(repr=False)
class FragileDatabase:
    """The database with a fuse in its writing."""

    database: Database
    fuse: Fuse

    @property
    def at_once(self) -> AtOnce | None:
        """Single statements have no middle to be cut off in: those with a fuse go step by step."""
        return None if self.fuse.left else self.database.at_once

    async def transact(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        async def fragile(tx: Transaction) -> Result:
            return await work(FragileTransaction(tx, self.fuse))

        return await self.database.transact(fragile)

    async def read(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        return await self.database.read(work)

    async def close(self) -> None:
        await self.database.close()


@dataclass
class BrowserState:
    """What a browser keeps: its cookie, the sign-in it waits in, its session, who it was."""

    name: str
    page: str | None = None
    session: str | None = None
    marks: str = ""

    @property
    def cookie(self) -> str:
        """The value that binds a sign-in to this browser."""
        return f"the cookie of {self.name}"


@dataclass(repr=False)
class World:
    """An installation, and the acts of people in it."""

    folder: Path
    clock: FixedClock
    limits: LimitSettings
    fuse: Fuse = field(default_factory=Fuse)
    browsers: dict[str, BrowserState] = field(default_factory=dict)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _seen: int = 0

    async def open(self) -> None:
        """Start the program on its file."""
        settings = settings_here(self.folder, limits=self.limits)
        self.installation: Installation = await self._stack.enter_async_context(
            opened(settings, self.clock)
        )
        database, keyring = self.installation.database, self.installation.keyring
        fragile = FragileDatabase(database, self.fuse)
        configuration, lifetimes = self.installation.configuration, settings.lifetimes
        lifetime = Lifetime(lifetimes.session_idle, lifetimes.session_absolute)
        accept = AcceptChallenge(OpenSession(lifetime))
        self.inbox = Inbox(self.clock)
        self._seen = 0
        senders = inbox_senders(self.inbox)
        self.worker = delivery.worker(self.installation, senders, delivery.SERVER)
        self.worker.report = lambda _: None
        minute = timedelta(minutes=1)
        texts = LeasedLimit(
            database,
            self.clock,
            limit_of("sms_per_installation", self.limits.sms_per_installation),
            "installation",
        )
        self.flow_start = StartPasswordless(
            fragile, keyring, self.clock, self.limits, self.worker, texts
        )
        self.flow_verify = VerifyPasswordless(fragile, keyring, self.clock, self.limits, accept)
        signer = Signer(keyring)
        now, current = self.clock.now(), KeyState.CURRENT
        signer.replace([generate(SigningAlgorithm.ES256, current, keyring, now=now)])
        tokens = IssueTokens(
            signer,
            settings.issuer,
            lifetimes.access_token,
            keyring,
            refresh.Lifetime(lifetimes.refresh_token_idle, lifetimes.refresh_token_absolute),
        )
        self.flow_redeem = RedeemCode(fragile, self.flow_verify, tokens)
        self.flow_link = FollowLink(fragile, keyring, self.clock, configuration, accept, minute)
        answer = AnswerRequest(configuration, tokens, minute)
        self.flow_authorize = Authorize(fragile, self.clock, answer)
        self.flow_resume = ResumeAuthorization(database, self.clock, answer)
        self.flow_find_session = FindSession(database, self.clock, lifetime)
        self.users = ManageUsers(fragile, self.clock)
        self.connections = ManageConnections(database, self.clock, configuration.refresh)

    async def close(self) -> None:
        """Stop the program."""
        await self._stack.aclose()

    def browser(self, name: str) -> BrowserState:
        """Return a person's browser."""
        return self.browsers.setdefault(name, BrowserState(name))

    # --- acts -----------------------------------------------------------------------------------

    async def attempt(self, act: Awaitable[Result]) -> Result | Outcome:
        """Do it; the fuse may blow, and then it was not done."""
        try:
            return await act
        except PowerCut:
            return CRASHED
        finally:
            self.fuse.left = 0

    async def visit(self, name: str, client: str) -> str:
        """Come from an application and wait on its sign-in page."""
        wanted = a_request_of(client)
        browser = self.browser(name)
        stranger = Browser(token=browser.cookie, session=None)
        registered = self.installation.configuration.current.clients[wanted.client_id]
        answer = await self.flow_authorize(wanted, stranger, registered)
        assert isinstance(answer, SignInNeeded)
        browser.page = answer.request_id
        return answer.request_id

    async def start(
        self, person: str, client: str, *, send: str, address: str, browser: str | None, starts: int
    ) -> tuple[Outcome, str]:
        """Ask for a message, on a page or at the API; return the new challenge's id too."""
        request = self.a_start_request(
            person, client, send=send, address=address, browser=browser, starts=starts
        )
        try:
            started = await self.flow_start(request)
        except InvalidRequest:
            return ("refused",), ""
        except TooManyRequests as limit:
            return ("limit", limit.limit, limit.until), ""
        if isinstance(started, AlreadyStarted):
            return ("twice",), ""
        return ("started", started.code_length), started.challenge_id

    def a_start_request(
        self,
        person: str,
        client: str = "acme-web",
        *,
        send: str = "code",
        address: str = "192.0.2.1",
        browser: str | None = None,
        starts: int = 0,
    ) -> StartRequest:
        """What a surface makes of somebody's wish for a message."""
        state = self.browser(browser) if browser else None
        identifier = identifier_of(person)
        current = self.installation.configuration.current
        back = a_request_of(client) if state is None and send != "code" else None
        waiting = None
        if state and state.page:
            waiting = Waiting(authorization_id=AuthorizationId(state.page), starts=starts)
        return StartRequest(
            client=current.clients[ClientId(client)],
            connection=current.connections[identifier.connection],
            identifier=identifier,
            origin=Origin(ip=address),
            send=Send(send),
            waiting=waiting,
            return_to=msgspec.to_builtins(back) if back else None,
            trusted=client == "acme-web" and state is None,
            known_since=self._known_since(state, identifier),
        )

    async def ask(
        self, person: str = ALICE, client: str = "acme-web", *, send: str = "both", **how: Any
    ) -> tuple[str, str]:
        """Ask for a message that must come; return its code and its link's token."""
        how = {"address": "192.0.2.1", "browser": None, "starts": 0, **how}
        outcome, _ = await self.start(person, client, send=send, **how)
        assert outcome[0] == "started", outcome
        ((_, code, token),) = await self.delivered()
        return code, token

    async def enter(
        self, text: str, person: str = ALICE, client: str = "acme-web", **how: Any
    ) -> Outcome:
        """Type a code at the API, unless a browser is named."""
        how = {"address": "192.0.2.1", "browser": None, **how}
        return await self.answer(person, client, text, **how)

    async def delivered(self) -> list[tuple[str, str, str]]:
        """Deliver; return recipient, code and link token of each new message."""
        await self.worker.deliver_due()
        new = [message for message in self.inbox.list() if message.number > self._seen]
        self._seen += len(new)
        return [(m.recipient, m.code or "", (m.link or "")[-43:]) for m in new]

    async def answer(
        self, person: str, client: str, text: str, *, address: str, browser: str | None
    ) -> Outcome:
        """Type a code on the page that waits in a browser, or at the API."""
        state, identifier = self.browser(browser) if browser else None, identifier_of(person)
        origin = Origin(ip=address)
        session = None
        if state:
            session = SessionRequest(
                identifier=identifier,
                client_id=ClientId(client),
                origin=origin,
                previous_token=state.session,
                authorization_id=AuthorizationId(state.page) if state.page else None,
            )
        request = VerifyRequest(
            client_id=ClientId(client),
            connection=self.installation.configuration.current.connections[identifier.connection],
            identifier=identifier,
            code=text,
            origin=origin,
            trusted=client == "acme-web" and state is None,
            known_since=self._known_since(state, identifier),
            session=session,
        )
        try:
            if state is None:
                return ("accepted", await self._redeem(request))
            user = await self.flow_verify(request)
        except WrongCode as wrong:
            return ("wrong", wrong.attempts_left)
        except CodeExpired:
            return ("expired",)
        except TooManyTries:
            return ("too many",)
        except TooManyRequests as limit:
            return ("limit", limit.limit, limit.until)
        self._signed_in(state, user)
        return ("accepted", user.created)

    async def _redeem(self, request: VerifyRequest) -> bool:
        """Exchange a code for tokens; return whether that made the account that they name."""
        wanted = RedeemRequest(
            verification=request, scope="openid", algorithm=SigningAlgorithm.ES256
        )
        tokens = await self.flow_redeem(wanted)
        claims = jwt.decode(tokens.id_token or "", options={"verify_signature": False})
        user = (await self.users.show(request.identifier.value)).user
        assert claims["sub"] == user.id
        assert claims["aud"] == request.client_id
        return user.sign_ins == 1

    async def look(self, token: str, name: str) -> Outcome:
        """Open a link."""
        opened_link = await self.flow_link.look(token, digest(self.browser(name).cookie))
        return (str(opened_link.way), str(opened_link.state)) if opened_link else ("unknown",)

    async def press(self, token: str, name: str) -> Outcome:
        """Press the button of a link's page."""
        state = self.browser(name)
        press = Press(
            token=token,
            browser_digest=digest(state.cookie),
            origin=Origin(ip="192.0.2.99"),
            previous_token=state.session,
        )
        try:
            pressed = await self.flow_link.press(press)
        except LinkRefused as refused:
            return ("refused", refused.state)
        assert (pressed.code is None) == (pressed.wanted is None)
        assert (pressed.wanted is None) == (pressed.user.challenge.return_to is None)
        self._signed_in(state, pressed.user)
        return ("accepted", pressed.user.created)

    async def show(self, token: str, name: str) -> tuple[Outcome, str]:
        """Ask a link's page for the code."""
        try:
            code, _ = await self.flow_link.code(token, digest(self.browser(name).cookie))
        except LinkRefused as refused:
            return ("refused", refused.state), ""
        return ("code",), code

    async def void(self, token: str) -> None:
        """Say that nobody asked for this."""
        await self.flow_link.void(token, Origin(ip="192.0.2.99"))

    async def resume(self, name: str, request_id: str) -> bool:
        """Go back to the application; answer whether it got its code."""
        state = self.browser(name)
        session = await self.flow_find_session(state.session)
        browser = Browser(token=state.cookie, session=session)
        return isinstance(await self.flow_resume(AuthorizationId(request_id), browser), Resumed)

    async def is_signed_in(self, token: str | None) -> bool:
        """Whether a session cookie is worth anything."""
        return await self.flow_find_session(token) is not None

    async def purge(self) -> None:
        """Drop what is over."""
        await PurgeExpired(self.installation.database, self.clock)()

    # --- looking behind the curtain -------------------------------------------------------------

    async def events(self, person: str = ALICE) -> list[str]:
        """Return what was recorded about an identifier, oldest first."""
        key = identifier_of(person).digest
        read = self.installation.database.read
        found = await read(lambda tx: audit.events_of(tx, None, key, count=100))
        return [event.type for event in reversed(found)]

    async def events_of_user(self, person: str) -> list[str]:
        """Return what was recorded about a user, oldest first."""
        user_id = (await self.users.show(person)).user.id
        read = self.installation.database.read
        found = await read(lambda tx: audit.events_of(tx, user_id, None, count=100))
        return [event.type for event in reversed(found)]

    async def count(self, table: str) -> int:
        """Return how many rows a table has."""
        statement = statements.Statement("count", f"select count(*) from {table}")  # noqa: S608 - a table of ours
        read = self.installation.database.read
        return await read(lambda tx: tx.one(statement, int, {})) or 0

    async def rows(self, name: str, record: type[Result]) -> list[Result]:
        """Return what the tables hold."""
        return await self.installation.database.read(lambda tx: tx.all(SQL[name], record, {}))

    async def challenge(self, challenge_id: Any) -> Challenge | None:
        """Return a challenge by its id."""
        read = self.installation.database.read
        return await read(lambda tx: challenges.find_challenge(tx, challenge_id))

    async def guesses(self, person: str, kind: str) -> tuple[int, int]:
        """Return how much of the guess budget is spent."""
        key, now = identifier_of(person).digest, self.clock.now()
        found = await self.installation.database.read(
            lambda tx: challenges.count_guesses(tx, key, Kind(kind), now)
        )
        return found.in_a_day, found.in_a_month

    async def window(self, name: str, key: str) -> tuple[int, datetime]:
        """Return how often a limit was used, and until when that counts."""
        if name.endswith("_per_address"):
            key = Origin(ip=key.removesuffix("/64")).network
        if name == "starts_per_identifier":
            kind, _, person = key.partition(" ")
            key = f"{kind}:{identifier_of(person).digest}"
        limit = limit_of(name, getattr(self.limits, name))
        found = await self.installation.database.read(
            lambda tx: limits.find_window(tx, limit, key or "installation")
        )
        assert found
        return found.used, found.window_ends_at

    def _known_since(self, state: BrowserState | None, identifier: Identifier) -> datetime | None:
        if state is None:
            return None
        keyring = self.installation.keyring
        return known_browser.known_since(
            state.marks, identifier.digest, keyring, now=self.clock.now()
        )

    def _signed_in(self, state: BrowserState | None, user: VerifiedUser) -> None:
        if state is None:
            assert user.opened is None
            return
        assert user.opened
        state.session = user.opened.token
        keyring = self.installation.keyring
        state.marks = known_browser.remember(
            state.marks, user.identifier.digest, keyring, now=user.at
        )


@asynccontextmanager
async def a_world(folder: Path, **limits: Any) -> AsyncIterator[World]:
    """Open an installation in a folder; named limits replace the defaults."""
    world = World(folder, FixedClock(START_OF_TIME), LimitSettings(**limits))
    await world.open()
    try:
        yield world
    finally:
        await world.close()


def identifier_of(person: str) -> Identifier:
    """Read an address or a number as surfaces do."""
    if "@" in person:
        return email_identifier(person, allow_examples=True)
    return phone_identifier(person, None, allow_examples=True)


def a_request_of(client: str) -> Wanted:
    """A sound authorization request."""
    return Wanted(
        client_id=ClientId(client), redirect_uri=CALLBACK, response_mode="query", scope="openid"
    )
