"""Which scopes exist here, and which of the asked ones are granted."""

SCOPES = ("openid", "profile", "email", "phone")
"""Everything that means something here; other words are ignored (OpenID Connect Core 3.1.2.1)."""

DEFAULT = "openid"


def granted(asked: str | None) -> str:
    """Return the scopes we grant, each once, in the order asked; asking for none means openid."""
    words = (asked or DEFAULT).split()
    return " ".join(dict.fromkeys(word for word in words if word in SCOPES))
