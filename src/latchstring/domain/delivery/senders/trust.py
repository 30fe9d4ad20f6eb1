"""Which certificates our outgoing connections believe."""

import ssl
from functools import cache


@cache
def verifying() -> ssl.SSLContext:
    """Return the context that checks certificate and name against the system's authorities.

    OpenSSL reads ``SSL_CERT_FILE`` itself: that is how an operator adds an authority.
    """
    return ssl.create_default_context()


@cache
def opportunistic() -> ssl.SSLContext:
    """Return the context for TLS that is better than none, where none would be allowed."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
