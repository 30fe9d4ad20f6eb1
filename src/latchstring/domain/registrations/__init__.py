"""Registrations: applications that registered themselves, and who lets them.

An administrator gives out a token with so many uses; whoever brings it may register an application
for each. That application's own token then opens its registration and nothing else. Of both tokens
only digests are kept. This room knows no client: what was said of one is here as it was said.
"""
