"""What a challenge is, and which answer fits it."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from latchstring.domain.challenges.challenge import Answer, EndedBy, LinkState, answered_by
from latchstring.domain.challenges.refusal import LinkRefused, WrongCode
from tests.domain.challenges.people import (
    ACME,
    KEYRING,
    NOW,
    OTHER,
    ROTATED,
    a_challenge,
    code_of,
)

SECOND = timedelta(seconds=1)


def test_the_right_code_fits():
    challenge = a_challenge()

    assert answered_by([challenge], Answer(ACME, code_of(challenge)), KEYRING) is challenge


def test_each_of_five_codes_fits_its_own_challenge():
    five = [a_challenge() for _ in range(5)]

    assert [answered_by(five, Answer(ACME, code_of(c)), KEYRING) for c in five] == five


def test_a_wrong_code_fits_nothing():
    challenge = a_challenge()
    wrong = f"{(int(code_of(challenge)) + 1) % 10**6:06}"

    assert answered_by([challenge], Answer(ACME, wrong), KEYRING) is None
    assert answered_by([], Answer(ACME, wrong), KEYRING) is None


@pytest.mark.parametrize("text", ["", "0", "\u0661", "x" * 1000, "\0", "0" * 6])
def test_nonsense_fits_nothing(text):
    assert answered_by([a_challenge(code_length=12)], Answer(ACME, text), KEYRING) is None


def test_v_10_another_clients_code_never_fits():
    challenge = a_challenge()

    assert answered_by([challenge], Answer(OTHER, code_of(challenge)), KEYRING) is None


def test_v_09_another_persons_code_never_fits():
    alice, bob = a_challenge("alice"), a_challenge("bob")

    assert answered_by([bob], Answer(ACME, code_of(alice)), KEYRING) is None


def test_no_answer_fits_a_decoy():
    decoy = a_challenge(decoy=True)

    assert answered_by([decoy], Answer(ACME, code_of(decoy)), KEYRING) is None


def test_a_decoy_looks_like_any_other_challenge():
    decoy, real = a_challenge(decoy=True), a_challenge()

    same = replace(decoy, id=real.id, code_digest=real.code_digest, decoy=False)
    assert same == real
    assert len(decoy.code_digest) == len(real.code_digest)


def test_a_code_issued_under_an_old_key_fits_after_the_keys_changed():
    old, new = a_challenge(), a_challenge(keyring=ROTATED)

    assert (old.key_version, new.key_version) == (1, 2)
    for challenge in (old, new):
        assert answered_by([old, new], Answer(ACME, code_of(challenge)), ROTATED) is challenge


def test_a_code_whose_key_was_taken_out_of_the_file_fits_nothing_and_breaks_nothing():
    lost, kept = a_challenge(keyring=ROTATED), a_challenge()

    assert answered_by([lost, kept], Answer(ACME, code_of(lost)), KEYRING) is None
    assert answered_by([lost, kept], Answer(ACME, code_of(kept)), KEYRING) is kept


def test_the_terms_are_copied_onto_the_challenge():
    challenge = a_challenge(
        code_length=8,
        max_attempts=2,
        code_lifetime=timedelta(seconds=60),
        link_lifetime=timedelta(seconds=3600),
    )

    assert len(code_of(challenge)) == challenge.code_length == 8
    assert challenge.attempts_left == 2
    assert challenge.code_expires_at == NOW + timedelta(seconds=60)
    assert challenge.link_expires_at == NOW + timedelta(seconds=3600)


def test_tries_never_fall_below_none():
    assert replace(a_challenge(), attempts=2).attempts_left == 1
    assert replace(a_challenge(), attempts=9).attempts_left == 0


def test_a_code_is_answerable_until_its_last_moment():
    challenge = a_challenge()
    end = challenge.code_expires_at

    assert challenge.is_answerable(end - timedelta(milliseconds=1))
    assert not challenge.is_answerable(end)


def test_a_code_without_tries_or_over_is_not_answerable():
    assert not replace(a_challenge(), attempts=3).is_answerable(NOW)
    over = replace(a_challenge(), ended_at=NOW, ended_by=EndedBy.USED)
    assert not over.is_answerable(NOW)


def test_wrong_codes_never_touch_the_link():
    burned = replace(a_challenge(), attempts=3)

    assert burned.link_state(NOW) is LinkState.LIVE


def test_a_link_lives_as_long_as_a_link_does():
    challenge = a_challenge(link_lifetime=timedelta(hours=1))

    assert challenge.link_state(challenge.code_expires_at + SECOND) is LinkState.LIVE
    assert challenge.link_state(challenge.link_expires_at) is LinkState.EXPIRED


@pytest.mark.parametrize("ended_by", EndedBy)
def test_a_link_that_is_over_says_why(ended_by):
    over = replace(a_challenge(), ended_at=NOW, ended_by=ended_by)

    assert over.link_state(over.link_expires_at + SECOND).value == ended_by.value


def test_a_refusal_is_a_sentence_and_keeps_what_pages_show():
    assert str(WrongCode(attempts_left=2)).startswith("That code isn't right.")
    assert WrongCode(attempts_left=2).attempts_left == 2
    assert str(LinkRefused("used")).endswith("no longer works.")
    assert LinkRefused("used").state == "used"
