"""Floor 0: what every room stands on and what knows nothing of authentication.

Time, ids, secrets, errors, settings and logs. Nothing here opens a database or a socket.
"""
