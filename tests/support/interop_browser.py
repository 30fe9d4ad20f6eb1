"""Chromium before an application that runs an SDK: profiles with and without other sites' cookies.

Chromium trusts the one certificate of this run by the digest of its key
(``--ignore-certificate-errors-spki-list``), and no other: an authority would have to be put into
the profile's database with a tool that has to be installed for it. It finds no host but this one.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import BrowserType

from tests.support.browsing import ARGUMENTS, Window, chromium_path
from tests.support.interop import World

_PATIENCE_MS = 10_000
_ALLOW, _BLOCK = 0, 1
"""``profile.cookie_controls_mode``: cookies of other sites' frames and requests."""


@dataclass(frozen=True, slots=True)
class Profiles:
    """Opens browsers, each with a profile of its own."""

    chromium: BrowserType
    world: World

    @contextmanager
    def open(self, *, third_party_cookies: bool) -> Iterator[Window]:
        """Open a window; in the end no script may have failed and nobody else been asked."""
        mode = _ALLOW if third_party_cookies else _BLOCK
        wishes = {"cookie_controls_mode": mode, "block_third_party_cookies": mode == _BLOCK}
        with TemporaryDirectory(prefix="latchstring-profile-") as folder:
            preferences = Path(folder) / "Default" / "Preferences"
            preferences.parent.mkdir()
            preferences.write_text(json.dumps({"profile": wishes}), encoding="utf-8")
            context = self.chromium.launch_persistent_context(
                folder,
                executable_path=chromium_path(),
                locale="en-US",
                args=[
                    *ARGUMENTS,
                    f"--ignore-certificate-errors-spki-list={self.world.certificates.pin}",
                    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
                ],
            )
            context.set_default_timeout(_PATIENCE_MS)
            window = Window(context.pages[0], self.world.server.url, self.world.app)
            try:
                yield window.watch()
                expected = [f"^{re.escape(self.world.near)}/", *window.expected]
                said = [c for c in window.verdict() if not any(re.search(e, c) for e in expected)]
                assert said == [], said
            finally:
                context.close()
