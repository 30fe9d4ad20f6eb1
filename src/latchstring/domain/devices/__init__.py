"""Devices: a television shows a code, a phone signs in, the television gets the tokens (RFC 8628).

A grant has two secrets. The device keeps the long one and asks with it, patiently; the person types
the short one, in a browser that the grant then belongs to. It is answered once and redeemed once.
"""
