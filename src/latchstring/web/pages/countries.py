"""The country list of the phone page, named and sorted in the page's language."""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from latchstring.web.http.language import SOURCE_LANGUAGE
from latchstring.web.pages.sign_in_views import Country

_LOCALES = Path(__file__).resolve().parents[2] / "locale"


@cache
def names(language: str) -> dict[str, str]:
    """Return the names of regions, in English where the language has none."""
    file = _LOCALES / language / "countries.json"
    if not file.exists():
        file = _LOCALES / SOURCE_LANGUAGE / "countries.json"
    found: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return found


def name_of(region: str | None, language: str) -> str:
    """Return a region's name, or its code where nobody named it."""
    return names(language).get(region or "", region or "")


def choices(regions: Iterable[str], language: str) -> tuple[Country, ...]:
    """Return the countries to choose from, sorted by name."""
    import phonenumbers  # noqa: PLC0415 - 10 MB that an email-only installation never needs

    found = [
        Country(
            code=region,
            name=name_of(region, language),
            prefix=f"+{phonenumbers.country_code_for_region(region)}",
        )
        for region in regions
    ]
    return tuple(sorted(found, key=lambda country: country.name))


def likely(countries: tuple[Country, ...], accept_language: str) -> str:
    """Return the region to select: one that the browser's languages name, else the first."""
    offered = {country.code for country in countries}
    for tag in accept_language.replace(",", ";").split(";"):
        region = tag.strip().rpartition("-")[2].upper()
        if region in offered:
            return region
    return countries[0].code
