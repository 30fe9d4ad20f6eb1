"""Tokens: what an application holds after a sign-in, and what it may learn by it.

Access tokens are opaque, kept by digest and revocable at once. ID tokens are claims that the
``keys`` room signs; this room decides which claims.
"""
