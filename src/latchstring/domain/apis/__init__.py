"""APIs: what access tokens are for, beside our own userinfo endpoint.

An application names one as ``audience`` and gets a signed token for it, with those of its scopes
that it asked for. The file gives first values; from then on the table is the truth. This room knows
no token and no client.
"""
