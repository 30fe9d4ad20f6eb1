"""Login tickets: what a right code gave to an application's page, until ``/authorize`` takes it.

A ticket is good once, for two minutes, for one client, and only in the browser it was given to:
that browser has a cookie or, where cookies of third parties are blocked, a verifier.
"""
