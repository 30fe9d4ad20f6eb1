"""The settings of a development server: made in memory, no file and no question."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path

from latchstring.base.settings import (
    ConnectionSettings,
    LimitSettings,
    MailSettings,
    Rate,
    Send,
    Settings,
    SmsSettings,
)
from latchstring.base.settings_loading import read_client
from latchstring.base.settings_urls import origin_of

CLIENT_ID = "demo"
# Nothing is really sent, so this is a matter of what the country list should look like.
COUNTRIES = (
    *("US", "CA", "MX", "BR", "AR", "CL", "CO", "GB", "IE", "FR", "BE", "NL", "LU", "DE", "AT"),
    *("CH", "IT", "ES", "PT", "DK", "SE", "NO", "FI", "PL", "CZ", "GR", "TR", "IL", "ZA", "NG"),
    *("KE", "IN", "SG", "JP", "KR", "AU", "NZ"),
)
# Whoever builds an application signs in all day, as the same two people from the same address.
_LIMITS = LimitSettings(
    starts_per_identifier=Rate(100, timedelta(hours=1)),
    starts_per_address=Rate(1000, timedelta(hours=1)),
    wrong_answers_per_address=Rate(1000, timedelta(days=1)),
    sms_per_number_block=Rate(1000, timedelta(hours=1)),
    sms_per_installation=Rate(10000, timedelta(days=1)),
)


def demo_client(demo_url: str, callbacks: Iterable[str]) -> dict[str, object]:
    """Return the demo's registration; other callbacks are those of the developer's application."""
    others = list(dict.fromkeys(filter(None, map(origin_of, callbacks))))
    return {
        "client_id": CLIENT_ID,
        "name": "Demo",
        "callbacks": [f"{demo_url}/callback", *callbacks],
        "logout_urls": [f"{demo_url}/", *(f"{origin}/" for origin in others)],
        "initiate_login_uri": f"{demo_url}/login",
        "web_origins": [demo_url, *others],
        "connections": ["email", "sms"],
    }


def dev_settings(
    client: Mapping[str, object], *, port: int, database_url: str, key_file: Path
) -> Settings:
    """Return the settings of this run, on loopback; raise ``SettingsError`` for a bad client."""
    listen = f"127.0.0.1:{port}"
    return Settings(
        public_url=f"http://{listen}",
        listen=listen,
        database_url=database_url,
        secret_key_file=key_file,
        allow_example_identifiers=True,
        log_format="console",
        log_level="warning",
        mail=MailSettings(from_="Latchstring <login@latchstring.example>"),
        sms=SmsSettings(from_="Latchstring"),
        limits=_LIMITS,
        connections={
            "email": ConnectionSettings(),
            "sms": ConnectionSettings(send=Send.CODE, countries=COUNTRIES),
        },
        clients=(read_client(client),),
    )
