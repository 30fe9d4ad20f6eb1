"""Everything an installation is told before it starts: one frozen tree, read once.

Each field carries its reader, its description and whether it is secret; the reference page, the
refusals and ``config show`` all come from there. This is the only module that reads the process
environment.
"""

# ruff: noqa: RUF009 - `setting` declares a field, exactly as dataclasses.field does

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from latchstring.base import settings_texts as texts
from latchstring.base import settings_urls as urls
from latchstring.base import settings_values as values
from latchstring.base.settings_declarations import rate_setting, setting
from latchstring.base.settings_first_values import (
    CONNECTION_NAMES,
    ApiSettings,
    ClientSettings,
    ConnectionSettings,
    GrantType,
    OtherBrowser,
    Send,
    SigningAlgorithm,
)
from latchstring.base.settings_outbound import OutboundSettings
from latchstring.base.settings_values import Rate

__all__ = [
    "CONFIGURATION",
    "CONNECTION_NAMES",
    "OTHER_VARIABLES",
    "ApiSettings",
    "Auth0Settings",
    "ClientSettings",
    "ConnectionSettings",
    "GrantType",
    "LifetimeSettings",
    "LimitSettings",
    "MailSettings",
    "OtherBrowser",
    "OutboundSettings",
    "Rate",
    "Send",
    "Settings",
    "SigningAlgorithm",
    "SmsSettings",
    "configuration_path",
    "environment",
]

CONFIGURATION = "LATCHSTRING_CONFIG"
OTHER_VARIABLES = {CONFIGURATION: "The configuration file, where no --config names one."}
"""Environment variables with our prefix that are no settings."""

_DRAIN_SECONDS = 5
"""A proxy that asks once a second and believes the second refusal has noticed by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """How mail leaves the house."""

    from_: str = setting(
        values.optional(texts.mailbox, "an address, also with a name before it", absent=""),
        "The sender of every mail. Required with smtp_url.",
        default="",
    )
    reply_to: str | None = setting(
        values.optional(texts.mailbox, "an address"),
        "Where answers to a mail go, if not to the sender.",
        default=None,
    )
    smtp_url: str | None = setting(
        values.optional(
            urls.smtp_url, "smtp:// or smtps://user:password@host:port?starttls=required"
        ),
        "The mail server. starttls is required, or on loopback optional or never; off loopback "
        "neither a code nor a password is sent in clear.",
        default=None,
        secret=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsSettings:
    """How text messages leave the house."""

    from_: str = setting(
        values.line(64), "The sender that the gateway is told: a name or a number.", default=""
    )
    gateway_url: str | None = setting(
        values.optional(urls.gateway_url, "an http or https URL"),
        "Where each message is posted as JSON with recipient, body and sender.",
        default=None,
    )
    gateway_token: str | None = setting(
        values.optional(texts.token, "ASCII without spaces"),
        "Sent to the gateway as a bearer token; needs https off loopback.",
        default=None,
        secret=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """How often things may be tried. Whoever meets a limit is told its name and its end."""

    starts_per_identifier: Rate = rate_setting(
        "Codes and links one address or number may ask for.", "10/h"
    )
    starts_per_address: Rate = rate_setting(
        "Starts from one network address (IPv4 /32, IPv6 /64) without a client secret.", "50/h"
    )
    wrong_answers_per_address: Rate = rate_setting(
        "Wrong answers from one network address without a client secret.", "100/d"
    )
    wrong_answers_per_identifier_per_day: int = setting(
        values.integer(1, 1000),
        "Wrong answers in 24 hours after which new codes have 10 digits.",
        default=10,
    )
    wrong_answers_per_identifier_per_month: int = setting(
        values.integer(1, 10000),
        "Wrong answers in 30 days after which new codes have 10 digits.",
        default=100,
    )
    device_codes_per_address: Rate = rate_setting(
        "Device codes that one network address may ask for without a client secret.", "100/h"
    )
    device_code_guesses_per_address: Rate = rate_setting(
        "Wrong codes of devices from one network address, and of one session.", "30/h"
    )
    sms_per_number_block: Rate = rate_setting(
        "Text messages to one block of 10,000 numbers.", "20/h"
    )
    sms_per_installation: Rate = rate_setting("Text messages altogether.", "200/d")
    resend_after: tuple[int, ...] = setting(
        values.waits(1, 3600),
        "Seconds until the page's send-again button opens: the first time, the second, and on.",
        default=(30, 60, 120),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LifetimeSettings:
    """How long sessions and tokens last, in seconds."""

    session_idle: timedelta = setting(
        values.seconds(300, 31_536_000),
        "A browser's session ends when it was not used for so long.",
        default=timedelta(days=3),
    )
    session_absolute: timedelta = setting(
        values.seconds(300, 31_536_000),
        "A browser's session ends after so long, used or not.",
        default=timedelta(days=7),
    )
    authorization_code: timedelta = setting(
        values.seconds(10, 600),
        "An application exchanges its authorization code within this time.",
        default=timedelta(seconds=60),
    )
    access_token: timedelta = setting(
        values.seconds(60, 2_592_000),
        "An access token without an API lasts so long.",
        default=timedelta(days=1),
    )
    refresh_token_idle: timedelta = setting(
        values.seconds(300, 31_536_000),
        "A refresh token that was not used for so long ends.",
        default=timedelta(days=15),
    )
    refresh_token_absolute: timedelta = setting(
        values.seconds(300, 63_072_000),
        "A sign-in's refresh tokens end after so long, used or not.",
        default=timedelta(days=30),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth0Settings:
    """Answers of Auth0's that this server gives only where somebody relies on them."""

    legacy_oauth_ro: bool = setting(
        values.boolean(),
        "Whether POST /oauth/ro exchanges codes for tokens, for SDKs from before 2018. One more "
        "way in to watch, under the same limits.",
        default=False,
    )
    tell_sign_up_disabled: bool = setting(
        values.boolean(),
        "Whether a start for a stranger where sign_up is false fails with Public signup is "
        "disabled. Then everybody can find out who has an account.",
        default=False,
    )
    tell_blocked: bool = setting(
        values.boolean(),
        "Whether a code for a blocked user fails with user is blocked, whatever the code. Then "
        "everybody can find out who was blocked.",
        default=False,
    )
    cross_site_sessions: bool = setting(
        values.boolean(),
        "Whether pages of other sites may renew tokens in a hidden frame where the browser lets "
        "them: the session's cookie is then SameSite=None. Refresh tokens need no such thing.",
        default=False,
    )
    confirm_logout: bool = setting(
        values.boolean(),
        "Whether /v2/logout asks first where the browser does not tell whose page sent it. Auth0 "
        "signs out at once, which lets any page sign people out.",
        default=False,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole of an installation's configuration."""

    public_url: str = setting(
        values.required(urls.public_url, "https://host, or http:// on loopback"),
        "The address that people's browsers use; the root of a host.",
    )
    listen: str = setting(
        values.required(texts.listen, "host:port"),
        "Where the server listens.",
        default="127.0.0.1:8000",
    )
    workers: int = setting(
        values.integer(1, 64),
        "Server processes on this machine, each a whole server. More than one needs PostgreSQL.",
        default=1,
    )
    drain_seconds: int | None = setting(
        values.integer(0, 300),
        "How long a server that was told to stop still takes requests, not ready any more: long "
        "enough for a proxy to notice. Unset: 5 with trusted_proxies, else 0.",
        default=None,
    )
    metrics_listen: str | None = setting(
        values.optional(texts.listen, "host:port"),
        "Where Prometheus finds /metrics: a listener of its own, unprotected, best on loopback.",
        default=None,
    )
    database_url: str = setting(
        values.Reader(
            "text",
            "sqlite:///path or postgresql://user:password@host:port/database",
            values.required(urls.database_url, "a URL").parse,
            urls.anchored_database,
        ),
        "The database. PostgreSQL takes ?host=/socket/folder, ?sslmode=verify-full, and "
        "?pooler=transaction where PgBouncer or its like stands in between.",
        default="sqlite:///var/latchstring.db",
        secret=True,
    )
    database_connections: int = setting(
        values.integer(2, 200),
        "Sessions on the PostgreSQL server that each process opens at most.",
        default=10,
    )
    database_failover: Literal["asynchronous", "synchronous"] = setting(
        values.choice(("asynchronous", "synchronous")),
        "What a promoted PostgreSQL standby has. Asynchronous: perhaps not the newest commits, so "
        "codes, links, sessions and tokens end with a failover. Synchronous: the operator vouches "
        "that it has every commit that was acknowledged, and nothing ends.",
        default="asynchronous",
    )
    database_statements: Literal["combined", "plain"] = setting(
        values.choice(("combined", "plain")),
        "On PostgreSQL a sign-in's steps are combined into few statements. Plain: a statement for "
        "each step, with which to begin on an engine that spreads tables over machines. None of "
        "those was tested.",
        default="combined",
    )
    secret_key_file: Path = setting(
        values.Reader(
            "text", "a path", values.required(texts.path, "a path").parse, texts.anchored
        ),
        "The file with the secret keys, outside the database's folder and its backups.",
        default=Path("keys/secret.key"),
    )
    tls_cert_file: Path | None = setting(
        texts.FILE,
        "Certificate chain in PEM, to serve https without a proxy. Needs tls_key_file.",
        default=None,
    )
    tls_key_file: Path | None = setting(
        texts.FILE, "The certificate's private key in PEM.", default=None
    )
    logout_urls: tuple[str, ...] = setting(
        values.listing(urls.callback, "https, http on loopback, or an app's own scheme"),
        "Where /v2/logout may send people when it names no application; compared exactly but for "
        "query and fragment.",
        default=(),
    )
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = setting(
        values.listing(texts.network, "addresses and networks"),
        "Proxies whose X-Forwarded-For is believed.",
        default=(),
    )
    allow_example_identifiers: bool = setting(
        values.boolean(),
        "Whether reserved example addresses and numbers may sign in; for tests.",
        default=False,
    )
    dynamic_registration: bool = setting(
        values.boolean(),
        "Whether applications that bring a token of `clients registration-token` may register "
        "themselves (OpenID Connect Dynamic Client Registration).",
        default=False,
    )
    log_format: Literal["json", "console"] = setting(
        values.choice(("json", "console")), "How log lines look.", default="json"
    )
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        values.choice(("debug", "info", "warning", "error")),
        "The least important line that is written.",
        default="info",
    )
    mail: MailSettings = field(default_factory=MailSettings)
    sms: SmsSettings = field(default_factory=SmsSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    lifetimes: LifetimeSettings = field(default_factory=LifetimeSettings)
    outbound: OutboundSettings = field(default_factory=OutboundSettings)
    auth0: Auth0Settings = field(default_factory=Auth0Settings)
    connections: Mapping[str, ConnectionSettings] = field(default_factory=dict)
    clients: tuple[ClientSettings, ...] = ()
    apis: tuple[ApiSettings, ...] = ()

    @property
    def issuer(self) -> str:
        """The one issuer of this installation, with its trailing slash."""
        return f"{self.public_url}/"

    @property
    def origin(self) -> str:
        """Scheme, host and port, as browsers write it."""
        return self.public_url

    @property
    def host(self) -> str:
        """The host alone, as the last line of a text message names it."""
        return urlsplit(self.public_url).hostname or ""

    @property
    def mail_sender(self) -> str:
        """Who mails come from, also where nothing is configured."""
        return self.mail.from_ or f"login@{self.host}"

    @property
    def secure(self) -> bool:
        """Whether browsers come over https."""
        return self.public_url.startswith("https:")

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a SQLite file."""
        return urls.is_sqlite(self.database_url)

    @property
    def database_path(self) -> Path:
        """The SQLite file."""
        return urls.database_path(self.database_url)

    @property
    def drain(self) -> int:
        """How many seconds of taking requests are left once we are told to stop."""
        if self.drain_seconds is not None:
            return self.drain_seconds
        return _DRAIN_SECONDS if self.trusted_proxies else 0

    @property
    def listen_host(self) -> str:
        """The host to listen on, without brackets."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def listen_port(self) -> int:
        """The port to listen on."""
        return int(self.listen.rpartition(":")[2])


def environment() -> Mapping[str, str]:
    """Return the variables of this process."""
    return os.environ


def configuration_path(option: str | None, variables: Mapping[str, str]) -> Path:
    """Return the file to read: the option, else ``LATCHSTRING_CONFIG``, else the one right here."""
    return Path(option or variables.get(CONFIGURATION) or "latchstring.toml")
