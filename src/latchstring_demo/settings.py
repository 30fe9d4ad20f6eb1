"""What the demo application must be told: five environment variables, as any application."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit


class SettingsRefused(Exception):
    """The environment does not say what the demo needs."""


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """Where the sign-in server is, who we are there, and where we are ourselves."""

    issuer: str
    client_id: str
    client_secret: str | None
    base_url: str
    session_secret: str

    @property
    def discovery(self) -> str:
        """The address of the server's OpenID configuration."""
        return self.issuer.rstrip("/") + "/.well-known/openid-configuration"

    @property
    def host(self) -> str:
        """The one `Host` this application answers to."""
        return urlsplit(self.base_url).netloc

    @property
    def hostname(self) -> str:
        """The loopback address to listen on."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def port(self) -> int:
        """The port to listen on."""
        return urlsplit(self.base_url).port or 80


def read(environment: Mapping[str, str]) -> DemoSettings:
    """Return the settings, or refuse with the name of the variable that is wrong."""
    for name in ("ISSUER", "CLIENT_ID"):
        if not environment.get(name):
            raise SettingsRefused(f"Set {name}; `latchstring dev` prints everything it takes.")
    settings = DemoSettings(
        issuer=environment["ISSUER"],
        client_id=environment["CLIENT_ID"],
        client_secret=environment.get("CLIENT_SECRET") or None,
        base_url=environment.get("BASE_URL", "http://127.0.0.1:8001").rstrip("/"),
        session_secret=environment.get("SESSION_SECRET") or secrets.token_urlsafe(32),
    )
    if not _is_loopback(settings.hostname):
        raise SettingsRefused("BASE_URL must be a loopback address, such as http://127.0.0.1:8001.")
    return settings


def _is_loopback(hostname: str) -> bool:
    try:
        return ip_address(hostname).is_loopback
    except ValueError:
        return False
