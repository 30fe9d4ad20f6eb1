"""What ``/authorize`` refuses, one named check after the other.

They run in the order of ``CHECKS``, and only once client and redirect URI are known to belong
together: what fails here is told to the application, at its own address.
"""

import re
from collections.abc import Callable

import msgspec

from latchstring.base.ids import ConnectionName, UserId
from latchstring.base.settings_texts import RESPONSE_TYPES as SORTED_RESPONSE_TYPES
from latchstring.domain.apis.api import UnknownAudience
from latchstring.domain.authorizations import pkce
from latchstring.domain.authorizations.request import Prompt, Wanted
from latchstring.domain.authorizations.scopes import OFFLINE_ACCESS, OPENID
from latchstring.domain.clients.client import Client
from latchstring.domain.keys.signer import Signer
from latchstring.flows.grant_scope import Granted, GrantScope
from latchstring.web.oidc import claims_parameter, texts
from latchstring.web.oidc.asked import RESPONSE_MODES, Asked
from latchstring.web.oidc.errors import AuthorizeRefused

__all__ = ["CHECKS", "RESPONSE_MODES", "RESPONSE_TYPES", "Examine"]

RESPONSE_TYPES = SORTED_RESPONSE_TYPES
_CODE, _ID_TOKEN = "code", "id_token"
_PROMPTS = frozenset(prompt.value for prompt in Prompt)
_MAX_AGE = re.compile(r"[0-9]{1,9}")

Check = Callable[[Asked, Client], None]
"""Takes the request and the client; raises ``AuthorizeRefused``."""


def of_readable_texts(asked: Asked, _client: Client) -> None:
    """Refuse what is too long to keep, and control characters."""
    for name, value in asked.values.items():
        fault = texts.fault_of(name, value)
        if fault is not None:
            raise _invalid(name, fault)


def without_request_object(asked: Asked, _client: Client) -> None:
    """Refuse request objects (OpenID Connect Core 6): nothing is fetched, nothing overridden.

    A ``request_uri`` that was pushed has become its parameters before.
    """
    for name in ("request", "request_uri", "registration"):
        if getattr(asked, name) is not None:
            raise AuthorizeRefused(f"{name}_not_supported", f"{name} is not supported.", field=name)


def of_a_response_type_of_the_client(asked: Asked, client: Client) -> None:
    """Refuse response types that do not exist, or that the client does not list.

    By default that is all but ``code``: tokens do not travel through an address bar.
    """
    if asked.response_type is None:
        raise _invalid("response_type", "Missing required parameter: response_type")
    words = " ".join(asked.response_words)
    if words not in client.response_types or words not in RESPONSE_TYPES:
        listed = ", ".join(client.response_types)
        description = f"The response_types of this client: {listed}."
        raise AuthorizeRefused("unsupported_response_type", description, field="response_type")


def with_a_sound_response_mode(asked: Asked, _client: Client) -> None:
    """Refuse response modes that do not exist, or not for this answer and address."""
    if asked.mode_fault is not None:
        raise _invalid("response_mode", asked.mode_fault)


def with_a_nonce_for_id_tokens(asked: Asked, _client: Client) -> None:
    """Refuse an ID token through the browser without a nonce (OpenID Connect Core 3.2.2.1).

    Nothing else would tell the application's own answer from one that somebody planted.
    """
    if _ID_TOKEN not in asked.response_words:
        return
    if asked.nonce is None:
        raise _invalid("nonce", "A response_type with id_token needs a nonce.")
    if OPENID not in (asked.scope or OPENID).split():
        raise _invalid("scope", "A response_type with id_token needs the scope openid.")


_NO_PKCE_OF = {
    True: "A public client has to send a code_challenge (RFC 7636).",
    False: "This client has to send a code_challenge (RFC 7636), as its require_pkce is true.",
}
"""By whether the client is public."""


def with_pkce(asked: Asked, client: Client) -> None:
    """Refuse a code without PKCE to whom it is required of, and anything but S256 from anyone."""
    if asked.code_challenge is None:
        if asked.code_challenge_method is not None:
            raise _invalid("code_challenge", "code_challenge_method without code_challenge.")
        if client.needs_pkce and _CODE in asked.response_words:
            raise _invalid("code_challenge", _NO_PKCE_OF[client.is_public])
        return
    # A missing method means plain (RFC 7636 section 4.3), which does not exist here.
    if asked.code_challenge_method != pkce.METHOD:
        raise _invalid("code_challenge_method", "The only code_challenge_method is S256.")
    if not pkce.is_challenge(asked.code_challenge):
        raise _invalid("code_challenge", "code_challenge is not a base64url SHA-256.")


def with_a_sound_prompt(asked: Asked, _client: Client) -> None:
    """Refuse unknown prompts, and ``none`` beside any other."""
    if not asked.prompts <= _PROMPTS:
        raise _invalid("prompt", "prompt has an unknown value.")
    if Prompt.NONE in asked.prompts and len(asked.prompts) > 1:
        raise _invalid("prompt", "prompt=none goes with no other value.")


def with_a_sound_max_age(asked: Asked, _client: Client) -> None:
    """Refuse a ``max_age`` that is no number of seconds."""
    if asked.max_age is not None and not _MAX_AGE.fullmatch(asked.max_age):
        raise _invalid("max_age", "max_age is not a number of seconds.")


def with_sound_claims(asked: Asked, _client: Client) -> None:
    """Refuse a ``claims`` that is none, and a demand that is never met (OIDC Core 5.5.1.1)."""
    try:
        requested = claims_parameter.read(asked.claims)
    except ValueError:
        raise _invalid("claims", "claims is not a JSON object of claims requests.") from None
    if requested.essential_acr:
        error, description = "unmet_authentication_requirements", "No acr is claimed here."
        raise AuthorizeRefused(error, description, field="claims")


def by_an_offered_connection(asked: Asked, client: Client) -> None:
    """Refuse a connection that the client does not use."""
    if asked.connection is not None and not client.offers(asked.connection):
        raise _invalid("connection", "The connection is not enabled for this client.")


CHECKS: tuple[Check, ...] = (
    of_readable_texts,
    without_request_object,
    of_a_response_type_of_the_client,
    with_a_sound_response_mode,
    with_a_nonce_for_id_tokens,
    with_pkce,
    with_a_sound_prompt,
    with_a_sound_max_age,
    with_sound_claims,
    by_an_offered_connection,
)


class Examine(msgspec.Struct, frozen=True, kw_only=True):
    """Turns what was asked into what is wanted, once every check let it pass."""

    issuer: str
    signer: Signer
    grant_scope: GrantScope

    def __call__(self, asked: Asked, client: Client) -> Wanted:
        """Return the checked request; raise ``AuthorizeRefused``."""
        for check in CHECKS:
            check(asked, client)
        granted = self._granted(asked, client)
        requested = claims_parameter.read(asked.claims)
        words = " ".join(asked.response_words)
        return Wanted(
            client_id=client.client_id,
            redirect_uri=asked.redirect_uri or "",
            response_mode=asked.mode,
            response_type=None if words == _CODE else words,
            scope=_for_the_answer(granted.scope, asked),
            audience=granted.audience,
            claims=requested.kept,
            state=asked.state,
            nonce=asked.nonce,
            code_challenge=asked.code_challenge,
            prompt=frozenset(Prompt(word) for word in asked.prompts),
            max_age_seconds=(
                client.default_max_age if asked.max_age is None else int(asked.max_age)
            ),
            login_hint=asked.login_hint,
            ui_locales=asked.ui_locales,
            expected_user_id=self._expected(asked, client, requested.subject),
            connection=None if asked.connection is None else ConnectionName(asked.connection),
        )

    def _granted(self, asked: Asked, client: Client) -> Granted:
        """Refuse an API nobody registered: its token would be good for nothing."""
        try:
            return self.grant_scope(client, asked.scope, asked.audience)
        except UnknownAudience:
            description = "Service not found."
            raise AuthorizeRefused("access_denied", description, field="audience") from None

    def _expected(self, asked: Asked, client: Client, subject: str | None) -> UserId | None:
        """Return whom the application names, by ``id_token_hint`` or in ``claims``.

        However old the hint, it must be ours and this client's.
        """
        if asked.id_token_hint is None:
            return None if subject is None else UserId(subject)
        claims = self.signer.recognize(asked.id_token_hint) or {}
        if claims.get("iss") != self.issuer or claims.get("aud") != client.client_id:
            description = "id_token_hint is not an ID token that this client got here."
            raise AuthorizeRefused("invalid_request", description, field="id_token_hint")
        if subject not in (None, claims["sub"]):
            description = "id_token_hint and claims name two people."
            raise AuthorizeRefused("login_required", description, field="claims")
        return UserId(claims["sub"])


def _for_the_answer(scope: str, asked: Asked) -> str:
    # OpenID Connect Core 11: without a code there is no refresh token.
    if _CODE in asked.response_words:
        return scope
    return " ".join(word for word in scope.split() if word != OFFLINE_ACCESS)


def _invalid(field: str, description: str) -> AuthorizeRefused:
    return AuthorizeRefused("invalid_request", description, field=field)
