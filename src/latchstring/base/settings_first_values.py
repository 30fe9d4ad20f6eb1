"""What the file says of connections and clients: first values for the database.

They are written where the database has none; from then on the database is the truth, and the same
readers check what ``connections set`` and ``clients set`` bring.
"""

# ruff: noqa: RUF009 - `setting` declares a field, exactly as dataclasses.field does

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from latchstring.base import settings_texts as texts
from latchstring.base import settings_urls as urls
from latchstring.base import settings_values as values
from latchstring.base.settings_declarations import setting
from latchstring.base.settings_texts import CONNECTION_NAMES, GrantType

__all__ = [
    "CONNECTION_NAMES",
    "ApiSettings",
    "ClientSettings",
    "ConnectionSettings",
    "GrantType",
    "OtherBrowser",
    "Send",
    "SigningAlgorithm",
]


class Send(StrEnum):
    """What a message carries."""

    BOTH = "both"
    LINK = "link"
    CODE = "code"


class OtherBrowser(StrEnum):
    """What a link does in a browser other than the one that asked for it."""

    CONFIRM = "confirm"
    CODE = "code"
    DENY = "deny"


class SigningAlgorithm(StrEnum):
    """What signatures are made with (RFC 7518 section 3)."""

    RS256 = "RS256"
    ES256 = "ES256"


_PAGE = values.optional(urls.web_link, "an https URL (http on loopback)")
_CALLBACKS = values.listing(urls.callback, "https, http on loopback, or an app's own scheme")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSettings:
    """A way in: first values for the database, which is the truth from then on."""

    send: Send = setting(
        values.choice(Send),
        "What a message carries: a link and a code, or one of them. A text message: a code.",
        default=Send.BOTH,
        default_of={"sms": Send.CODE},
    )
    code_length: int = setting(values.integer(6, 12), "How many digits a code has.", default=6)
    code_lifetime: timedelta = setting(
        values.seconds(60, 600), "How long a code is valid.", default=timedelta(seconds=600)
    )
    link_lifetime: timedelta = setting(
        values.seconds(60, 3600),
        "How long a link is valid.",
        default=timedelta(seconds=600),
        only="email",
    )
    live: int = setting(
        values.integer(1, 5),
        "How many of the newest requests stay valid at once; one more retires the oldest.",
        default=5,
    )
    max_attempts: int = setting(
        values.integer(1, 10), "How many wrong answers a request survives.", default=3
    )
    other_browser: OtherBrowser = setting(
        values.choice(OtherBrowser),
        "What a link does in another browser than the one that asked: sign in after a press, show "
        "the code to type where it was asked for, or nothing.",
        default=OtherBrowser.CONFIRM,
        only="email",
    )
    sign_up: bool = setting(
        values.boolean(), "Whether somebody unknown becomes a user by signing in.", default=True
    )
    countries: tuple[str, ...] = setting(
        values.listing(texts.region, "two-letter regions"),
        "Where messages may go. Required: without a country there is no SMS.",
        default=(),
        only="sms",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSettings:
    """An application: first values for the database, which is the truth from then on."""

    client_id: str = setting(
        values.required(texts.client_id, "1 to 128 of A-Z a-z 0-9 . _ ~ -"), "Its public name."
    )
    client_secret: str | None = setting(
        values.optional(texts.client_secret, "32 to 256 ASCII characters"),
        "Makes the client confidential; without one it is public. Only a digest is stored.",
        default=None,
        secret=True,
    )
    name: str = setting(
        values.required(lambda text: values.line(100).parse(text), "at most 100 characters"),
        "What people see on pages and in messages.",
    )
    native: bool = setting(
        values.boolean(),
        "An installed application, for which the port of a loopback callback may vary "
        "(RFC 8252). Public clients only.",
        default=False,
    )
    callbacks: tuple[str, ...] = setting(
        _CALLBACKS, "Where people may be sent back to; compared exactly.", default=()
    )
    logout_urls: tuple[str, ...] = setting(
        _CALLBACKS,
        "Where people may be sent after signing out; compared exactly, at /v2/logout but for query "
        "and fragment.",
        default=(),
    )
    initiate_login_uri: str | None = setting(
        _PAGE, "The page of the application that starts a sign-in.", default=None
    )
    web_origins: tuple[str, ...] = setting(
        values.listing(urls.origin, "origins, such as https://app.example"),
        "Origins whose pages may call the API from a browser.",
        default=(),
    )
    connections: tuple[str, ...] = setting(
        values.listing(texts.connection, "email, sms"),
        "The ways in that it offers.",
        default=("email",),
    )
    id_token_signed_response_alg: SigningAlgorithm = setting(
        values.choice(SigningAlgorithm),
        "What its ID tokens are signed with. Every library reads RS256; ES256 costs the server a "
        "tenth of it.",
        default=SigningAlgorithm.RS256,
    )
    userinfo_signed_response_alg: SigningAlgorithm | None = setting(
        values.optional(values.choice(SigningAlgorithm).parse, "RS256, ES256"),
        "What answers of /userinfo are signed with; none: they are plain JSON.",
        default=None,
    )
    default_max_age: int | None = setting(
        values.optional_integer(0, 31_536_000),
        "After how many seconds people must sign in again, where a request names no max_age.",
        default=None,
    )
    grant_types: tuple[GrantType, ...] = setting(
        values.listing(texts.grant_type, ", ".join(texts.GRANT_TYPES)),
        "What it may bring to the token endpoint. Refresh tokens are given out only with "
        "refresh_token among them, and only for the scope offline_access.",
        default=(
            GrantType.AUTHORIZATION_CODE,
            GrantType.REFRESH_TOKEN,
            GrantType.PASSWORDLESS_OTP,
        ),
    )
    response_types: tuple[str, ...] = setting(
        values.listing(texts.response_type, ", ".join(texts.RESPONSE_TYPES)),
        "What it may ask of /authorize. All but code send tokens through the address bar: for old "
        "SDKs that cannot do without.",
        default=("code",),
    )
    require_pkce: bool = setting(
        values.boolean(),
        "Whether its authorization requests need a code_challenge. A public client's always do.",
        default=True,
    )
    require_pushed_authorization_requests: bool = setting(
        values.boolean(),
        "Whether it must push its authorization requests (RFC 9126).",
        default=False,
    )
    first_party: bool = setting(
        values.boolean(),
        "The operator's own: people are not asked whether it may know them. Others are.",
        default=True,
    )
    apis: tuple[str, ...] = setting(
        values.listing(texts.audience, "identifiers of [[apis]]"),
        "APIs that it may call in its own name, by the client_credentials grant.",
        default=(),
    )
    jwks: str | None = setting(
        values.optional(texts.jwks, 'a JSON Web Key Set, such as {"keys": [...]}', longest=16_384),
        "Its public keys, for authentication with private_key_jwt.",
        default=None,
    )
    jwks_uri: str | None = setting(_PAGE, "Where its public keys are found.", default=None)
    backchannel_logout_uri: str | None = setting(
        _PAGE,
        "Where it is told that somebody signed out (OpenID Back-Channel Logout).",
        default=None,
    )
    backchannel_logout_session_required: bool = setting(
        values.boolean(), "Whether a logout token must name the session.", default=False
    )
    trust_forwarded_for: bool = setting(
        values.boolean(),
        "Whether auth0-forwarded-for of its authenticated calls names the person's address. "
        "Confidential clients only.",
        default=False,
    )
    cross_origin_authentication: bool = setting(
        values.boolean(),
        "Whether pages of its web origins may sign people in with /co/authenticate.",
        default=True,
    )
    cross_origin_loc: str | None = setting(
        _PAGE,
        "Its cross-origin verification page, for browsers that block third-party cookies.",
        default=None,
    )
    logo_url: str | None = setting(_PAGE, "Its logo on pages.", default=None)
    color: str | None = setting(
        values.optional(texts.color, "a color like #0a7d5a"), "Its color on pages.", default=None
    )
    terms_url: str | None = setting(_PAGE, "Its terms of service.", default=None)
    privacy_url: str | None = setting(_PAGE, "Its privacy policy.", default=None)
    support_email: str | None = setting(
        values.optional(texts.address, "an email address"), "Who helps its users.", default=None
    )


LONGEST_TOKEN = timedelta(days=30)
"""Beyond which no API's access token lives; what signed it is published for as long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """An API that access tokens are for: first values for the database, the truth from then on."""

    identifier: str = setting(
        values.required(texts.audience, "an absolute URI"),
        "What clients name as audience, and what stands in the tokens' aud. Never changes.",
    )
    name: str = setting(
        values.required(lambda text: values.line(100).parse(text), "at most 100 characters"),
        "What people see where they are asked for consent.",
    )
    scopes: tuple[str, ...] = setting(
        values.listing(texts.scope, "words of RFC 6749, not those of OpenID Connect"),
        "What its tokens may allow.",
        default=(),
    )
    token_lifetime: timedelta = setting(
        values.seconds(60, int(LONGEST_TOKEN.total_seconds())),
        "How long its tokens last.",
        default=timedelta(days=1),
    )
    signing_alg: SigningAlgorithm = setting(
        values.choice(SigningAlgorithm),
        "What its tokens are signed with.",
        default=SigningAlgorithm.RS256,
    )
    allow_offline_access: bool = setting(
        values.boolean(), "Whether clients may have refresh tokens for it.", default=True
    )


def connection_faults(name: str, settings: ConnectionSettings) -> Iterator[tuple[str, str]]:
    """Yield each setting that does not fit the connection, with the reason."""
    if name == "sms" and settings.send is not Send.CODE:
        yield "send", 'must be "code": a text message has no room for a link'
    if name == "sms" and not settings.countries:
        yield "countries", 'is required: without a country there is no SMS, such as ["US", "GB"]'


def client_faults(settings: ClientSettings) -> Iterator[tuple[str, str]]:
    """Yield each setting that does not fit the others, with the reason."""
    if settings.native and settings.client_secret:
        yield "native", "must be false with a client_secret: an installed app cannot keep one"
    if settings.jwks and settings.jwks_uri:
        yield "jwks_uri", "must be empty with jwks: one of them tells the keys"
    if settings.native and (settings.jwks or settings.jwks_uri):
        yield "native", "must be false with keys: an installed app cannot keep one"
    if settings.backchannel_logout_session_required and not settings.backchannel_logout_uri:
        yield "backchannel_logout_uri", "is required with backchannel_logout_session_required"
