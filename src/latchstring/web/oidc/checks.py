"""What ``/authorize`` refuses, one named check after the other.

They run in the order of ``CHECKS``, and only once client and redirect URI are known to belong
together: what fails here is told to the application, at its own address.
"""

import re
from collections.abc import Callable
from urllib.parse import urlencode

import msgspec

from latchstring.base.errors import InvalidRequest
from latchstring.base.ids import ConnectionName
from latchstring.domain.authorizations import pkce, scopes
from latchstring.domain.authorizations.request import Prompt, Wanted
from latchstring.domain.clients.client import Client
from latchstring.domain.tokens import audience
from latchstring.web.http.parameters import Parameters
from latchstring.web.oidc import texts

RESPONSE_TYPES = ("code",)
RESPONSE_MODES = ("query",)
_PROMPTS = frozenset(prompt.value for prompt in Prompt)
_MAX_AGE = re.compile(r"[0-9]{1,9}")


class AuthorizeRefused(InvalidRequest):
    """The application's request is refused, in OAuth's words for the application itself."""

    def __init__(self, error: str, description: str, *, field: str = "") -> None:
        """Take the error code, and a description in plain ASCII without quotes."""
        super().__init__(description, field=field)
        self.error = error


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters that mean something here, each at most once; empty is absent."""

    client_id: str | None
    redirect_uri: str | None
    response_type: str | None
    response_mode: str | None
    scope: str | None
    state: str | None
    nonce: str | None
    code_challenge: str | None
    code_challenge_method: str | None
    prompt: str | None
    max_age: str | None
    login_hint: str | None
    id_token_hint: str | None
    connection: str | None
    audience: str | None
    request: str | None
    request_uri: str | None
    registration: str | None

    @classmethod
    def read(cls, parameters: Parameters) -> "Asked":
        """Return them; raise ``InvalidRequest`` for one that was sent twice.

        The first and the last of two values are equally likely to be the attacker's.
        """
        return cls(**{name: parameters.one(name) for name in cls.__struct_fields__})

    @property
    def query(self) -> str:
        """The same request as a query string."""
        named = msgspec.structs.asdict(self)
        return urlencode({name: value for name, value in named.items() if value is not None})

    @property
    def prompts(self) -> frozenset[str]:
        """The words of ``prompt``."""
        return frozenset((self.prompt or "").split())


Check = Callable[[Asked, Client, str], None]
"""Takes the request, the client and our issuer; raises ``AuthorizeRefused``."""


def without_request_object(asked: Asked, _client: Client, _issuer: str) -> None:
    """Refuse request objects (OpenID Connect Core 6): nothing is fetched, nothing overridden."""
    for name in ("request", "request_uri", "registration"):
        if getattr(asked, name) is not None:
            raise AuthorizeRefused(f"{name}_not_supported", f"{name} is not supported.", field=name)


def of_readable_texts(asked: Asked, _client: Client, _issuer: str) -> None:
    """Refuse what is too long to keep, and control characters."""
    for name, value in msgspec.structs.asdict(asked).items():
        fault = texts.fault_of(name, value)
        if fault is not None:
            raise _invalid(name, fault)


def for_a_code(asked: Asked, _client: Client, _issuer: str) -> None:
    """Refuse every response type but ``code``: tokens never travel through an address bar."""
    if asked.response_type is None:
        raise _invalid("response_type", "Missing required parameter: response_type")
    if asked.response_type not in RESPONSE_TYPES:
        description = "The only response_type is code."
        raise AuthorizeRefused("unsupported_response_type", description, field="response_type")


def in_the_query(asked: Asked, _client: Client, _issuer: str) -> None:
    """Refuse response modes that do not exist here."""
    if asked.response_mode is not None and asked.response_mode not in RESPONSE_MODES:
        raise _invalid("response_mode", "The only response_mode is query.")


def with_pkce(asked: Asked, client: Client, _issuer: str) -> None:
    """Refuse a public client without PKCE, and anything but S256 from anyone."""
    if asked.code_challenge is None:
        if asked.code_challenge_method is not None:
            raise _invalid("code_challenge", "code_challenge_method without code_challenge.")
        if client.is_public:
            raise _invalid("code_challenge", "A public client has to send a code_challenge.")
        return
    # A missing method means plain (RFC 7636 section 4.3), which does not exist here.
    if asked.code_challenge_method != pkce.METHOD:
        raise _invalid("code_challenge_method", "The only code_challenge_method is S256.")
    if not pkce.is_challenge(asked.code_challenge):
        raise _invalid("code_challenge", "code_challenge is not a base64url SHA-256.")


def with_sound_prompt(asked: Asked, _client: Client, _issuer: str) -> None:
    """Refuse unknown prompts, and ``none`` beside any other."""
    if not asked.prompts <= _PROMPTS:
        raise _invalid("prompt", "prompt has an unknown value.")
    if Prompt.NONE in asked.prompts and len(asked.prompts) > 1:
        raise _invalid("prompt", "prompt=none goes with no other value.")


def with_sound_max_age(asked: Asked, _client: Client, _issuer: str) -> None:
    """Refuse a ``max_age`` that is no number of seconds."""
    if asked.max_age is not None and not _MAX_AGE.fullmatch(asked.max_age):
        raise _invalid("max_age", "max_age is not a number of seconds.")


def by_an_offered_connection(asked: Asked, client: Client, _issuer: str) -> None:
    """Refuse a connection that the client does not use."""
    if asked.connection is not None and not client.offers(asked.connection):
        raise _invalid("connection", "The connection is not enabled for this client.")


def for_a_known_audience(asked: Asked, _client: Client, issuer: str) -> None:
    """Refuse an API nobody registered: its token would be good for nothing."""
    if not audience.is_known(asked.audience, issuer):
        raise AuthorizeRefused("access_denied", "Service not found.", field="audience")


CHECKS: tuple[Check, ...] = (
    of_readable_texts,
    without_request_object,
    for_a_code,
    in_the_query,
    with_pkce,
    with_sound_prompt,
    with_sound_max_age,
    by_an_offered_connection,
    for_a_known_audience,
)


def checked(asked: Asked, client: Client, issuer: str) -> Wanted:
    """Return the request once every check let it pass; raise ``AuthorizeRefused``."""
    for check in CHECKS:
        check(asked, client, issuer)
    return Wanted(
        client_id=client.client_id,
        redirect_uri=asked.redirect_uri or "",
        response_mode=asked.response_mode or RESPONSE_MODES[0],
        scope=scopes.granted(asked.scope),
        state=asked.state,
        nonce=asked.nonce,
        code_challenge=asked.code_challenge,
        prompt=frozenset(Prompt(word) for word in asked.prompts),
        max_age_seconds=None if asked.max_age is None else int(asked.max_age),
        login_hint=asked.login_hint,
        connection=None if asked.connection is None else ConnectionName(asked.connection),
    )


def _invalid(field: str, description: str) -> AuthorizeRefused:
    return AuthorizeRefused("invalid_request", description, field=field)
