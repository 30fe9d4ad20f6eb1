"""Load the whole configuration, or refuse with every fault at once."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from latchstring.base import settings_file
from latchstring.base.settings import (
    CONFIGURATION,
    CONNECTION_NAMES,
    OTHER_VARIABLES,
    ApiSettings,
    Auth0Settings,
    ClientSettings,
    ConnectionSettings,
    LifetimeSettings,
    LimitSettings,
    MailSettings,
    OutboundSettings,
    Settings,
    SmsSettings,
    configuration_path,
    environment,
)
from latchstring.base.settings_file import Key, SettingsFile
from latchstring.base.settings_first_values import (
    client_faults,
    connection_faults,
)
from latchstring.base.settings_reading import (
    PREFIX,
    Problem,
    Reading,
    SettingsError,
    Shown,
    nearest,
)
from latchstring.base.settings_urls import is_here
from latchstring.base.trust import trust

Record = TypeVar("Record")

SECTIONS: Mapping[str, type] = {
    "mail": MailSettings,
    "sms": SmsSettings,
    "limits": LimitSettings,
    "lifetimes": LifetimeSettings,
    "outbound": OutboundSettings,
    "auth0": Auth0Settings,
}


class Loaded(msgspec.Struct, frozen=True):
    """The settings, the file they came from, and each value with its origin."""

    settings: Settings
    path: Path
    shown: tuple[Shown, ...]


def load(option: str | None = None, variables: Mapping[str, str] | None = None) -> Loaded:
    """Return the configuration; raise ``SettingsError`` with every fault.

    The file is the one the option names, else ``LATCHSTRING_CONFIG``, else ``./latchstring.toml``.
    """
    variables = environment() if variables is None else variables
    path = configuration_path(option, variables)
    try:
        file = settings_file.read(path)
    except settings_file.FileError as error:
        hint = "" if path.exists() else f"; name the file with --config or {CONFIGURATION}"
        raise SettingsError([Problem(error.where, "", f"{error}{hint}")]) from None
    reading = Reading(file, variables)
    settings = _settings(reading)
    if settings is None or reading.problems:
        raise SettingsError(reading.problems)
    return Loaded(settings, path, tuple(reading.shown))


def read_connection(name: str, table: Mapping[str, object]) -> ConnectionSettings:
    """Return a connection from names and values as the file has them; raise ``SettingsError``."""
    reading = Reading(SettingsFile(Path(), dict(table)))
    return _found(reading, _connection(reading, name, ()))


def read_client(table: Mapping[str, object]) -> ClientSettings:
    """Return a client from names and values as the file has them; raise ``SettingsError``."""
    reading = Reading(SettingsFile(Path(), dict(table)))
    return _found(reading, _client(reading, ()))


def read_api(table: Mapping[str, object]) -> ApiSettings:
    """Return an API from names and values as the file has them; raise ``SettingsError``."""
    reading = Reading(SettingsFile(Path(), dict(table)))
    return _found(reading, reading.record(ApiSettings, ()))


def _found(reading: Reading, record: Record | None) -> Record:
    if record is None or reading.problems:
        raise SettingsError(Problem("", fault.key, fault.message) for fault in reading.problems)
    return record


def _settings(reading: Reading) -> Settings | None:
    found = reading.values(Settings)
    parts: dict[str, Any] = {name: reading.record(kind, (name,)) for name, kind in SECTIONS.items()}
    parts["connections"] = _connections(reading)
    parts["clients"] = _repeated(reading, "clients", "client_id", _client)
    parts["apis"] = _repeated(
        reading, "apis", "identifier", lambda found, key: found.record(ApiSettings, key)
    )
    reading.refuse_unknown_variables(OTHER_VARIABLES)
    if reading.problems:
        return None
    settings = Settings(**found, **parts)
    for key, reason in _faults(settings):
        reading.refuse(key, reason)
    return settings


def _connections(reading: Reading) -> dict[str, ConnectionSettings]:
    given = reading.table(("connections",))
    for name in given.keys() - set(CONNECTION_NAMES):
        meant = nearest(name, CONNECTION_NAMES)
        reading.refuse(("connections", name), f"unknown connection{meant}")
    found = {
        name: _connection(reading, name, ("connections", name))
        for name in CONNECTION_NAMES
        if name in given or _is_in_environment(reading, name)
    }
    return {name: connection for name, connection in found.items() if connection is not None}


def _is_in_environment(reading: Reading, name: str) -> bool:
    prefix = f"{PREFIX}CONNECTIONS__{name.upper()}__"
    return any(variable.startswith(prefix) for variable in reading.variables)


def _connection(reading: Reading, name: str, key: Key) -> ConnectionSettings | None:
    connection = reading.record(ConnectionSettings, key, connection=name)
    if connection is not None:
        for setting, reason in connection_faults(name, connection):
            reading.refuse((*key, setting), reason)
    return connection


def _repeated(
    reading: Reading, name: str, unique: str, read: Callable[[Reading, Key], Record | None]
) -> tuple[Record, ...]:
    """Return the records of the tables headed ``[[name]]``; no two share what makes them unique."""
    given = reading.file.table.get(name, [])
    if not isinstance(given, list):
        reading.refuse((name,), f"must be repeated tables, each headed [[{name}]]")
        return ()
    found: dict[str, Record] = {}
    for position in range(len(given)):
        record = read(reading, (name, position))
        if record is None:
            continue
        if getattr(record, unique) in found:
            reading.refuse((name, position, unique), "is that of another table")
        found[getattr(record, unique)] = record
    return tuple(found.values())


def _client(reading: Reading, key: Key) -> ClientSettings | None:
    client = reading.record(ClientSettings, key)
    if client is not None:
        for setting, reason in client_faults(client):
            reading.refuse((*key, setting), reason)
    return client


def workers_fault(settings: Settings) -> str:
    """Return why a database cannot have so many server processes, else nothing."""
    if settings.workers > 1 and settings.is_sqlite:
        return "must be 1 with SQLite: one server process at a time holds its file"
    return ""


def _faults(settings: Settings) -> Iterator[tuple[Key, str]]:
    """Yield what does not fit together although each value is right."""
    yield from _mail_faults(settings)
    yield from _sms_faults(settings)
    yield from _tls_faults(settings)
    yield from _outbound_faults(settings)
    yield from _key_file_faults(settings)
    if not settings.secure and not is_here(settings.listen_host):
        yield ("listen",), "must be on loopback while public_url is http"
    if fault := workers_fault(settings):
        yield ("workers",), fault
    if settings.metrics_listen == settings.listen:
        yield ("metrics_listen",), "must not be where everybody comes in"
    if settings.lifetimes.session_idle > settings.lifetimes.session_absolute:
        yield ("lifetimes", "session_idle"), "must not be longer than session_absolute"
    if settings.lifetimes.refresh_token_idle > settings.lifetimes.refresh_token_absolute:
        yield ("lifetimes", "refresh_token_idle"), "must not be longer than refresh_token_absolute"


def _mail_faults(settings: Settings) -> Iterator[tuple[Key, str]]:
    if "email" in settings.connections and not settings.mail.smtp_url:
        yield ("mail", "smtp_url"), "is required for [connections.email]"
    if settings.mail.smtp_url and not settings.mail.from_:
        yield ("mail", "from"), "is required with smtp_url"


def _sms_faults(settings: Settings) -> Iterator[tuple[Key, str]]:
    gateway, token = settings.sms.gateway_url, settings.sms.gateway_token
    if "sms" in settings.connections and not gateway:
        yield ("sms", "gateway_url"), "is required for [connections.sms]"
    parts = urlsplit(gateway or "")
    if token and parts.scheme == "http" and not is_here(parts.hostname):
        yield ("sms", "gateway_url"), "must be https: gateway_token would be sent in clear"


def _tls_faults(settings: Settings) -> Iterator[tuple[Key, str]]:
    if bool(settings.tls_cert_file) != bool(settings.tls_key_file):
        missing = "tls_key_file" if settings.tls_cert_file else "tls_cert_file"
        yield (missing,), "is required: certificate and key go together"
    if settings.tls_cert_file and not settings.secure:
        yield ("public_url",), "must be https with a tls_cert_file"


def _outbound_faults(settings: Settings) -> Iterator[tuple[Key, str]]:
    try:
        if settings.outbound.ca_file is not None:
            trust(settings.outbound.ca_file)
    except OSError:
        yield ("outbound", "ca_file"), "must be a file with certificates in PEM"


def _key_file_faults(settings: Settings) -> Iterator[tuple[Key, str]]:
    if not settings.is_sqlite:
        return
    # Whoever carries the data away, a backup among them, must not have the keys to it.
    data = settings.database_path.parent.resolve()
    if settings.secret_key_file.resolve().is_relative_to(data):
        yield ("secret_key_file",), f"must lie outside {data}, the database's folder"
