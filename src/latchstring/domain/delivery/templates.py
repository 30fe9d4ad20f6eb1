"""The message templates, and what makes filling them in cheap.

Running a template takes several times as long as everything else about a message, and two messages
of one application differ in little but code, link and time. So a template is run once with
stand-ins for those; what comes out is a form, in which each message only fills the gaps.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from gettext import NullTranslations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from markupsafe import escape

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = Path(__file__).resolve().parents[2] / "templates"
_KEPT = 256
"""Forms held at once; past it we start afresh."""
_FIRST_STAND_IN = 0xE000
"""Private-use letters: ``one_line`` takes them out of every text that comes from elsewhere."""

_STAND_IN = re.compile(r"[\ue000-\uf8ff]")

Catalogues = Callable[[str], NullTranslations]
"""Gives a language's translations."""


def untranslated(_language: str) -> NullTranslations:
    """Give no translations: everything is said in the templates' own English."""
    return NullTranslations()


class Form(msgspec.Struct, frozen=True):
    """A text with gaps."""

    pieces: tuple[str, ...]
    """The text and, at every second place, what stands in for a value."""
    gaps: tuple[tuple[int, str], ...]
    """Where which value goes."""
    escaped: bool = False
    """Whether it is HTML."""

    def fill(self, values: Mapping[str, str]) -> str:
        """Return the whole text."""
        pieces = list(self.pieces)
        for place, name in self.gaps:
            value = values[name]
            pieces[place] = str(escape(value)) if self.escaped else value
        return "".join(pieces)


@dataclass(frozen=True, slots=True)
class Templates:
    """Every template in every language, compiled when first asked for."""

    catalogues: Catalogues = untranslated
    _environments: dict[str, "Environment"] = field(default_factory=dict, repr=False)
    _forms: dict[object, Form] = field(default_factory=dict, repr=False)

    def fill(
        self, name: str, language: str, *, steady: Mapping[str, Any], varying: Mapping[str, str]
    ) -> str:
        """Return the template's text, by way of a form that is kept."""
        lengths = {key: len(value) for key, value in varying.items()}
        form_key = (name, language, *steady.items(), *lengths.items())
        form = self._forms.get(form_key)
        if form is None:
            form = self.form(name, language, steady=steady, lengths=lengths)
            if len(self._forms) >= _KEPT:
                self._forms.clear()
            self._forms[form_key] = form
        return form.fill(varying)

    def form(
        self, name: str, language: str, *, steady: Mapping[str, Any], lengths: Mapping[str, int]
    ) -> Form:
        """Return the template with gaps for values of these lengths.

        A template may print a varying value and ask for its length, nothing more; what it says
        is decided by the steady ones.
        """
        stand_ins = {
            key: chr(_FIRST_STAND_IN + place) * length
            for place, (key, length) in enumerate(lengths.items())
        }
        text = self._run(name, language, {**steady, **stand_ins})
        names = {stand_in: key for key, stand_in in stand_ins.items() if stand_in}
        between = re.split(f"({'|'.join(names)})", text) if names else [text]
        if any(map(_STAND_IN.search, between[::2])):
            message = f"{name} does more with a varying value than print it"
            raise ValueError(message)
        gaps = tuple((place, names[between[place]]) for place in range(1, len(between), 2))
        return Form(tuple(between), gaps, escaped=name.endswith(".html"))

    def _run(self, name: str, language: str, values: Mapping[str, Any]) -> str:
        environment = self._environments.get(language)
        if environment is None:
            environment = _environment(self.catalogues(language))
            self._environments[language] = environment
        return environment.get_template(name).render(values)


def _environment(translations: NullTranslations) -> "Environment":
    # A start sends no message and does not wait for it.
    from jinja2 import (  # noqa: PLC0415 - as said
        Environment,
        FileSystemLoader,
        StrictUndefined,
        select_autoescape,
    )

    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=select_autoescape(["html"], default=False),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.policies["ext.i18n.trimmed"] = True
    install: Callable[..., None] = partial(
        environment.install_gettext_translations,  # type: ignore[attr-defined]  # the extension's
        translations,
    )
    install(newstyle=True)
    return environment
