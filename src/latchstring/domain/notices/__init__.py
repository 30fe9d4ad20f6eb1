"""Notices: applications that are told that somebody signed out (OpenID Back-Channel Logout 1.0).

A notice is written in the transaction that ends the session, and told until the application took
it, refused it or did not answer for a while. It keeps its id through all tries, so that whoever
hears it twice can tell.
"""
