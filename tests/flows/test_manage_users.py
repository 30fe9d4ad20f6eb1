"""Administrators find, block and delete users, and void what they were sent."""

from dataclasses import dataclass

import pytest

from latchstring.base.errors import InvalidRequest, NotFound
from latchstring.domain.audit import store as audit
from latchstring.domain.challenges import store as challenges
from latchstring.domain.identities import store as identities
from latchstring.domain.sessions import store as sessions
from latchstring.domain.tokens import store as tokens
from tests.support.administration import an_office
from tests.support.people import a_person


@dataclass(frozen=True)
class Left:
    """What a person can still do."""

    session: bool
    token: bool
    challenge: bool


async def left_of(office, person):
    async def work(tx):
        session = await sessions.find_session(tx, person.session.id)
        token = await tokens.find_access_token(tx, person.token.token_digest)
        challenge = await challenges.find_challenge(tx, person.challenge.id)
        now = office.clock.now()
        return Left(
            session=session is not None and session.is_live(now),
            token=token is not None and token.is_live(now),
            challenge=challenge is not None and challenge.ended_at is None,
        )

    return await office.database.read(work)


async def events_of(office, person):
    found = await office.database.read(
        lambda tx: audit.events_of(tx, person.user_id, person.identifier.digest, count=10)
    )
    return {event.type for event in found}


@pytest.mark.parametrize("named", ["alice@example.com", " Alice@EXAMPLE.com ", None])
async def test_a_user_is_found_by_address_and_by_subject(tmp_path, named):
    async with an_office(tmp_path / "x.db") as office:
        alice = await a_person(office)
        await a_person(office, "bob@example.com")
        profile = await office.desk.users.show(named or alice.user_id)
        assert profile.user.id == alice.user_id
        assert [each.identifier for each in profile.identifiers] == ["alice@example.com"]


@pytest.mark.parametrize("named", ["nobody@example.com", "+14155550100", "email|0000"])
async def test_somebody_unknown_is_told_to_be_unknown(tmp_path, named):
    async with an_office(tmp_path / "x.db") as office:
        await a_person(office)
        users = office.desk.users
        for attempt in (users.show, users.block, users.unblock, users.delete):
            with pytest.raises(NotFound):
                await attempt(named)


async def test_what_is_neither_subject_nor_identifier_is_refused(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        for named in ("alice", "a@b@c", ""):
            with pytest.raises(InvalidRequest):
                await office.desk.users.show(named)


async def test_users_are_listed_newest_first_page_by_page(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        people = []
        for name in ("alice", "bob", "mallory"):
            people.append(await a_person(office, f"{name}@example.com"))
            office.clock.advance(1)
        newest = [person.user_id for person in reversed(people)]
        first = await office.desk.users.list_page(count=2)
        assert [each.user.id for each in first] == newest[:2]
        rest = await office.desk.users.list_page(before=first[-1].user.id, count=2)
        assert [each.user.id for each in rest] == newest[2:]


async def test_a_blocked_user_is_out_at_once_and_everywhere(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        alice, bob = await a_person(office), await a_person(office, "bob@example.com")
        assert await left_of(office, alice) == Left(session=True, token=True, challenge=True)
        profile = await office.desk.users.block("alice@example.com")
        assert profile.user.is_blocked
        assert await left_of(office, alice) == Left(session=False, token=False, challenge=False)
        assert await left_of(office, bob) == Left(session=True, token=True, challenge=True)
        assert await events_of(office, alice) == {"UserBlocked", "ChallengesVoided"}


async def test_an_unblocked_user_may_sign_in_again_but_stays_signed_out(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        alice = await a_person(office)
        await office.desk.users.block(alice.user_id)
        profile = await office.desk.users.unblock(alice.user_id)
        assert not profile.user.is_blocked
        assert await left_of(office, alice) == Left(session=False, token=False, challenge=False)
        assert "UserUnblocked" in await events_of(office, alice)


async def test_a_deleted_user_leaves_nothing_that_works_and_a_subject_never_used_again(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        alice = await a_person(office)
        gone = await office.desk.users.delete(alice.user_id)
        assert gone.user.id == alice.user_id
        assert await left_of(office, alice) == Left(session=False, token=False, challenge=False)
        assert "UserDeleted" in await events_of(office, alice)
        with pytest.raises(NotFound):
            await office.desk.users.show(alice.user_id)
        anew = await office.database.transact(
            lambda tx: identities.create(tx, alice.identifier, office.clock.now())
        )
        assert anew != alice.user_id


async def test_voided_codes_and_links_no_longer_work(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        alice = await a_person(office)
        assert await office.desk.users.void_codes("alice@example.com") == 1
        assert await office.desk.users.void_codes("alice@example.com") == 0
        assert await left_of(office, alice) == Left(session=True, token=True, challenge=False)
        assert await events_of(office, alice) == {"ChallengesVoided"}


async def test_voiding_the_codes_of_somebody_unknown_is_no_fault(tmp_path):
    async with an_office(tmp_path / "x.db") as office:
        assert await office.desk.users.void_codes("+14155550100") == 0
