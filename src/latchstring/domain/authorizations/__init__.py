"""Authorizations: what an application asked for at ``/authorize``, and its answer, a code.

A request is kept only while the person signs in, belongs to the browser that made it, and is
answered at most once. A code works once, for one client, one redirect URI and one PKCE verifier.
"""
