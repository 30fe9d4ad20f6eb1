"""Keep the gettext catalogues in step with the source.

``extract`` collects every marked string of the Python files and templates into ``messages.pot``
and merges it into each language's ``messages.po``. ``check`` changes nothing and fails if
``extract`` would have something to do, or if a translation lost a placeholder.
"""

import re
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "latchstring"
LOCALE = PACKAGE / "locale"
TEMPLATE = LOCALE / "messages.pot"
SOURCE_LANGUAGE = "en"

METHODS = [("**.py", "python"), ("templates/**.html", "jinja2"), ("templates/**.txt", "jinja2")]
# A template that does not parse must fail here, not lose its strings in silence.
OPTIONS = {"templates/**": {"silent": "false", "trimmed": "true"}}
# Header fields that change by themselves or that nobody here fills in.
NOISE = re.compile(
    rb'"(POT-Creation|PO-Revision|Last-Tr|Language-Team|Generated|Report|Project-Id)'
)
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "N_": None,
}


def collected() -> Catalog:
    """The catalogue as the source has it now; places are files without line numbers."""
    catalogue = Catalog()
    found = extract_from_dir(
        PACKAGE,
        method_map=METHODS,
        options_map={pattern: OPTIONS["templates/**"] for pattern, _ in METHODS[1:]},
        keywords=KEYWORDS,
        comment_tags=("Translators:",),
        strip_comment_tags=True,
    )
    for file, _line, message, comments, context in sorted(
        found, key=lambda item: (item[0], item[1])
    ):
        catalogue.add(message, locations=[(file, 1)], auto_comments=comments, context=context)
    return catalogue


def languages() -> list[Path]:
    """Every language's catalogue, the source language's among them even before its first write."""
    source = LOCALE / SOURCE_LANGUAGE / "LC_MESSAGES" / "messages.po"
    return sorted({source, *LOCALE.glob("*/LC_MESSAGES/messages.po")})


def read(path: Path) -> Catalog:
    """The catalogue in this file; one that is not there yet is empty."""
    language = None if path == TEMPLATE else path.parent.parent.name
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def save(catalogue: Catalog, path: Path) -> None:
    """Write the catalogue so that it changes only with its strings: no dates, no line numbers."""
    catalogue.header_comment = f"# Latchstring, {path.relative_to(LOCALE)}"
    catalogue.fuzzy = False  # the header's own mark; a message keeps its own
    text = BytesIO()
    write_po(text, catalogue, width=100, include_lineno=False, ignore_obsolete=True)
    kept = (line for line in text.getvalue().splitlines(keepends=True) if not NOISE.match(line))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(kept))


def extract() -> int:
    """Rewrite the template and merge it into every language."""
    fresh = collected()
    for path in languages():
        catalogue = read(path)
        catalogue.update(fresh, no_fuzzy_matching=True)
        save(catalogue, path)
    save(fresh, TEMPLATE)
    return 0


def entries(catalogue: Catalog) -> dict[tuple[object, object], Message]:
    """The catalogue's messages by what identifies them."""
    return {(message.context, message.id): message for message in catalogue if message.id}


def complaints() -> Iterator[str]:
    """One sentence for each thing that is out of step."""
    fresh = entries(collected())
    for path in [TEMPLATE, *languages()]:
        catalogue = read(path)
        stored = entries(catalogue)
        name = path.relative_to(LOCALE)
        yield from (f"{name}: misses {key[1]!r}" for key in fresh.keys() - stored.keys())
        yield from (f"{name}: no longer used: {key[1]!r}" for key in stored.keys() - fresh.keys())
        for message, errors in catalogue.check():
            yield from (f"{name}: {message.id!r}: {error}" for error in errors)
        yield from (f"{name}: fuzzy: {entry.id!r}" for entry in stored.values() if entry.fuzzy)


def check() -> int:
    """Report what is out of step; 0 if nothing is."""
    found = sorted(complaints())
    for complaint in found:
        print(complaint)
    if found:
        print("Run `make catalogue` and commit what it changes.")
    return 1 if found else 0


if __name__ == "__main__":
    commands = {"extract": extract, "check": check}
    if not set(sys.argv[1:]) & set(commands):
        sys.exit("usage: catalogue.py extract | check")
    sys.exit(commands[sys.argv[1]]())
