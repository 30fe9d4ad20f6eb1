"""Static files under names that contain their content's hash, so that caches may keep them.

All files are read once at the start: a request costs a dictionary look-up, and a path can
never leave the folder.
"""

import hashlib
from pathlib import Path

import msgspec
from starlette.responses import Response

STATIC_PREFIX = "/static/"
_FOLDER = Path(__file__).resolve().parents[2] / "static"
_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    # An SVG opened as a document must not be able to run anything.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
}


class StaticFile(msgspec.Struct, frozen=True):
    """One file in memory and the type it is served as."""

    body: bytes
    media_type: str


class StaticFiles:
    """The package's static files by their hashed URL."""

    def __init__(self, folder: Path = _FOLDER) -> None:
        self._urls: dict[str, str] = {}
        self._files: dict[str, StaticFile] = {}
        for path in sorted(folder.iterdir()):
            if path.suffix in _MEDIA_TYPES:
                self._add(path)

    def _add(self, path: Path) -> None:
        body = path.read_bytes()
        version = hashlib.sha256(body).hexdigest()[:12]
        url = f"{STATIC_PREFIX}{path.stem}.{version}{path.suffix}"
        self._urls[path.name] = url
        self._files[url] = StaticFile(body, _MEDIA_TYPES[path.suffix])

    def url(self, name: str) -> str:
        """The address under which this file is served, for as long as its content is this."""
        return self._urls[name]

    def text(self, name: str) -> str:
        """The content of a text file, to put it inline."""
        return self._files[self._urls[name]].body.decode()

    def respond(self, path: str) -> Response | None:
        """The file at this request path, or None where there is none."""
        file = self._files.get(path)
        if file is None:
            return None
        return Response(file.body, media_type=file.media_type, headers=_HEADERS)
