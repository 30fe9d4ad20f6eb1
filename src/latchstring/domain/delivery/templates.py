"""The message templates, and what makes filling them in cheap.

Running a template takes several times as long as everything else about a mail, and two mails of
one application differ in little but code, link and time. So a template is run once with stand-ins
for those, the result is kept, and each message only has its stand-ins replaced.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from gettext import NullTranslations
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import escape

FOLDER = Path(__file__).resolve().parents[2] / "templates"
_KEPT = 256
"""Filled-in templates held at once: applications times devices; past it we start afresh."""
_FIRST_STAND_IN = 0xE000
"""Private-use letters: ``one_line`` takes them out of every text that comes from elsewhere."""

Catalogues = Callable[[str], NullTranslations]
"""Gives a language's translations."""


def untranslated(_language: str) -> NullTranslations:
    """Give no translations: everything is said in the templates' own English."""
    return NullTranslations()


@dataclass(frozen=True, slots=True)
class Templates:
    """Every template in every language, compiled when first asked for."""

    catalogues: Catalogues = untranslated
    _environments: dict[str, Environment] = field(default_factory=dict, repr=False)
    _forms: dict[object, str] = field(default_factory=dict, repr=False)

    def fill(
        self, name: str, language: str, *, steady: Mapping[str, Any], varying: Mapping[str, str]
    ) -> str:
        """Return the template's text.

        A template may print a varying value and ask for its length, nothing more; what it says
        is decided by the steady ones.
        """
        stand_ins = {
            key: chr(_FIRST_STAND_IN + place) * len(value)
            for place, (key, value) in enumerate(varying.items())
        }
        form_key = (name, language, *steady.items(), *stand_ins.items())
        text = self._forms.get(form_key)
        if text is None:
            text = self._run(name, language, {**steady, **stand_ins})
            if len(self._forms) >= _KEPT:
                self._forms.clear()
            self._forms[form_key] = text
        escaped = name.endswith(".html")
        for key, value in varying.items():
            if value:
                text = text.replace(stand_ins[key], str(escape(value)) if escaped else value)
        return text

    def _run(self, name: str, language: str, values: Mapping[str, Any]) -> str:
        environment = self._environments.get(language)
        if environment is None:
            environment = _environment(self.catalogues(language))
            self._environments[language] = environment
        return environment.get_template(name).render(values)


def _environment(translations: NullTranslations) -> Environment:
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
