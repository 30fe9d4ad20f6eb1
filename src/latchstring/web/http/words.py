"""One language: its catalogue, and values put into its sentences as safe markup."""

import gettext as catalogues
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from markupsafe import Markup

from latchstring.base.durations import in_words
from latchstring.web.http.sentence import Address, Sentence, Value

_LOCALE = Path(__file__).resolve().parents[2] / "locale"
_RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur", "yi"})


class Words(msgspec.Struct, frozen=True):
    """Translates into one language; a string that is not in its catalogue stays English."""

    language: str
    catalogue: catalogues.NullTranslations

    @property
    def direction(self) -> str:
        """The direction this language is written in, for the `dir` attribute."""
        return "rtl" if self.language.partition("-")[0] in _RIGHT_TO_LEFT else "ltr"

    def gettext(self, text: str, /, **values: Value) -> Markup:
        """Translate, then fill in. Catalogues are ours and may hold markup; values are escaped."""
        return self._fill(self.catalogue.gettext(text), values)

    def ngettext(self, singular: str, plural: str, count: int, /, **values: Value) -> Markup:
        """Translate in the plural form that fits this count, then fill in."""
        text = self.catalogue.ngettext(singular, plural, count)
        return self._fill(text, {"num": count, **values})

    def say(self, sentence: Sentence) -> Markup:
        """Put a handler's sentence into this language, as markup."""
        if sentence.plural:
            text = self.catalogue.ngettext(sentence.text, sentence.plural, sentence.count)
        else:
            text = self.catalogue.gettext(sentence.text)
        return self._fill(text, sentence.values)

    def duration(self, length: timedelta) -> Markup:
        """Put a length of time into words, exactly: a promised lifetime is never rounded."""
        first, *others = in_words(length, self.ngettext)
        for other in others:
            first = self.gettext("%(longer)s and %(shorter)s", longer=first, shorter=other)
        return first

    def _fill(self, text: str, values: Mapping[str, Value]) -> Markup:
        # `%%` means the same with and without values.
        return Markup(text) % {name: self._value(value) for name, value in values.items()}  # noqa: S704  catalogues are part of the program

    def _value(self, value: Value) -> Markup | int:
        match value:
            case int() | Markup():
                return value
            case datetime():
                return moment(value)
            case timedelta():
                return self.duration(value)
            case Address(text):
                return address(text)
            case _:
                # Isolated, so that a name in another script cannot reorder the sentence.
                return Markup("<bdi>%s</bdi>") % value


def address(text: str) -> Markup:
    """Show an address, number or code: left to right whatever surrounds it, numbers unbroken."""
    return Markup('<bdi dir="ltr">%s</bdi>') % text.replace(" ", "\N{NO-BREAK SPACE}")


def strong_address(text: str) -> Markup:
    """Show an address that the reader should check."""
    return Markup("<strong>%s</strong>") % address(text)


def moment(at: datetime) -> Markup:
    """Show a time of day. The server does not know the reader's zone: the page's script does."""
    utc = at.astimezone(UTC)
    return Markup('<time datetime="%s">%s</time>') % (
        utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        utc.strftime("%H:%M UTC"),
    )


def load_words(language: str, folder: Path = _LOCALE) -> Words:
    """The words of this language; one without a compiled catalogue speaks English."""
    catalogue = catalogues.translation(
        "messages", folder, languages=[language.replace("-", "_")], fallback=True
    )
    return Words(language, catalogue)


def plain(markup: Markup) -> str:
    """The same words without markup, for titles, attributes and JSON."""
    return markup.striptags()
