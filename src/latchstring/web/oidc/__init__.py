"""The OpenID Provider: authorize, token, userinfo, discovery, keys and sign-out.

This surface speaks OAuth's dialect and decides nothing about people: it checks what an application
may ask, hands the browser to the hosted pages, and turns what the flows answer into the protocol's
shapes. Only what works is advertised.
"""
