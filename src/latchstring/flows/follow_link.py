"""What a magic link can do, and doing it.

Looking changes nothing, however often scanners look: only a press (a POST) consumes. A link works
in any browser, in the way its connection's ``other_browser`` says; the browser that asked is never
completed by a press elsewhere.
"""

import contextlib
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.errors import Unavailable
from latchstring.base.ids import ChallengeId
from latchstring.base.origin import Origin
from latchstring.base.secrets import Keyring
from latchstring.base.settings import OtherBrowser, Send
from latchstring.db.database import Database, Transaction
from latchstring.domain.audit import store as audit
from latchstring.domain.audit.event import ChallengeRefused as Refusal
from latchstring.domain.audit.event import ChallengesVoided
from latchstring.domain.authorizations import store as authorizations
from latchstring.domain.authorizations.request import (
    AuthorizationRequest,
    Wanted,
    open_request,
)
from latchstring.domain.challenges import secret
from latchstring.domain.challenges import store as challenges
from latchstring.domain.challenges.challenge import Challenge, EndedBy, LinkState
from latchstring.domain.challenges.refusal import LinkRefused
from latchstring.domain.connections.connection import Connection
from latchstring.domain.delivery import store as delivery
from latchstring.domain.identities import store as identities
from latchstring.domain.identities.identifier import Identifier
from latchstring.domain.identities.user import Standing
from latchstring.domain.sessions import store as sessions
from latchstring.domain.sessions.session import session_id_of
from latchstring.flows.accept_challenge import AcceptChallenge, Method, Proof, VerifiedUser
from latchstring.flows.answer_request import CODE
from latchstring.flows.grant_consent import lacks_consent
from latchstring.flows.issue_code import issue_code
from latchstring.flows.open_session import SessionRequest
from latchstring.flows.refresh_configuration import RefreshConfiguration


class Way(StrEnum):
    """What opening the link offers in this browser."""

    CONTINUE = "continue"
    """This browser asked, and waits: it may go on without a press."""

    CONFIRM = "confirm"
    CODE = "code"
    DENIED = "denied"
    OVER = "over"


class OpenedLink(msgspec.Struct, frozen=True, kw_only=True):
    """A genuine link as this browser sees it."""

    challenge: Challenge
    way: Way
    state: LinkState
    request: AuthorizationRequest | None
    """The sign-in that waits in this very browser, if it is the one that asked."""

    signed_in_as: str | None
    """Whom this browser is signed in as, if anybody."""

    has_code: bool
    """Whether the code can be shown: it still works, and somewhere waits a page that takes it."""

    @property
    def is_signed_in(self) -> bool:
        """Whether this browser is signed in as the person whom the link was for."""
        return self.signed_in_as == self.challenge.identifier


class Pressed(msgspec.Struct, frozen=True):
    """A link was consumed: who signed in, and the code for the application that started it."""

    user: VerifiedUser
    wanted: Wanted | None
    """Where an API start wanted its link to end."""

    code: str | None
    """The authorization code to take there; where there is none, ``/authorize`` has the answer."""


class Press(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody pressed the link page's button."""

    token: str
    browser_digest: str | None
    origin: Origin
    previous_token: str | None = None
    """The session cookie the browser came with; it ends when the new session opens."""


class FollowLink(msgspec.Struct, frozen=True):
    """Reads, consumes, shows the code of, or voids the challenge behind a magic link."""

    database: Database
    keyring: Keyring
    clock: Clock
    configuration: RefreshConfiguration
    accept_challenge: AcceptChallenge
    code_lifetime: timedelta

    async def look(
        self, token: str, browser_digest: str | None, *, session_token: str | None = None
    ) -> OpenedLink | None:
        """Return what the link offers here, changing nothing; None for a mangled or forged one."""
        link = secret.read_link(token, self.keyring)
        if link is None:
            return None
        return await self.database.read(
            lambda tx: self._look(tx, link, browser_digest, session_token=session_token)
        )

    async def press(self, press: Press) -> Pressed:
        """Consume the link and sign this browser in; raise ``LinkRefused`` with its state."""
        link = secret.read_link(press.token, self.keyring)
        if link is None:
            raise LinkRefused("unknown")
        outcome = await self.database.transact(lambda tx: self._press(tx, link, press))
        if isinstance(outcome, str):
            raise LinkRefused(outcome)
        return outcome

    async def code(self, token: str, browser_digest: str | None) -> tuple[str, Challenge]:
        """Return the code to type where the sign-in began; raise ``LinkRefused``."""
        opened = await self.look(token, browser_digest)
        if opened is None:
            raise LinkRefused("unknown")
        challenge = opened.challenge
        if opened.way is Way.OVER:
            raise LinkRefused(opened.state)
        if opened.way is Way.DENIED:
            raise LinkRefused("denied")
        if not opened.has_code:
            raise LinkRefused("no code")
        code = secret.code_of(
            challenge.id,
            length=challenge.code_length,
            version=challenge.key_version,
            keyring=self.keyring,
        )
        return code, challenge

    async def void(self, token: str, origin: Origin) -> None:
        """End every live code and link of the identifier: its owner did not ask for them.

        A link that is over ends nothing: whoever kept an old one could stop every later sign-in.
        """
        link = secret.read_link(token, self.keyring)
        if link is not None:
            await self.database.transact(lambda tx: self._void(tx, link, origin))

    async def note_opened(self, challenge: Challenge) -> None:
        """Remember, once per challenge, that something opened the link. Off the request's path."""
        now = self.clock.now()
        # Nobody waits for this note, and it is worth no error.
        with contextlib.suppress(Unavailable):
            await self.database.transact(lambda tx: challenges.note_opened(tx, challenge, now))

    async def _look(
        self,
        tx: Transaction,
        link: secret.GenuineLink,
        browser_digest: str | None,
        *,
        session_token: str | None = None,
    ) -> OpenedLink | None:
        challenge = await challenges.find_challenge(tx, link.challenge_id)
        if challenge is None:
            return None
        request = await _own_request(tx, challenge, browser_digest)
        now = self.clock.now()
        state = challenge.link_state(now)
        way = Way.OVER
        if state is LinkState.LIVE:
            own = request is not None and request.is_pending(now)
            way = _way(self._connection_of(challenge), own=own)
        return OpenedLink(
            challenge=challenge,
            way=way,
            state=state,
            request=request,
            signed_in_as=await _signed_in_as(tx, session_token, now=now),
            has_code=_has_code(challenge, way, now=now),
        )

    async def _press(
        self, tx: Transaction, link: secret.GenuineLink, press: Press
    ) -> Pressed | str:
        now = self.clock.now()
        opened = await self._look(tx, link, press.browser_digest)
        if opened is None:
            return "unknown"
        if opened.way is Way.OVER:
            return opened.state
        challenge = opened.challenge
        refusal = await self._refusal(tx, opened)
        if refusal is not None:
            await audit.record(tx, _refused(challenge, refusal), press.origin, now=now)
            return refusal
        ended = await challenges.end_all(
            tx, challenge.identifier_digest, ended_by=EndedBy.USED, now=now
        )
        if challenge.id not in ended:
            return LinkState.USED  # of racing presses one ends the challenge
        standing = await identities.find_standing(tx, challenge.identifier_digest)
        proof = _proof(opened, press, ended, standing)
        user = await self.accept_challenge(tx, proof, now=now)
        return await self._answer(tx, user, now=now)

    async def _answer(self, tx: Transaction, user: VerifiedUser, *, now: datetime) -> Pressed:
        if user.challenge.return_to is None or user.opened is None:
            return Pressed(user, None, None)
        wanted = msgspec.convert(user.challenge.return_to, Wanted)
        client = self.configuration.current.clients[user.challenge.client_id]
        if not client.accepts_callback(wanted.redirect_uri):
            return Pressed(user, None, None)  # no longer among the client's callbacks
        request = open_request(wanted, "", now=now)
        session = user.opened.session
        if request.response_types != {CODE}:
            return Pressed(user, wanted, None)  # tokens for the browser are given at /authorize
        if await lacks_consent(tx, request, client, session.user_id):
            return Pressed(user, wanted, None)  # /authorize asks; a link does not
        code = await issue_code(tx, request, session, lifetime=self.code_lifetime, now=now)
        return Pressed(user, wanted, code)

    async def _refusal(self, tx: Transaction, opened: OpenedLink) -> str | None:
        if opened.way in (Way.DENIED, Way.CODE):
            return "denied"
        standing = await identities.find_standing(tx, opened.challenge.identifier_digest)
        connection = self._connection_of(opened.challenge)
        client = self.configuration.current.clients.get(opened.challenge.client_id)
        if connection is None or client is None or not client.offers(connection.name):
            return "unknown"  # an administrator took it away since
        welcome = connection.sign_up
        if standing is not None:
            welcome = standing.blocked_at is None
        return None if welcome and not opened.challenge.decoy else "unknown"

    async def _void(self, tx: Transaction, link: secret.GenuineLink, origin: Origin) -> None:
        challenge = await challenges.find_challenge(tx, link.challenge_id)
        now = self.clock.now()
        if challenge is None or challenge.link_state(now) is not LinkState.LIVE:
            return
        digest = challenge.identifier_digest
        ended = await challenges.end_all(tx, digest, ended_by=EndedBy.VOIDED, now=now)
        await delivery.withdraw(tx, challenge.identifier, reason=EndedBy.VOIDED, now=now)
        voided = ChallengesVoided(identifier_digest=digest, count=len(ended), by="link")
        await audit.record(tx, voided, origin, now=now)

    def _connection_of(self, challenge: Challenge) -> Connection | None:
        return self.configuration.current.connections.get(challenge.connection)


async def _own_request(
    tx: Transaction, challenge: Challenge, browser_digest: str | None
) -> AuthorizationRequest | None:
    if challenge.authorization_id is None or browser_digest is None:
        return None
    return await authorizations.find_request(tx, challenge.authorization_id, browser_digest)


async def _signed_in_as(tx: Transaction, session_token: str | None, *, now: datetime) -> str | None:
    if session_token is None:
        return None
    session = await sessions.find_session(tx, session_id_of(session_token))
    return session.identifier if session is not None and session.is_live(now) else None


def _has_code(challenge: Challenge, way: Way, *, now: datetime) -> bool:
    taken = challenge.authorization_id is not None or challenge.send is not Send.LINK
    return challenge.is_answerable(now) and (taken or way is Way.CODE)


def _way(connection: Connection | None, *, own: bool) -> Way:
    if own:
        return Way.CONTINUE
    if connection is None or connection.other_browser is OtherBrowser.DENY:
        return Way.DENIED
    return Way.CODE if connection.other_browser is OtherBrowser.CODE else Way.CONFIRM


def _proof(
    opened: OpenedLink, press: Press, ended: list[ChallengeId], standing: Standing | None
) -> Proof:
    challenge = opened.challenge
    own = opened.way is Way.CONTINUE
    identifier = Identifier(challenge.connection, challenge.identifier)
    session = SessionRequest(
        identifier=identifier,
        client_id=challenge.client_id,
        origin=press.origin,
        previous_token=press.previous_token,
        authorization_id=challenge.authorization_id if own else None,
    )
    return Proof(
        challenge=challenge,
        ended=ended,
        identifier=identifier,
        method=Method.LINK,
        standing=standing,
        origin=press.origin,
        session=session,
    )


def _refused(challenge: Challenge, reason: str) -> Refusal:
    return Refusal(
        identifier_digest=challenge.identifier_digest,
        client_id=challenge.client_id,
        connection=challenge.connection,
        reason=reason,
    )
