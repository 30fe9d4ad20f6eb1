"""Parameters of a query or body, read once and strictly.

A parameter that comes twice is refused where it is read (RFC 6749 section 3.1): server and client
would each pick another one. Empty means absent.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import ClientDisconnect, Request

from latchstring.base.errors import InvalidRequest

LARGEST_BODY = 64 * 1024
_MOST_FIELDS = 100
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


class BodyTooLarge(InvalidRequest):
    """The request is too large."""


class HeadersTooLarge(InvalidRequest):
    """The request's headers are too large."""


class UnsupportedBody(InvalidRequest):
    """The content type is not supported."""


class Parameters(msgspec.Struct, frozen=True):
    """Names and all their values."""

    values: Mapping[str, tuple[str, ...]]

    @classmethod
    def from_query(cls, request: Request) -> "Parameters":
        """Read the URL's query."""
        return cls(_pairs(request.scope["query_string"]))

    @classmethod
    async def from_form(cls, request: Request) -> "Parameters":
        """Read a form body; raise ``UnsupportedBody`` for anything else."""
        if content_type(request) != FORM:
            raise UnsupportedBody
        return cls(_pairs(await read_body(request)))

    @classmethod
    async def from_body(cls, request: Request) -> "Parameters":
        """Read a form body, or a JSON object whose members are text (``null`` is absent)."""
        if content_type(request) != JSON:
            return await cls.from_form(request)
        members = await read_json(request)
        return cls({name: _texts(name, value) for name, value in members.items()})

    @property
    def names(self) -> frozenset[str]:
        """Every name that came."""
        return frozenset(self.values)

    def one(self, name: str) -> str | None:
        """Return the value; raise ``InvalidRequest`` if the name came twice."""
        values = self.values.get(name, ())
        if len(values) > 1:
            message = f"The parameter {name} came more than once."
            raise InvalidRequest(message, field=name)
        return values[0] or None if values else None


def content_type(request: Request) -> str:
    """Return the body's media type without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_body(request: Request) -> bytes:
    """Return the body; raise ``BodyTooLarge`` once it is, or announces to be."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and float(announced) > LARGEST_BODY:
        raise BodyTooLarge
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST_BODY:
                raise BodyTooLarge
    except ClientDisconnect:
        raise InvalidRequest(detail="the client went away") from None
    return bytes(body)


async def read_json(request: Request) -> dict[str, Any]:
    """Return a JSON object; raise ``UnsupportedBody`` or ``InvalidRequest``."""
    if content_type(request) != JSON:
        raise UnsupportedBody
    body = await read_body(request)
    try:
        decoded = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        message = "The body is not valid JSON."
        raise InvalidRequest(message) from None
    if not isinstance(decoded, dict):
        message = "The body must be a JSON object."
        raise InvalidRequest(message)
    return decoded


def _pairs(encoded: bytes) -> dict[str, tuple[str, ...]]:
    try:
        pairs = parse_qsl(
            encoded.decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        message = "The parameters cannot be read."
        raise InvalidRequest(message) from None
    found: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        found[name] = (*found.get(name, ()), _clean(name, value))
    return found


def _texts(name: str, value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, str):
        message = f"The parameter {name} must be text."
        raise InvalidRequest(message, field=name)
    return (_clean(name, value),)


def _clean(name: str, value: str) -> str:
    if "\0" in value:
        message = f"The parameter {name} holds a character that is not allowed."
        raise InvalidRequest(message, field=name)
    return value
