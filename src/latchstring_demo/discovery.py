"""Finding the sign-in server: it may start after the application, or come back later."""

import asyncio
from typing import Any, Protocol

from httpx2 import HTTPError, TransportError

PAUSES = (0.1, 0.3, 0.6)


class MetadataClient(Protocol):
    """Authlib's client, as far as discovery goes: it keeps what it has loaded."""

    async def load_server_metadata(self) -> dict[str, Any]:
        """Return the server's OpenID configuration."""


class Unreachable(Exception):
    """The sign-in server does not answer, or is not the one we were told."""


async def discover(client: MetadataClient, issuer: str) -> None:
    """Load the configuration once, patiently; refuse one that names another issuer."""
    for pause in (*PAUSES, None):
        try:
            metadata = await client.load_server_metadata()
        except TransportError as error:
            if pause is None:
                raise Unreachable(str(error)) from error
            await asyncio.sleep(pause)
        except (HTTPError, ValueError) as error:
            raise Unreachable(str(error)) from error
        else:
            # OpenID Discovery 4.3: the issuer in the document must be the one that was asked for.
            if metadata.get("issuer") != issuer:
                raise Unreachable(f"It calls itself {metadata.get('issuer')}, not {issuer}.")
            return
