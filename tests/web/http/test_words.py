"""Values in sentences: isolated, escaped, exact."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from latchstring.web.http.sentence import Address, gettext, ngettext
from latchstring.web.http.words import load_words, plain

WORDS = load_words("en")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (60, "1 minute"),
        (90, "90 seconds"),
        (150, "2 minutes and 30 seconds"),
        (600, "10 minutes"),
        (3600, "1 hour"),
        (9000, "2 hours and 30 minutes"),
        (-5, "0 seconds"),
    ],
)
def test_a_duration_is_put_into_words_exactly(seconds, words):
    assert plain(WORDS.duration(timedelta(seconds=seconds))) == words


def test_an_address_is_isolated_left_to_right_and_a_name_in_its_own_direction():
    said = WORDS.say(gettext("%(who)s, %(app)s", who=Address("a@b.example"), app="<b>שלום"))
    assert said == '<bdi dir="ltr">a@b.example</bdi>, <bdi>&lt;b&gt;שלום</bdi>'


def test_a_number_does_not_break_across_lines():
    said = WORDS.say(gettext("%(to)s", to=Address("+44 7700")))
    assert said == '<bdi dir="ltr">+44\N{NO-BREAK SPACE}7700</bdi>'


def test_a_moment_is_told_in_utc_for_readers_without_script():
    lisbon = timezone(timedelta(hours=1))
    at = datetime(2026, 11, 23, 15, 35, tzinfo=lisbon)
    said = WORDS.say(gettext("at %(at)s", at=at))
    assert said == 'at <time datetime="2026-11-23T14:35:00Z">14:35 UTC</time>'
    assert at.astimezone(UTC).hour == 14


@pytest.mark.parametrize(("count", "words"), [(1, "1 try"), (2, "2 tries")])
def test_the_plural_follows_the_number(count, words):
    assert plain(WORDS.say(ngettext("%(num)d try", "%(num)d tries", count))) == words


@pytest.mark.parametrize(
    ("language", "direction"), [("en", "ltr"), ("ar", "rtl"), ("he-IL", "rtl")]
)
def test_a_language_knows_its_direction(language, direction):
    assert load_words(language).direction == direction
