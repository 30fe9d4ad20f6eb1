"""Floor 3: the corridor. One verb per file, one transaction per flow.

Flows are the only place where rooms meet. Inside a transaction a refusal is a value, never an
exception: raising would roll back the very count that the refusal is about.
"""
