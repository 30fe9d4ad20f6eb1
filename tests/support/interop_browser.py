"""Chromium before an application that runs an SDK, with and without other sites' cookies.

Chromium trusts the one certificate of this run by the digest of its key
(``--ignore-certificate-errors-spki-list``), and no other: an authority would have to be put into
a profile's database with a tool that has to be installed for it. It finds no host but this one.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Self

from playwright.sync_api import Browser, BrowserType

from tests.support.browsing import Window, a_chromium
from tests.support.interop import World

_PATIENCE_MS = 10_000


class Browsers:
    """Opens windows in either kind of browser; each kind is started once, when first asked for."""

    def __init__(self, driver: BrowserType, world: World) -> None:
        self.world = world
        self._driver = driver
        self._started: dict[bool, Browser] = {}
        self._ending = ExitStack()

    def __enter__(self) -> Self:
        """Start nothing yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """End what was started."""
        self._ending.close()

    @contextmanager
    def open(self, *, third_party_cookies: bool) -> Iterator[Window]:
        """Open a window; in the end no script may have failed and nobody else been asked."""
        context = self._kind(third_party_cookies).new_context(locale="en-US")
        context.set_default_timeout(_PATIENCE_MS)
        window = Window(context.new_page(), self.world.server.url, self.world.app)
        try:
            yield window.watch()
            expected = [f"^{re.escape(self.world.near)}/", *window.expected]
            said = [c for c in window.verdict() if not any(re.search(e, c) for e in expected)]
            assert said == [], said
        finally:
            context.close()

    def _kind(self, third_party_cookies: bool) -> Browser:
        if third_party_cookies not in self._started:
            self._started[third_party_cookies] = self._ending.enter_context(
                a_chromium(
                    self._driver,
                    f"--ignore-certificate-errors-spki-list={self.world.certificates.pin}",
                    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
                    whole=not third_party_cookies,
                )
            )
        return self._started[third_party_cookies]
