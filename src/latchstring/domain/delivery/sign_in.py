"""What a sign-in message says: the typed model behind the `sign_in` templates."""

from datetime import datetime
from typing import Any

import msgspec

from latchstring.base.settings import Send
from latchstring.domain.delivery.message import Channel


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the templates may use, but for code and link themselves."""

    client_id: str
    client_name: str
    connection: str
    send: Send
    code_length: int
    code_seconds: int
    link_seconds: int
    requested_at: datetime
    device: str = ""
    """Where it was asked for, in words (``Chrome on Windows``); empty: not known."""
    color: str = ""
    """The application's color, ``#rrggbb``; empty: ours."""

    def as_inputs(self) -> dict[str, Any]:
        """Return it as the outbox keeps it."""
        inputs: dict[str, Any] = msgspec.to_builtins(self)
        return inputs

    @classmethod
    def from_inputs(cls, inputs: dict[str, Any]) -> "SignIn":
        """Return what the outbox kept; raise ``ValueError`` for anything else."""
        return msgspec.convert(inputs, cls)


def template_for(channel: Channel, send: Send) -> str:
    """Return the name of the template; a text message always carries the code."""
    if channel is Channel.SMS or send is Send.CODE:
        return "sign_in_code"
    return "sign_in" if send is Send.BOTH else "sign_in_link"
