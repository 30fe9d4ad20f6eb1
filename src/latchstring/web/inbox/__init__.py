"""The developer inbox: every mail and text message of this run, as the person would see it.

`latchstring dev` alone constructs and mounts this surface; `serve` has no way to reach it. It
shows live codes and links, so it answers this machine's own browser on this very origin only.
"""

from latchstring.web.inbox.guard import ExactHost
from latchstring.web.inbox.surface import PREFIX, InboxSurface

__all__ = ["PREFIX", "ExactHost", "InboxSurface"]
