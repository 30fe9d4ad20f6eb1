"""A message: one row of the outbox, from the request that asked for it to its settlement."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from latchstring.base.ids import ChallengeId, IdentifierDigest, MessageId


class Channel(StrEnum):
    """What carries the message."""

    EMAIL = "email"
    SMS = "sms"


class State(StrEnum):
    """Where a message stands; every state but ``queued`` is final.

    Only a withdrawn message that had left just before becomes ``handed_over`` after all.
    """

    QUEUED = "queued"
    HANDED_OVER = "handed_over"
    """The relay or gateway took it; it is never knowingly sent again."""
    FAILED = "failed"
    """Refused for good."""
    EXPIRED = "expired"
    """Could not be handed over while its code and link were worth anything."""
    SUPPRESSED = "suppressed"
    """Not to be sent: a decoy, written so that a stranger learns nothing and never meant for
    anybody; or withdrawn, because its code and link were ended before it left."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one recipient.

    ``due_at`` is when anybody may next take it: the time of the next attempt or, while somebody
    holds it, the end of the lease. Settled, it stands still until it is purged.
    """

    id: MessageId
    challenge_id: ChallengeId
    channel: Channel
    recipient: str
    identifier_digest: IdentifierDigest
    template: str
    language: str
    inputs: dict[str, Any]
    """What the template says, without any secret; see ``SignIn``."""
    key_version: int
    decoy: bool
    created_at: datetime
    give_up_at: datetime
    due_at: datetime
    state: State = State.QUEUED
    attempts: int = 0
    lease_owner: str | None = None
    settled_at: datetime | None = None
    last_error: str = ""
    provider_answer: str = ""


def message_id_for(challenge_id: ChallengeId) -> MessageId:
    """Return the id of the one message that tells of a challenge: enqueuing twice cannot be."""
    return MessageId(f"msg_{challenge_id}")
