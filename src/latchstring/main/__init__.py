"""The roof: the only place that knows everything, and wires it.

Settings, database, keys, rooms' flows, surfaces: each is made here once and handed to whoever needs
it. ``run`` is the program ``latchstring``.
"""

from latchstring.main.roof import run

__all__ = ["run"]
