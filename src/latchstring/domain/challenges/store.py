"""Challenges and guess budgets in the database. Concurrency lives in the statements."""

from datetime import datetime

from latchstring.base.ids import AuthorizationId, ChallengeId, IdentifierDigest
from latchstring.db import records, statements
from latchstring.db.database import Transaction
from latchstring.domain.challenges.budget import (
    Browser,
    Guesses,
    day_before,
    hour_of,
    month_before,
)
from latchstring.domain.challenges.challenge import Challenge, EndedBy

SQL = statements.load(__package__)


async def add(tx: Transaction, challenge: Challenge, *, live: int, now: datetime) -> None:
    """Keep a new challenge and retire all but the newest ``live`` of its identifier."""
    sequence = await tx.one(SQL["insert_challenge"], int, records.values_of(challenge))
    if sequence is None or sequence > live:
        values = {"identifier_digest": challenge.identifier_digest, "live": live, "now": now}
        await tx.run(SQL["supersede_older"], values)


async def hold_answerable(
    tx: Transaction, digest: IdentifierDigest, now: datetime
) -> list[Challenge]:
    """Return every challenge a code could answer, and keep other answers waiting until the end.

    Who compares holds these; nothing may be compared that was not held.
    """
    values = {"identifier_digest": digest, "now": now}
    return await tx.all(SQL["hold_answerable"], Challenge, values)


async def spend_attempt(
    tx: Transaction, digest: IdentifierDigest, *, shortest: int, now: datetime
) -> int:
    """Count a wrong answer against every challenge it was compared with; answer how many.

    ``shortest`` leaves out codes with fewer digits.
    """
    values = {"identifier_digest": digest, "shortest": shortest, "now": now}
    return await tx.run(SQL["spend_attempt"], values)


async def find_over(tx: Transaction, digest: IdentifierDigest, now: datetime) -> list[Challenge]:
    """Return the challenges of late that no code answers any more."""
    values = {"identifier_digest": digest, "now": now}
    return await tx.all(SQL["find_over"], Challenge, values)


async def has_unanswered(tx: Transaction, digest: IdentifierDigest, now: datetime) -> bool:
    """Whether some challenge is neither ended nor expired, tries left or not."""
    values = {"identifier_digest": digest, "now": now}
    return bool(await tx.one(SQL["count_unanswered"], int, values))


async def end_all(
    tx: Transaction, digest: IdentifierDigest, *, ended_by: EndedBy, now: datetime
) -> list[ChallengeId]:
    """End every live challenge of the identifier; of racing callers one gets their ids."""
    values = {"identifier_digest": digest, "ended_by": ended_by, "now": now}
    return [ChallengeId(ended) for ended in await tx.all(SQL["end_all"], str, values)]


async def void_all(tx: Transaction, now: datetime) -> int:
    """End every live challenge of everybody; answer how many there were."""
    return await tx.run(SQL["void_all"], {"now": now})


async def find_challenge(tx: Transaction, challenge_id: ChallengeId) -> Challenge | None:
    """Return a challenge by its id."""
    return await tx.one(SQL["find_challenge"], Challenge, {"id": challenge_id})


async def newest_of_authorization(
    tx: Transaction, digest: IdentifierDigest, authorization_id: AuthorizationId
) -> Challenge | None:
    """Return the challenge that a waiting page last caused for an identifier."""
    values = {"identifier_digest": digest, "authorization_id": authorization_id}
    return await tx.one(SQL["newest_of_authorization"], Challenge, values)


async def live_lengths(tx: Transaction, digest: IdentifierDigest, now: datetime) -> list[int]:
    """Return how many digits the identifier's live codes have."""
    values = {"identifier_digest": digest, "now": now}
    return await tx.all(SQL["live_lengths"], int, values)


async def note_opened(tx: Transaction, challenge: Challenge, now: datetime) -> None:
    """Remember that something (a person, a scanner) opened the link; once."""
    values = {"identifier_digest": challenge.identifier_digest, "id": challenge.id, "now": now}
    await tx.run(SQL["note_opened"], values)


async def spend_guess(
    tx: Transaction, digest: IdentifierDigest, browser: Browser, now: datetime
) -> None:
    """Count a wrong answer in the identifier's budget."""
    values = {"identifier_digest": digest, "browser": browser, "hour_at": hour_of(now)}
    await tx.run(SQL["spend_guess"], values)


async def count_guesses(
    tx: Transaction, digest: IdentifierDigest, browser: Browser, now: datetime
) -> Guesses:
    """Return the wrong answers of the last day and the last thirty days."""
    values = {
        "identifier_digest": digest,
        "browser": browser,
        "day_ago": day_before(now),
        "month_ago": month_before(now),
    }
    return await tx.one(SQL["count_guesses"], Guesses, values) or Guesses(0, 0)


async def purge(tx: Transaction, *, before: datetime, month_ago: datetime, count: int) -> int:
    """Drop a small batch of rows that nothing looks at any more; answer how many went."""
    gone = await tx.run(SQL["purge_challenges"], {"before": before, "count": count})
    return gone + await tx.run(SQL["purge_guesses"], {"before": month_ago, "count": count})
