"""What a person lets somebody else's application know and do: whether to ask, and the answer."""

import msgspec

from latchstring.base.clock import Clock
from latchstring.base.ids import UserId
from latchstring.base.origin import Origin
from latchstring.db.database import Database, Transaction
from latchstring.domain.audit import store as audit
from latchstring.domain.audit.event import ConsentGranted
from latchstring.domain.authorizations import store as authorizations
from latchstring.domain.authorizations.consent import NO_API, Consent, scopes_in_question
from latchstring.domain.authorizations.request import AuthorizationRequest
from latchstring.domain.clients.client import Client
from latchstring.domain.sessions.session import Session
from latchstring.flows.issue_code import proof_of


async def lacks_consent(
    tx: Transaction, request: AuthorizationRequest, client: Client, user_id: UserId
) -> bool:
    """Whether the person has to be asked before this application gets its answer.

    The operator's own applications ask for nothing that the operator does not have.
    """
    if client.first_party or request.has_consent_of(user_id):
        return False
    if request.wants_new_consent:
        return True
    granted = await authorizations.scopes_consented(
        tx, user_id, client.client_id, request.audience or NO_API
    )
    return not granted.issuperset(scopes_in_question(request.scope, request.claims))


class GrantConsent(msgspec.Struct, frozen=True):
    """The person's answer, for this request and for those that ask for no more."""

    database: Database
    clock: Clock

    def concerns(self, request: AuthorizationRequest, session: Session | None) -> bool:
        """Whether this session's person is the one to answer the request."""
        return (
            session is not None
            and not request.ends_here
            and request.is_for(session.user_id)
            and request.is_satisfied_by(proof_of(session), now=self.clock.now())
        )

    async def allow(self, request: AuthorizationRequest, session: Session, origin: Origin) -> None:
        """Remember that the person agreed; a request that is over or was refused stays so."""
        await self.database.transact(lambda tx: self._allow(tx, request, session, origin))

    async def refuse(self, request: AuthorizationRequest) -> None:
        """Remember that the person said no, for this request alone."""
        now = self.clock.now()
        await self.database.transact(lambda tx: authorizations.note_refusal(tx, request.id, now))

    async def _allow(
        self, tx: Transaction, request: AuthorizationRequest, session: Session, origin: Origin
    ) -> None:
        now, user_id = self.clock.now(), session.user_id
        if not await authorizations.note_consent(tx, request.id, user_id, now):
            return
        scopes = scopes_in_question(request.scope, request.claims)
        audience = request.audience or NO_API
        for scope in scopes:
            consent = Consent(
                user_id=user_id,
                client_id=request.client_id,
                audience=audience,
                scope=scope,
                granted_at=now,
            )
            await authorizations.insert_consent(tx, consent)
        granted = ConsentGranted(
            user_id=user_id,
            client_id=request.client_id,
            audience=request.audience,
            scope=" ".join(scopes),
        )
        await audit.record(tx, granted, origin, now=now)
