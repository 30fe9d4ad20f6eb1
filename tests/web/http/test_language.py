"""Which language somebody is answered in."""

import pytest

from latchstring.web.http.language import Languages

LANGUAGES = Languages(frozenset({"en", "de", "pt-BR", "fr"}))


@pytest.mark.parametrize(
    ("wishes", "chosen"),
    [
        ((), "en"),
        ((None, None), "en"),
        (("",), "en"),
        (("de",), "de"),
        (("de-AT",), "de"),
        (("pt-BR",), "pt-BR"),
        (("pt-PT",), "en"),
        (("es, de;q=0.5, fr;q=0.9",), "fr"),
        (("es fr de",), "fr"),
        (("de;q=0, fr",), "fr"),
        (("de;q=x, fr;q=0.1",), "fr"),
        (("*",), "en"),
        ((",,;q=1",), "en"),
        ((None, "fr", "de"), "fr"),
        (("es", "de"), "de"),
        (("x" * 5000 + ",de",), "en"),
    ],
)
def test_the_first_wish_that_can_be_met_is(wishes, chosen):
    assert LANGUAGES.choose(*wishes) == chosen


def test_there_is_always_the_language_of_the_source():
    assert "en" in Languages.installed().available
