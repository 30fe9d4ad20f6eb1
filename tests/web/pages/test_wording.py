"""The sentences of refusals and progress."""

import pytest

from latchstring.web.http.words import load_words, plain
from latchstring.web.pages import wording

WORDS = load_words("en")


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        (wording.missing_email(), "Enter your email address."),
        (wording.missing_phone(), "Enter your mobile number."),
        (wording.missing_code(), "Enter the code from the message."),
        (wording.wrong_length(6, 5), "The code is 6 digits. You entered 5."),
        (wording.not_digits(6), "The code is 6 digits, like 482 913."),
        (
            wording.country_not_allowed("France", email_offered=True),
            "We can't send SMS to numbers in France. Use your email address instead.",
        ),
        (
            wording.country_not_allowed("France", email_offered=False),
            "We can't send SMS to numbers in France.",
        ),
        (
            wording.code_expired("alice@example.com"),
            "That code has expired. We've sent a new one to alice@example.com.",
        ),
        (wording.code_expired_unsent(), "That code has expired. Send a new one to go on."),
    ],
)
def test_a_refusal_says_what_to_do(sentence, words):
    assert plain(WORDS.say(sentence)) == words


@pytest.mark.parametrize(
    ("left", "end"), [(None, "again."), (1, "1 try left."), (2, "2 tries left.")]
)
def test_a_wrong_code_warns_once_few_tries_are_left(left, end):
    assert plain(WORDS.say(wording.wrong_code(left))).endswith(end)


@pytest.mark.parametrize("state", wording.Delivery)
def test_every_state_of_a_delivery_has_its_sentence(state):
    assert plain(WORDS.say(wording.delivery(state)))


def test_only_the_ends_of_a_delivery_are_final():
    assert {state for state in wording.Delivery if state.final} == {
        wording.Delivery.DELIVERED,
        wording.Delivery.FAILED,
    }
