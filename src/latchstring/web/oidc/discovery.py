"""What works here, and the keys to check our signatures with; the same bytes for everybody."""

from collections.abc import Iterable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.settings import SigningAlgorithm
from latchstring.domain.authorizations import pkce
from latchstring.domain.authorizations.request import Prompt
from latchstring.domain.authorizations.scopes import SCOPES
from latchstring.domain.keys import jwks
from latchstring.domain.keys.signer import Signer
from latchstring.domain.tokens.claims import CLAIMS
from latchstring.web.http.answers import public_json
from latchstring.web.http.language import Languages
from latchstring.web.oidc.checks import RESPONSE_MODES, RESPONSE_TYPES
from latchstring.web.oidc.client_authentication import METHODS, METHODS_OF_ITS_OWN
from latchstring.web.oidc.shapes import DiscoveryDocument

IMPLICIT = "implicit"
"""No word of the token endpoint: RFC 8414's for tokens that come straight from /authorize."""

_MAX_AGE = int(jwks.MAX_AGE.total_seconds())


class Document(msgspec.Struct, frozen=True):
    """A document that was written once, at the start; it needs no database to be read."""

    body: bytes

    async def __call__(self, _request: Request) -> Response:
        """Return the document."""
        return public_json(self.body, max_age=_MAX_AGE)


def discovery(issuer: str, grant_types: Iterable[str], *, registering: bool = False) -> Document:
    """Return the OpenID configuration: every address under the one issuer, whatever the Host."""
    document = DiscoveryDocument(
        issuer=issuer,
        authorization_endpoint=f"{issuer}authorize",
        token_endpoint=f"{issuer}oauth/token",
        userinfo_endpoint=f"{issuer}userinfo",
        jwks_uri=f"{issuer}.well-known/jwks.json",
        end_session_endpoint=f"{issuer}oidc/logout",
        pushed_authorization_request_endpoint=f"{issuer}oauth/par",
        require_pushed_authorization_requests=False,
        device_authorization_endpoint=f"{issuer}oauth/device/code",
        introspection_endpoint=f"{issuer}oauth/introspect",
        revocation_endpoint=f"{issuer}oauth/revoke",
        registration_endpoint=f"{issuer}oidc/register" if registering else msgspec.UNSET,
        scopes_supported=SCOPES,
        response_types_supported=RESPONSE_TYPES,
        response_modes_supported=RESPONSE_MODES,
        grant_types_supported=(*grant_types, IMPLICIT),
        subject_types_supported=("public",),
        id_token_signing_alg_values_supported=tuple(SigningAlgorithm),
        userinfo_signing_alg_values_supported=tuple(SigningAlgorithm),
        token_endpoint_auth_methods_supported=METHODS,
        token_endpoint_auth_signing_alg_values_supported=tuple(SigningAlgorithm),
        revocation_endpoint_auth_methods_supported=METHODS,
        revocation_endpoint_auth_signing_alg_values_supported=tuple(SigningAlgorithm),
        introspection_endpoint_auth_methods_supported=METHODS_OF_ITS_OWN,
        introspection_endpoint_auth_signing_alg_values_supported=tuple(SigningAlgorithm),
        code_challenge_methods_supported=(pkce.METHOD,),
        claim_types_supported=("normal",),
        claims_supported=CLAIMS,
        ui_locales_supported=tuple(sorted(Languages.installed().available)),
        prompt_values_supported=tuple(prompt.value for prompt in Prompt),
        authorization_response_iss_parameter_supported=True,
        backchannel_logout_supported=True,
        backchannel_logout_session_supported=True,
        claims_parameter_supported=True,
        request_parameter_supported=False,
        # Signed requests are fetched for applications that registered themselves, and for nobody
        # else; pushed requests, whose name is a request_uri too, are told of above.
        request_uri_parameter_supported=registering,
        require_request_uri_registration=registering or msgspec.UNSET,
        # Always: where it is missing, whoever tests us takes "none" for one of them.
        request_object_signing_alg_values_supported=tuple(SigningAlgorithm),
    )
    return Document(msgspec.json.encode(document))


class KeySet(msgspec.Struct, frozen=True):
    """The public keys, as they are now; they need no database to be read."""

    signer: Signer

    async def __call__(self, _request: Request) -> Response:
        """Return the key set; keys are published for longer than it may be kept, then they sign."""
        return public_json(self.signer.document, max_age=_MAX_AGE)
