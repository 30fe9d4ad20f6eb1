"""Access tokens: opaque, kept by digest, over when they are over."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from latchstring.base.ids import ClientId, UserId
from latchstring.domain.tokens.access import Bearer, is_well_formed, issue
from tests.support.provider import AT

BEARER = Bearer(
    client_id=ClientId("acme-web"),
    user_id=UserId("email|alice"),
    session_id=None,
    code_digest=None,
    scope="openid",
)


def test_only_a_digest_of_the_token_is_kept():
    token, kept = issue(BEARER, lifetime=timedelta(hours=1), now=AT)

    assert is_well_formed(token)
    assert token not in repr(kept)


def test_a_token_lives_until_it_expires_or_is_revoked():
    _, kept = issue(BEARER, lifetime=timedelta(hours=1), now=AT)

    assert kept.is_live(AT + timedelta(minutes=59, seconds=59))
    assert not kept.is_live(AT + timedelta(hours=1))
    assert not replace(kept, revoked_at=AT).is_live(AT)


@pytest.mark.parametrize("text", ["", "a" * 42, "a" * 44, "a" * 42 + "=", "a" * 43 + "\n", "a.b.c"])
def test_what_is_not_in_our_form_is_told_at_sight(text):
    assert not is_well_formed(text)
