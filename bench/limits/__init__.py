"""What no server can go below: the rows of a login, as durable, without anything around them.

One login: insert a challenge, and commit; delete it, make or update the person, insert a session,
and commit. Four times in five the person is known. Both databases take the same tables.
"""
