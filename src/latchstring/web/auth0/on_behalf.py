"""For whom an application's own server asks: ``auth0-forwarded-for``.

Anybody can send that header. It counts where a confidential client proved itself in this very call
and its administrator said that it may name addresses; otherwise it is as if it were not there.
"""

import msgspec

from latchstring.base.origin import Origin
from latchstring.domain.clients.client import Client


class Asker(msgspec.Struct, frozen=True):
    """Whose address a call counts against; trusted: nobody's, for it is the application's own."""

    origin: Origin
    trusted: bool


def asker(client: Client, origin: Origin) -> Asker:
    """Return who asks through a client that has just proved itself."""
    if not client.answers_for_its_callers:
        return Asker(origin, trusted=False)
    if origin.on_behalf_of is None or not client.trust_forwarded_for:
        return Asker(origin, trusted=True)
    return Asker(msgspec.structs.replace(origin, ip=origin.on_behalf_of), trusted=False)
