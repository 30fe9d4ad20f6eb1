"""Clients: the applications that may ask, and what each of them may ask for.

A client is public, or confidential with a secret of which only a digest is kept. This room promises
that addresses to return to are compared exactly (only an installed app's loopback port may vary,
RFC 8252 section 7.3) and that secrets are compared in constant time. It knows no protocol.
"""
