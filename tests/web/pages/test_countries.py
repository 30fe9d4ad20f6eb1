"""The country list."""

import pytest

from latchstring.web.pages.countries import choices, likely, name_of
from latchstring.web.pages.sign_in_views import Country

OFFERED = choices(("US", "GB", "DE"), "en")


def test_countries_are_sorted_by_their_names():
    assert [(c.code, c.name, c.prefix) for c in OFFERED] == [
        ("DE", "Germany", "+49"),
        ("GB", "United Kingdom", "+44"),
        ("US", "United States", "+1"),
    ]


@pytest.mark.parametrize(
    ("region", "language", "name"),
    [("FR", "en", "France"), ("XX", "en", "XX"), (None, "en", ""), ("FR", "tlh", "France")],
)
def test_a_region_without_a_name_is_its_code(region, language, name):
    assert name_of(region, language) == name


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "DE"),
        ("en-US,en;q=0.9", "US"),
        ("fr-FR, en-GB;q=0.5", "GB"),
        ("de", "DE"),
        ("zh-Hant-TW, en-gb", "GB"),
        ("fr-CA;q=0.9", "DE"),
    ],
)
def test_the_browser_s_languages_suggest_one(header, code):
    assert likely(OFFERED, header) == code


def test_a_single_country_is_always_it():
    assert likely((Country(code="GB", name="x", prefix="+44"),), "en-US") == "GB"
