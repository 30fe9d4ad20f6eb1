"""A registered application: where it may send people back to, and how it proves itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from latchstring.base import secrets
from latchstring.base.errors import InvalidRequest
from latchstring.base.ids import ClientId, ConnectionName
from latchstring.base.settings import ClientSettings, GrantType, SigningAlgorithm
from latchstring.base.settings_declarations import declarations, stored, stored_names
from latchstring.base.settings_loading import read_client
from latchstring.base.settings_reading import SettingsError
from latchstring.base.settings_urls import origin_of

_LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(?::([0-9]{1,5}))?(/.*)?")
_HIGHEST_PORT = 65535


class ClientType(StrEnum):
    """Whether an application can keep a secret (RFC 6749 section 2.1)."""

    PUBLIC = "public"
    CONFIDENTIAL = "confidential"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """An application that may ask for sign-ins."""

    client_id: ClientId
    name: str
    secret_digest: str | None = field(default=None, repr=False)
    native: bool = False
    callbacks: tuple[str, ...] = ()
    logout_urls: tuple[str, ...] = ()
    initiate_login_uri: str | None = None
    web_origins: tuple[str, ...] = ()
    connections: tuple[ConnectionName, ...] = ()
    id_token_signed_response_alg: SigningAlgorithm = SigningAlgorithm.RS256
    userinfo_signed_response_alg: SigningAlgorithm | None = None
    default_max_age: int | None = None
    grant_types: tuple[GrantType, ...] = ()
    response_types: tuple[str, ...] = ("code",)
    require_pkce: bool = True
    require_pushed_authorization_requests: bool = False
    first_party: bool = True
    apis: tuple[str, ...] = ()
    jwks: str | None = None
    jwks_uri: str | None = None
    backchannel_logout_uri: str | None = None
    backchannel_logout_session_required: bool = False
    trust_forwarded_for: bool = False
    cross_origin_authentication: bool = True
    cross_origin_loc: str | None = None
    logo_url: str | None = None
    color: str | None = None
    terms_url: str | None = None
    privacy_url: str | None = None
    support_email: str | None = None
    dynamic: bool = False
    """It registered itself (RFC 7591): its names and its addresses are a stranger's."""

    @classmethod
    def of(cls, settings: ClientSettings) -> "Client":
        """Return the client that settings describe, its secret reduced to a digest."""
        secret = settings.client_secret
        values = stored(settings, ClientSettings)
        return cls.from_values(values, secrets.digest(secret) if secret else None)

    @classmethod
    def from_values(cls, values: Mapping[str, Any], secret_digest: str | None) -> "Client":
        """Return the client that plain values describe; raise ``InvalidRequest``."""
        try:
            settings = read_client(values)
        except SettingsError as error:
            raise InvalidRequest(str(error), field=error.problems[0].key) from None
        if settings.native and secret_digest is not None:
            message = "native: must be false with a secret: an installed app cannot keep one"
            raise InvalidRequest(message, field="native")
        if secret_digest is None and not (settings.jwks or settings.jwks_uri):
            _require_nothing_of_its_own(settings)
        declared = declarations(ClientSettings).values()
        given = {
            item.attribute: getattr(settings, item.attribute)
            for item in declared
            if not item.secret
        }
        return cls(secret_digest=secret_digest, **given)

    @classmethod
    def from_stored(
        cls, values: Mapping[str, Any], secret_digest: str | None, *, dynamic: bool = False
    ) -> "Client":
        """Return the client of a row, which an older or a newer program may have written.

        What is absent has its default, what is unknown is passed over.
        """
        known = stored_names(ClientSettings)
        # Clients that were there before the setting was go on as they did.
        values = {"require_pkce": False} | dict(values)
        found = {key: values[key] for key in known & values.keys()}
        return replace(cls.from_values(found, secret_digest), dynamic=dynamic)

    def as_stored(self) -> dict[str, Any]:
        """Return its settings as the file would write them, without the secret."""
        return stored(self, ClientSettings)

    def changed(self, values: Mapping[str, Any]) -> "Client":
        """Return the client with some settings replaced; raise ``InvalidRequest``."""
        if values.get("client_id", self.client_id) != self.client_id:
            raise InvalidRequest("client_id: never changes", field="client_id")
        changed = Client.from_values(self.as_stored() | dict(values), self.secret_digest)
        return replace(changed, dynamic=self.dynamic)

    @property
    def type(self) -> ClientType:
        """Public without a secret or a key, confidential with one."""
        return ClientType.PUBLIC if self.is_public else ClientType.CONFIDENTIAL

    @property
    def is_public(self) -> bool:
        """Whether anybody may speak in its name, so that PKCE must bind the answer."""
        return self.secret_digest is None and not self.has_keys

    @property
    def answers_for_its_callers(self) -> bool:
        """Whether its calls count against no address: whoever makes them is its own business.

        Not so where it registered itself: a stranger would lift our limits for himself.
        """
        return not self.is_public and not self.dynamic

    @property
    def has_keys(self) -> bool:
        """Whether it may prove itself by a signature (RFC 7523)."""
        return self.jwks is not None or self.jwks_uri is not None

    @property
    def needs_pkce(self) -> bool:
        """Whether an authorization request of its needs a code_challenge."""
        return self.require_pkce or self.is_public

    @property
    def default_callback(self) -> str | None:
        """Where people go back to when the request does not say."""
        return self.callbacks[0] if self.callbacks else None

    def accepts_secret(self, secret: str | None) -> bool:
        """Whether this proves the client: its secret, or nothing at all from a public one.

        The digests are compared in constant time. Empty counts as absent; a public client that
        presents a secret is mistaken about who it is.
        """
        if self.secret_digest is None:
            return self.is_public and not secret
        return bool(secret) and secrets.equal(secrets.digest(secret or ""), self.secret_digest)

    def accepts_callback(self, url: str) -> bool:
        """Whether people may be sent back there: an exact match (RFC 9700 section 2.1)."""
        return self._is_registered(url, self.callbacks)

    def accepts_logout_url(self, url: str) -> bool:
        """Whether people may be sent there after signing out."""
        return self._is_registered(url, self.logout_urls)

    def accepts_origin(self, origin: str) -> bool:
        """Whether a page of this origin may call the API: its web origins and its callbacks'."""
        return origin in self.web_origins or any(origin == origin_of(url) for url in self.callbacks)

    def offers(self, connection: str) -> bool:
        """Whether people may sign in to it this way."""
        return connection in self.connections

    def may_use(self, grant: GrantType) -> bool:
        """Whether it may bring this to the token endpoint."""
        return grant in self.grant_types

    def _is_registered(self, url: str, registered: tuple[str, ...]) -> bool:
        if url in registered:
            return True
        # An installed app cannot know which port it gets; only on the loopback literals.
        wanted = _without_port(url) if self.native and self.is_public else None
        return wanted is not None and any(wanted == _without_port(known) for known in registered)


def _require_nothing_of_its_own(settings: ClientSettings) -> None:
    """Refuse to a client that anybody can speak for what rests on its being itself."""
    if GrantType.CLIENT_CREDENTIALS in settings.grant_types:
        message = "grant_types: client_credentials needs a secret or a key"
        raise InvalidRequest(message, field="grant_types")
    if settings.trust_forwarded_for:
        message = "trust_forwarded_for: must be false without a secret or a key"
        raise InvalidRequest(message, field="trust_forwarded_for")


def _without_port(url: str) -> tuple[str, str] | None:
    match = _LOOPBACK.fullmatch(url)
    if match is None or not 0 < int(match[2] or 80) <= _HIGHEST_PORT:
        return None
    return match[1], match[3] or ""
