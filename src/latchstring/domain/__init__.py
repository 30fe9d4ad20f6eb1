"""Floor 2: the rooms, one concept each, with no doors between them.

A room holds a record, its rules (pure functions) and its table (``store.py`` with ``store.sql``).
Rooms meet only in ``flows``.
"""
