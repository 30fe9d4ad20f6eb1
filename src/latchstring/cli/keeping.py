"""What ``backup``, ``restore`` and ``move`` borrow from the roof, and what they are told by it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from latchstring.base.settings import Settings

Rows = Mapping[str, int]
"""How many rows of each table were copied."""


class Restored(msgspec.Struct, frozen=True):
    """What a backup brought."""

    rows: Rows
    newest: datetime | None
    """When the last thing happened of which it knows."""

    ended: Mapping[str, int]
    """What was live then and no longer is."""


class Keeping(msgspec.Struct, frozen=True, kw_only=True):
    """How the roof keeps an installation's rows. Each refuses before it changes anything."""

    backup: "Callable[[Settings, Path, bool], Rows]"
    """Copy the configured database into a file; replace an older one where that is wanted."""

    restore: "Callable[[Settings, Path], Restored]"
    """Copy a file into the configured database, which must be empty."""

    move: Callable[[str, str], Rows]
    """Copy one database, by its URL, into another, which must be empty."""
