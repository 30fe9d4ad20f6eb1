"""A house that opens at once: the slow parts, which hold no state, are made once per process."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from latchstring.base.settings import SigningAlgorithm
from latchstring.domain.delivery.templates import Catalogues, Templates
from latchstring.domain.keys import signature
from latchstring.domain.keys.jwk import PrivateKey
from latchstring.main import delivery, surfaces
from latchstring.web.http.render import Renderer
from latchstring.web.http.static import StaticFiles
from tests.support.house import House, a_house


@asynccontextmanager
async def a_quick_house(folder: Path, **changes: Any) -> AsyncIterator[House]:
    """Open an installation as ``a_house`` does; its RSA key and templates are those of others."""
    house = a_house(folder, **changes)
    with _kept_parts():
        opened = await house.__aenter__()
    try:
        yield opened
    finally:
        await house.__aexit__(None, None, None)


@contextmanager
def _kept_parts() -> Iterator[None]:
    with (
        patch.object(surfaces, "Renderer", lambda *, static, secure: _renderer(static, secure)),
        patch.object(signature, "new_key", _key),
        patch.object(delivery, "Templates", _templates),
    ):
        yield


_new_key = signature.new_key


@cache
def _key(algorithm: SigningAlgorithm) -> PrivateKey:
    return _new_key(algorithm)


@cache
def _templates(catalogues: Catalogues) -> Templates:
    return Templates(catalogues)


_made: dict[bool, Renderer] = {}


def _renderer(static: StaticFiles, secure: bool) -> Renderer:
    if secure not in _made:
        _made[secure] = Renderer(static=static, secure=secure)
    return _made[secure]
