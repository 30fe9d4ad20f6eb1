"""The demo application: an ordinary OpenID client to try the server with.

It runs in a process of its own, imports nothing of the server's, and learns who signed in the way
every application does: discovery, authorization code with PKCE, ID token, userinfo, sign-out.
"""
