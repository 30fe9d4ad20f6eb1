"""The body of ``POST /passwordless/start``, read member by member.

Anything out of shape is refused with the ``bad.…`` code that names it, before any flow runs.
Members we do not know are ignored, as newer SDKs bring new ones.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from latchstring.base.errors import InvalidRequest
from latchstring.base.settings import Send
from latchstring.domain.clients import assertion
from latchstring.domain.identities.identifier import (
    SMS,
    BadPhoneNumber,
    Identifier,
    email_identifier,
    phone_identifier,
)
from latchstring.web.auth0.caller import Credentials

_E164 = re.compile(r"\+[0-9]{1,15}")
_LONGEST = 2048
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class StartBody:
    """What an application asks for; nothing is checked against the configuration yet."""

    caller: Credentials
    connection: str
    send: Send | None
    auth_params: dict[str, Any]
    raw: dict[str, Any] = field(repr=False)

    def identifier(self, *, allow_examples: bool) -> Identifier:
        """Return the identifier of the connection's kind; raise ``InvalidRequest``."""
        if self.connection == SMS:
            number = _text(self.raw, "phone_number") or ""
            if not _E164.fullmatch(number):
                reason = r"String does not match pattern: ^\+[0-9]{1,15}$"
                raise BadPhoneNumber(
                    reason if number else "Missing required property: phone_number"
                )
            return phone_identifier(number, None, allow_examples=allow_examples)
        email = _text(self.raw, "email")
        if email is None:
            message = "Missing required property: email"
            raise InvalidRequest(message, field="email")
        return email_identifier(email, allow_examples=allow_examples)


def read(members: dict[str, Any]) -> StartBody:
    """Return the body; raise ``InvalidRequest`` naming the member that is out of shape."""
    client_id = _text(members, "client_id")
    if client_id is None:
        message = "Missing required property: client_id"
        raise InvalidRequest(message, field="client_id")
    connection = _text(members, "connection")
    if connection is None:
        message = "Missing required property: connection"
        raise InvalidRequest(message, field="connection")
    params = members.get("authParams")
    if params is not None and not isinstance(params, dict):
        message = "authParams must be an object"
        raise InvalidRequest(message, field="authParams")
    return StartBody(
        caller=Credentials(
            client_id=client_id,
            secret=_text(members, "client_secret"),
            assertion=_text(members, "client_assertion", longest=assertion.LONGEST),
            assertion_type=_text(members, "client_assertion_type"),
        ),
        connection=connection,
        send=_send(members, connection),
        auth_params=params or {},
        raw=members,
    )


def param(params: dict[str, Any], name: str) -> str | None:
    """Return one of ``authParams``; null and empty are absent."""
    value = params.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > _LONGEST or _CONTROL.search(value):
        message = f"authParams.{name} must be one line of at most {_LONGEST} characters"
        raise InvalidRequest(message, field="authParams")
    return value


def _send(members: dict[str, Any], connection: str) -> Send | None:
    text = _text(members, "send")
    if text is None:
        return None
    try:
        send = Send(text)
    except ValueError:
        message = "send must be link, code or both"
        raise InvalidRequest(message, field="send") from None
    if connection == SMS and send is not Send.CODE:
        message = "A text message carries a code only"
        raise InvalidRequest(message, field="send")
    return send


def _text(members: dict[str, Any], name: str, *, longest: int = _LONGEST) -> str | None:
    value = members.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > longest or "\0" in value:
        message = f"{name} must be text"
        raise InvalidRequest(message, field=name)
    return value
