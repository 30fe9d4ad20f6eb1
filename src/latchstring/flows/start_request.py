"""What a start asks for, and what follows from it alone: the challenge's terms, the message."""

from datetime import datetime
from typing import Any

import msgspec

from latchstring.base.errors import InvalidRequest
from latchstring.base.ids import AuthorizationId
from latchstring.base.origin import Origin
from latchstring.base.settings import OtherBrowser, Send
from latchstring.domain.challenges.challenge import LONG_CODE, Challenge, Terms
from latchstring.domain.clients.client import Client
from latchstring.domain.connections.connection import Connection
from latchstring.domain.delivery.message import Channel, Message, message_id_for
from latchstring.domain.delivery.sign_in import SignIn, template_for
from latchstring.domain.delivery.store import Lease
from latchstring.domain.identities.identifier import SMS, Identifier


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """The hosted sign-in that asks, and how often it has asked before."""

    authorization_id: AuthorizationId
    starts: int


class StartRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants to sign in, to what, from where."""

    client: Client
    connection: Connection
    identifier: Identifier
    origin: Origin
    send: Send
    waiting: Waiting | None = None
    """The hosted sign-in that asks; none at the API, whose starts are bound to no browser."""

    return_to: dict[str, Any] | None = None
    """Where a link started at the API ends."""

    trusted: bool = False
    """The client proved its secret: its own servers' address says nothing about anybody."""

    idempotency_key: str | None = None
    """The same from the same client for the same person is the same start, however often it comes
    within the hour: its answer may have been lost."""

    known_since: datetime | None = None
    """When this browser last signed in as this identifier, if its cookie proves it."""

    @property
    def authorization_id(self) -> AuthorizationId | None:
        """The hosted sign-in's id."""
        return self.waiting.authorization_id if self.waiting else None


def check_sendable(request: StartRequest) -> None:
    """Raise ``InvalidRequest`` for what this connection may not send."""
    connection = request.connection
    identifier = request.identifier
    if identifier.connection == SMS and identifier.region not in connection.countries:
        message = "Texts can't be sent to numbers in this country. Use another way to sign in."
        raise InvalidRequest(message, field="phone_number", detail=f"region {identifier.region}")
    at_the_api = request.authorization_id is None
    denied = connection.other_browser is OtherBrowser.DENY
    if at_the_api and denied and request.send is Send.LINK:
        message = "Links of this connection only work in the browser that asked: use send=code."
        raise InvalidRequest(message, field="send")


def terms_of(request: StartRequest, *, longer: bool) -> Terms:
    """Return the terms of a new challenge, with long codes once the guess budget is used up."""
    connection = request.connection
    length = connection.code_length
    return Terms(
        send=request.send,
        code_length=max(length, LONG_CODE) if longer else length,
        code_lifetime=connection.code_lifetime,
        link_lifetime=connection.link_lifetime,
        max_attempts=connection.max_attempts,
        live=connection.live,
    )


def message_for(
    challenge: Challenge, request: StartRequest, terms: Terms, lease: Lease | None
) -> Message:
    """Return the outbox row that tells of a challenge, without any secret.

    Under a lease it is with its sender from the start, and nobody has to claim it; should the
    sender die, it is due when the lease has run out.
    """
    channel = Channel(challenge.connection)
    content = SignIn(
        client_id=challenge.client_id,
        client_name=request.client.name,
        connection=challenge.connection,
        send=challenge.send,
        code_length=challenge.code_length,
        code_seconds=int(terms.code_lifetime.total_seconds()),
        link_seconds=int(terms.link_lifetime.total_seconds()),
        requested_at=challenge.created_at,
        device=request.origin.device or "",
        color=request.client.color or "",
    )
    return Message(
        id=message_id_for(challenge.id),
        challenge_id=challenge.id,
        channel=channel,
        recipient=challenge.identifier,
        identifier_digest=challenge.identifier_digest,
        template=template_for(channel, challenge.send),
        language=request.origin.language,
        inputs=content.as_inputs(),
        key_version=challenge.key_version,
        decoy=challenge.decoy,
        created_at=challenge.created_at,
        give_up_at=_worthless_at(challenge),
        due_at=challenge.created_at if lease is None else lease.until,
        attempts=0 if lease is None else 1,
        lease_owner=None if lease is None else lease.owner,
    )


def _worthless_at(challenge: Challenge) -> datetime:
    if challenge.send is Send.LINK:
        return challenge.link_expires_at
    if challenge.send is Send.CODE:
        return challenge.code_expires_at
    return min(challenge.code_expires_at, challenge.link_expires_at)
