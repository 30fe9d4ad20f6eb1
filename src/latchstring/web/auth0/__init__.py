"""The passwordless API in the shapes that Auth0's SDKs speak.

``POST /passwordless/start`` and the one-time-password grant of ``POST /oauth/token``. The same
flows as behind the hosted pages; only the words on the wire are this surface's own.
"""
