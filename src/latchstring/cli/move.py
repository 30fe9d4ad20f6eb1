"""``latchstring move``: from SQLite to PostgreSQL, or back."""

from pathlib import Path
from urllib.parse import urlsplit

import click

from latchstring.base import settings_urls
from latchstring.cli.options import json_option, roof, secret_from_stdin
from latchstring.cli.printing import answer, rows_by_table


@click.command()
@click.argument("source_url")
@click.argument("target_url")
@json_option
def move(source_url: str, target_url: str) -> None:
    """Copy the installation in SOURCE_URL into the empty database TARGET_URL, with all it holds.

    URLs are those of database_url; a relative path begins here. Give - for one with a password, and
    the URL on standard input. Stop the servers first: nothing may be written meanwhile. Every row
    is compared before the copy counts. The source stays as it is, and codes, sessions and tokens
    stay good. Afterwards, put TARGET_URL into the configuration.
    """
    source, target = _url(source_url, "SOURCE_URL"), _url(target_url, "TARGET_URL")
    if source == target:
        raise click.UsageError("SOURCE_URL and TARGET_URL are the same.")
    rows = roof().keep().move(source, target)
    count = sum(rows.values())
    answer(
        {"source": _shown(source), "target": _shown(target), "rows": count, "tables": rows},
        f"{rows_by_table(rows)}\n\n"
        f"Moved {count} rows and compared each.\n"
        f'Next: set database_url = "{_shown(target)}" and start the server.\n'
        f"Start none on {_shown(source)} any more: what is used up in one would be good in the "
        "other.",
    )


def _url(text: str, name: str) -> str:
    try:
        url = settings_urls.database_url(secret_from_stdin() if text == "-" else text)
    except ValueError as error:
        raise click.UsageError(f"{name} {error}.") from None
    if text != "-" and urlsplit(url).password:
        raise click.UsageError(
            f"{name} has a password, which every process of this machine could read here: "
            "give - instead, and the URL on standard input."
        )
    return settings_urls.anchored_database(url, Path.cwd())


def _shown(url: str) -> str:
    password = urlsplit(url).password
    return url.replace(f":{password}@", ":…@", 1) if password else url
