"""Where a PostgreSQL database is, as ``database_url`` says it."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

DEFAULT_PORT = 5432


@dataclass(frozen=True, slots=True)
class Address:
    """A ``postgresql://`` URL, taken apart."""

    host: str
    """A name, an address, or the folder of a socket."""

    port: int
    user: str | None
    password: str | None = field(repr=False)
    database: str
    ssl: str | None
    """libpq's ``sslmode``."""

    pooled: bool
    """Whether a pooler in transaction mode is between us and the server."""

    @classmethod
    def of(cls, url: str) -> "Address":
        """Read a URL that ``base.settings_urls.database_url`` accepted."""
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query))
        return cls(
            host=unquote(options.get("host") or parts.hostname or "127.0.0.1"),
            port=int(options.get("port") or parts.port or DEFAULT_PORT),
            user=unquote(parts.username) if parts.username else options.get("user"),
            password=unquote(parts.password) if parts.password else None,
            database=unquote(parts.path.removeprefix("/")),
            ssl=options.get("sslmode"),
            pooled=options.get("pooler") == "transaction",
        )

    def __str__(self) -> str:
        """Name it for a person, without the password."""
        return f"{self.database} at {self.host}:{self.port}"

    def as_arguments(self) -> dict[str, Any]:
        """Return it as the driver takes it."""
        return {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "password": self.password,
            "database": self.database,
            "ssl": self.ssl,
        }
