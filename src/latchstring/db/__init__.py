"""Floor 1: the only place that knows a database driver.

Rooms see a ``Transaction`` with three verbs (``one``, ``all``, ``run``) and hand it named
statements from their own ``store.sql``. Flows see a ``Database`` and give it work to do.
"""
