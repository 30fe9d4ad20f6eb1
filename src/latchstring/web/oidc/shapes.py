"""The JSON this surface answers with."""

import msgspec


class ErrorReply(msgspec.Struct, frozen=True, omit_defaults=True):
    """An OAuth error (RFC 6749 section 5.2), and the id under which the log knows more."""

    error: str
    error_description: str
    request_id: str = ""


class TokenReply(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Tokens (RFC 6749 section 5.1); the scope is always told."""

    access_token: str
    refresh_token: str | None = None
    id_token: str | None = None
    scope: str
    expires_in: int
    token_type: str


class DiscoveryDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What works here (OpenID Connect Discovery 1.0, RFC 8414, RFC 9207)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str
    jwks_uri: str
    end_session_endpoint: str
    pushed_authorization_request_endpoint: str
    require_pushed_authorization_requests: bool
    device_authorization_endpoint: str
    introspection_endpoint: str
    revocation_endpoint: str
    registration_endpoint: str | msgspec.UnsetType
    scopes_supported: tuple[str, ...]
    response_types_supported: tuple[str, ...]
    response_modes_supported: tuple[str, ...]
    grant_types_supported: tuple[str, ...]
    subject_types_supported: tuple[str, ...]
    id_token_signing_alg_values_supported: tuple[str, ...]
    userinfo_signing_alg_values_supported: tuple[str, ...]
    token_endpoint_auth_methods_supported: tuple[str, ...]
    token_endpoint_auth_signing_alg_values_supported: tuple[str, ...]
    revocation_endpoint_auth_methods_supported: tuple[str, ...]
    revocation_endpoint_auth_signing_alg_values_supported: tuple[str, ...]
    introspection_endpoint_auth_methods_supported: tuple[str, ...]
    introspection_endpoint_auth_signing_alg_values_supported: tuple[str, ...]
    code_challenge_methods_supported: tuple[str, ...]
    claim_types_supported: tuple[str, ...]
    claims_supported: tuple[str, ...]
    ui_locales_supported: tuple[str, ...]
    prompt_values_supported: tuple[str, ...]
    authorization_response_iss_parameter_supported: bool
    backchannel_logout_supported: bool
    backchannel_logout_session_supported: bool
    claims_parameter_supported: bool
    request_parameter_supported: bool
    request_uri_parameter_supported: bool
    require_request_uri_registration: bool | msgspec.UnsetType
    request_object_signing_alg_values_supported: tuple[str, ...]
