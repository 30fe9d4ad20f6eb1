"""The configuration of the servers that are to fail."""

from collections.abc import Mapping

CLIENT_ID = "chaos"
CLIENT_SECRET = "a-secret-of-the-chaos-and-of-nobody-else"  # noqa: S105 - opens nothing but this
SPA_ID = "chaos-spa"
CALLBACK = "http://127.0.0.1:9100/callback"

_TEXT = """
public_url      = "{public_url}"
listen          = "127.0.0.1:{port}"
database_url    = "{database_url}"
secret_key_file = "{key_file}"
metrics_listen  = "127.0.0.1:{metrics_port}"
workers         = {workers}
allow_example_identifiers = true
{top}

[mail]
from     = "Acme <login@auth.acme.example>"
smtp_url = "{smtp_url}"

[sms]
from        = "Acme"
gateway_url = "{gateway_url}"

[limits]
starts_per_identifier = {starts}
sms_per_number_block  = "1000000/h"
sms_per_installation  = "100000000/d"
wrong_answers_per_identifier_per_day   = 1000
wrong_answers_per_identifier_per_month = 10000
{limits}

[lifetimes]
{lifetimes}

[connections.email]
send = "code"
{email}

[connections.sms]
countries = ["DE", "US"]

[[clients]]
client_id     = "{client_id}"
client_secret = "{client_secret}"
name          = "Acme"
callbacks     = ["{callback}"]
connections   = ["email", "sms"]
{more}
"""

TABLES = ("top", "limits", "lifetimes", "email", "starts", "more")
"""Names of what a run may add; ``more``, whole tables at the end."""


_USUAL = {"starts": '"1000000/h"'}
"""A run's own people are not to be limited, unless limits are what it is about."""


def configuration(parts: Mapping[str, object], tables: Mapping[str, str]) -> str:
    """Return the file's text; ``tables`` adds lines to those of ``TABLES``."""
    unknown = set(tables) - set(TABLES)
    if unknown:
        raise ValueError(f"no such table: {sorted(unknown)}")
    fixed = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "callback": CALLBACK}
    return _TEXT.format(**fixed, **dict.fromkeys(TABLES, "") | _USUAL | dict(tables), **parts)
