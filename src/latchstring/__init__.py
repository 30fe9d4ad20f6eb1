"""Sign-in without passwords, self-hosted.

Latchstring proves that somebody controls an email address or a mobile number, by a magic link or
a one-time code, and tells applications so through OpenID Connect and the passwordless API that
Auth0's SDKs speak. The floors, from below: ``base``, ``db``, ``domain``, ``flows``, ``web`` and
``cli``, ``main``. Each may import only what lies beneath it.
"""
