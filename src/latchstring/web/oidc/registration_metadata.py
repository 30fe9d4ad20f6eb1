"""What an application says of itself, in the words of RFC 7591 and OpenID Connect Registration.

Read into our settings. What we do not know is passed over and not told back, and so are ``scope``,
which we do not narrow, and request URIs that nobody could use; what else we know and cannot do is
refused. ``null`` and ``""`` are absent.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn
from urllib.parse import urlsplit

import msgspec

from latchstring.base import settings_urls as urls
from latchstring.base.outbound_guard import Networks, fault_of_url
from latchstring.base.settings import GrantType, SigningAlgorithm
from latchstring.base.settings_texts import response_type
from latchstring.web.oidc.client_authentication import METHODS
from latchstring.web.oidc.discovery import IMPLICIT
from latchstring.web.oidc.errors import BadMetadata, BadRedirectUri

NONE, PRIVATE_KEY_JWT = "none", "private_key_jwt"
CODE_GRANT = GrantType.AUTHORIZATION_CODE.value
_GRANTS = (
    CODE_GRANT,
    GrantType.REFRESH_TOKEN.value,
    GrantType.DEVICE_CODE.value,
)
"""What a stranger may have. APIs, and codes typed into an application, are for the operator's."""

_LONGEST = 2048
_LONGEST_NAME = 100
_MOST = 20
_LONGEST_AGE = 31_536_000
_PUBLIC_OF_A_KEY = ("kty", "use", "key_ops", "alg", "kid", "n", "e", "crv", "x", "y")
_SECRET_OF_A_KEY = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_LONGEST_REQUEST_URI = 512
"""As OpenID Connect Core 6.2 has it."""


class Metadata(msgspec.Struct, frozen=True):
    """What was said, read: our settings, and what is told back."""

    settings: dict[str, Any]
    with_secret: bool
    told: dict[str, Any]

    @property
    def sector_identifier_uri(self) -> str | None:
        """Where a list of redirect URIs is published that must hold all of ours."""
        return self.told.get("sector_identifier_uri")


def read(members: Mapping[str, Any], connections: Sequence[str], allowed: Networks) -> Metadata:
    """Return what was said; raise ``BadRedirectUri`` or ``BadMetadata``.

    Addresses that we call must be such as the guard lets through.
    """
    said = _Said({name: value for name, value in members.items() if value not in (None, "")})
    method = said.choice("token_endpoint_auth_method", METHODS, default=METHODS[0])
    native = said.choice("application_type", ("web", "native"), default="web") == "native"
    _refuse_what_we_cannot(said)
    settings = {
        **_flows(said),
        **_addresses(said, native=native),
        **_called(said, allowed),
        **_keys(said, method),
        "name": said.text("client_name", longest=_LONGEST_NAME) or _host(said),
        "native": native and method == NONE,
        "connections": list(connections),
        "require_pkce": method == NONE,
        "first_party": False,
        "cross_origin_authentication": False,
    }
    _request_objects(said, method, allowed)
    # Told back, and nothing more: no page of ours shows them.
    said.texts("contacts")
    said.url("client_uri")
    given = {name: value for name, value in settings.items() if value is not None}
    return Metadata(given, method not in (NONE, PRIVATE_KEY_JWT), said.told)


class _Said:
    """Members of the request; what is read is told back."""

    def __init__(self, members: Mapping[str, Any]) -> None:
        self.members = members
        self.told: dict[str, Any] = {}

    def take(self, name: str, reader: Callable[[Any], Any], default: object = None) -> Any:  # noqa: ANN401 - JSON
        """Read a member and note it; raise ``BadMetadata``."""
        found = self.members.get(name)
        if found is None:
            value = default
        else:
            try:
                value = reader(found)
            except ValueError as error:
                _refuse(f"{name} {error}.", name)
        if value is not None:
            self.told[name] = list(value) if isinstance(value, tuple) else value
        return value

    def text(self, name: str, *, longest: int = _LONGEST) -> str | None:
        found: str | None = self.take(name, lambda value: _text(value, longest))
        return found

    def texts(self, name: str) -> tuple[str, ...]:
        found: tuple[str, ...] | None = self.take(name, _texts)
        return found or ()

    def flag(self, name: str) -> bool:
        return bool(self.take(name, _flag))

    def url(self, name: str, reader: Callable[[str], str] = urls.web_link) -> str | None:
        found: str | None = self.take(name, lambda value: reader(_text(value)))
        return found

    def choice(self, name: str, choices: Sequence[str], *, default: str) -> str:
        found: str = self.take(name, lambda value: _one_of(value, choices), default)
        return found


def _refuse_what_we_cannot(said: _Said) -> None:
    said.choice("subject_type", ("public",), default="public")
    if said.members.get("token_endpoint_auth_signing_alg") is not None:
        said.choice("token_endpoint_auth_signing_alg", tuple(SigningAlgorithm), default="")
    for name in (
        "id_token_encrypted_response_alg",
        "userinfo_encrypted_response_alg",
        "request_object_encryption_alg",
    ):
        if name in said.members:
            _refuse(f"{name} is not supported.", name)


def _flows(said: _Said) -> dict[str, Any]:
    """Return what it may ask of /authorize and bring to the token endpoint."""
    responses = said.take("response_types", _response_types, ("code",))
    grants = said.take("grant_types", _texts, _grants_of(responses))
    if "response_types" not in said.members and CODE_GRANT not in grants:
        responses = ()
    # Both say the same (RFC 7591 section 2.1): what response types stand for comes with them alone.
    others = [grant for grant in grants if grant in _GRANTS and grant != CODE_GRANT]
    kept = tuple(dict.fromkeys([*_grants_of(responses), *others]))
    if not kept:
        _refuse(f"grant_types must hold one of {', '.join(_GRANTS)}.", "grant_types")
    said.told |= {"grant_types": list(kept), "response_types": list(responses)}
    algorithm = said.choice(
        "id_token_signed_response_alg", tuple(SigningAlgorithm), default=SigningAlgorithm.RS256
    )
    # Every ID token of ours tells auth_time, so there is nothing to keep of this.
    said.flag("require_auth_time")
    return {
        "userinfo_signed_response_alg": said.take("userinfo_signed_response_alg", _algorithm),
        "require_pushed_authorization_requests": said.flag("require_pushed_authorization_requests"),
        "default_max_age": said.take("default_max_age", _seconds),
        "response_types": list(responses),
        "grant_types": [grant for grant in kept if grant != IMPLICIT],
        "id_token_signed_response_alg": algorithm,
    }


def _grants_of(responses: Sequence[str]) -> tuple[str, ...]:
    """Return the grants that response types stand for."""
    words = {word for each in responses for word in each.split()}
    code = (CODE_GRANT,) if "code" in words else ()
    return (*code, IMPLICIT) if words - {"code"} else code


def _addresses(said: _Said, *, native: bool) -> dict[str, Any]:
    """Return where people's browsers go."""
    redirects = _redirect_uris(said, native=native)
    return {
        "callbacks": list(redirects),
        "logout_urls": list(said.take("post_logout_redirect_uris", _callbacks) or ()),
        "initiate_login_uri": said.url("initiate_login_uri"),
        "logo_url": said.url("logo_uri"),
        "terms_url": said.url("tos_uri"),
        "privacy_url": said.url("policy_uri"),
    }


def _redirect_uris(said: _Said, *, native: bool) -> tuple[str, ...]:
    wanted = said.told["grant_types"] != [GrantType.DEVICE_CODE.value]
    try:
        redirects = _callbacks(said.members.get("redirect_uris") or [])
    except ValueError as error:
        message = f"redirect_uris {error}."
        raise BadRedirectUri(message, field="redirect_uris") from None
    if wanted and not redirects:
        message = "redirect_uris must hold at least one."
        raise BadRedirectUri(message, field="redirect_uris")
    if not native and any(urlsplit(url).scheme not in ("https", "http") for url in redirects):
        message = "redirect_uris with an application's own scheme need application_type native."
        raise BadRedirectUri(message, field="redirect_uris")
    said.told["redirect_uris"] = list(redirects)
    return redirects


def _guarded(url: str, allowed: Networks) -> str:
    if fault := fault_of_url(url, allowed):
        raise ValueError(fault)
    return url


def _called(said: _Said, allowed: Networks) -> dict[str, Any]:
    """Return the addresses that we call ourselves."""

    def guarded(url: str) -> str:
        return _guarded(url, allowed)

    said.url("sector_identifier_uri", guarded)
    uri = said.url("backchannel_logout_uri", guarded)
    with_session = said.flag("backchannel_logout_session_required")
    if with_session and uri is None:
        _refuse("backchannel_logout_session_required needs backchannel_logout_uri.")
    return {
        "backchannel_logout_uri": uri,
        "backchannel_logout_session_required": with_session,
        "jwks_uri": said.url("jwks_uri", guarded),
    }


def _keys(said: _Said, method: str) -> dict[str, Any]:
    """Return its keys; an application that proves nothing needs none."""
    jwks = said.take("jwks", _jwks)
    if jwks is not None and "jwks_uri" in said.told:
        _refuse("jwks and jwks_uri: one of them tells the keys.", "jwks")
    if method == NONE:
        said.told.pop("jwks", None)
        said.told.pop("jwks_uri", None)
        return {"jwks_uri": None}
    if method == PRIVATE_KEY_JWT and jwks is None and "jwks_uri" not in said.told:
        _refuse("private_key_jwt needs jwks or jwks_uri.", "jwks")
    return {"jwks": None if jwks is None else msgspec.json.encode(jwks).decode()}


def _request_objects(said: _Said, method: str, allowed: Networks) -> None:
    """Read where its signed authorization requests are; they stay with its registration."""
    pushes = said.told.get("require_pushed_authorization_requests")
    if pushes or method == NONE or not {"jwks", "jwks_uri"} & said.told.keys():
        return  # nobody could use them, or tell whose they are: not kept, and not told back
    # The fragment may be a hash of what is there, and is never sent (OpenID Connect Core 6.2).
    said.take(
        "request_uris",
        lambda value: tuple(_request_uri(text, allowed) for text in _texts(value)),
    )
    said.take("request_object_signing_alg", _algorithm)


def _request_uri(text: str, allowed: Networks) -> str:
    if len(text) > _LONGEST_REQUEST_URI:
        message = f"must hold addresses of at most {_LONGEST_REQUEST_URI} characters"
        raise ValueError(message)
    _guarded(text.partition("#")[0], allowed)
    return text


def _host(said: _Said) -> str:
    """Return a name for an application that told none: where it lives."""
    first = next(iter(said.told["redirect_uris"]), "")
    return (urlsplit(first).hostname or urlsplit(first).scheme or "Application")[:_LONGEST_NAME]


def _text(value: object, longest: int = _LONGEST) -> str:
    if not isinstance(value, str) or len(value) > longest or not value.isprintable():
        message = f"must be one line of at most {longest} characters"
        raise ValueError(message)
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > _MOST:
        message = f"must be a list of at most {_MOST}"
        raise ValueError(message)
    return tuple(_text(item) for item in value)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        message = "must be true or false"
        raise ValueError(message)  # noqa: TRY004 - every fault of a member is one
    return value


def _one_of(value: object, choices: Sequence[str]) -> str:
    if value not in choices:
        message = f"must be {', '.join(choices)}"
        raise ValueError(message)
    return str(value)


def _algorithm(value: object) -> str:
    return _one_of(value, tuple(SigningAlgorithm))


def _seconds(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LONGEST_AGE:
        message = f"must be 0 to {_LONGEST_AGE}"
        raise ValueError(message)
    return value


def _callbacks(value: object) -> tuple[str, ...]:
    return tuple(urls.callback(text) for text in _texts(value))


def _response_types(value: object) -> tuple[str, ...]:
    return tuple(response_type(text) for text in _texts(value))


def _jwks(value: object) -> dict[str, Any]:
    keys = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        message = "must be a JSON Web Key Set"
        raise ValueError(message)
    if any(_SECRET_OF_A_KEY & key.keys() for key in keys):
        message = "must hold public keys alone"
        raise ValueError(message)
    return {"keys": [_public(key) for key in keys]}


def _public(key: Mapping[str, Any]) -> dict[str, Any]:
    """Return what tells a public key; others' members, as deep as they like, are passed over."""
    return {
        name: _texts(key[name]) if name == "key_ops" else _text(key[name])
        for name in _PUBLIC_OF_A_KEY
        if key.get(name) is not None
    }


def _refuse(message: str, field: str = "") -> NoReturn:
    raise BadMetadata(message, field=field)
