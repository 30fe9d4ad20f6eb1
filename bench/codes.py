"""Where the sinks leave the codes that virtual users wait for."""

import asyncio
from dataclasses import dataclass, field


@dataclass(slots=True)
class Codes:
    """Hands each code to whoever expects one for the recipient."""

    received: int = 0
    _expected: dict[str, asyncio.Future[str]] = field(default_factory=dict)

    def expect(self, recipient: str) -> asyncio.Future[str]:
        """Return the code to come; ask before the server is asked, or it may be faster."""
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._expected[recipient] = future
        return future

    def arrive(self, recipient: str, code: str) -> None:
        """Take a code; nobody expects it where a login was given up."""
        self.received += 1
        future = self._expected.pop(recipient, None)
        if future is not None and not future.done():
            future.set_result(code)
