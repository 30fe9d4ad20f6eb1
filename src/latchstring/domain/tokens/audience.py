"""Whom an access token may be for."""


def is_known(audience: str | None, issuer: str) -> bool:
    """Whether a requested audience exists: none, or our own userinfo endpoint."""
    return audience is None or audience == f"{issuer}userinfo"
