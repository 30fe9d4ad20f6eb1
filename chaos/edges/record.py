"""What reached the edges: written down and flushed to the disk before anybody is told so."""

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Record:
    """A file of JSON lines. Those that come in the same moment share one flush."""

    path: Path
    _file: int = field(init=False)
    _waiting: list[bytes] = field(default_factory=list)
    _flushed: "asyncio.Future[None] | None" = None

    def __post_init__(self) -> None:
        """Open the file."""
        self._file = os.open(self.path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)

    async def write(self, entry: Mapping[str, object]) -> None:
        """Return once the entry is on the disk."""
        self._waiting.append(json.dumps(entry).encode() + b"\n")
        if self._flushed is None:
            loop = asyncio.get_running_loop()
            self._flushed = loop.create_future()
            loop.call_soon(self._flush)
        await asyncio.shield(self._flushed)

    def _flush(self) -> None:
        lines, self._waiting = b"".join(self._waiting), []
        flushed, self._flushed = self._flushed, None
        os.write(self._file, lines)
        os.fdatasync(self._file)
        if flushed is not None:
            flushed.set_result(None)
