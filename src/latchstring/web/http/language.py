"""Which of the languages we have a page and a message are in."""

from functools import lru_cache
from pathlib import Path

import msgspec

SOURCE_LANGUAGE = "en"
_LOCALES = Path(__file__).resolve().parents[2] / "locale"
_LONGEST_HEADER = 1000


class Languages(msgspec.Struct, frozen=True):
    """The languages there are catalogues for."""

    available: frozenset[str]

    @classmethod
    def installed(cls) -> "Languages":
        """Return those in the package's locale folder."""
        found = {path.name for path in _LOCALES.iterdir() if path.is_dir()}
        return cls(frozenset(found | {SOURCE_LANGUAGE}))

    def choose(self, *wishes: str | None) -> str:
        """Return the best language for the first wish that names one we have.

        A wish is a list of tags, as ``Accept-Language`` (RFC 9110 section 12.5.4) or ``ui_locales``
        write it.
        """
        for wish in wishes:
            for tag in _tags(wish) if wish else ():
                for candidate in (tag, tag.partition("-")[0]):
                    if candidate in self.available:
                        return candidate
        return SOURCE_LANGUAGE


@lru_cache(maxsize=1024)
def _tags(wish: str) -> tuple[str, ...]:
    weighed = []
    for position, part in enumerate(wish[:_LONGEST_HEADER].replace(" ", ",").split(",")):
        tag, _, weight = part.partition(";q=")
        try:
            quality = float(weight) if weight else 1.0
        except ValueError:
            quality = 0.0
        if tag and quality > 0:
            weighed.append((-quality, position, tag))
    return tuple(tag for _, _, tag in sorted(weighed))
