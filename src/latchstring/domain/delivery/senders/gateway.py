"""Text messages through the operator's HTTP gateway, in the shape of Auth0's custom gateway.

``POST`` of ``{"recipient", "body", "sender"}``. What the status of the answer means:

* any 2xx: the gateway has taken the message. Auth0 counts 200 alone as sent; we do not, because
  many gateways answer 201 or 202 when they have taken a message, and to call that a failure would
  tell of one where the text may be on its way;
* 401, 403 or 404: the token or the URL is wrong, which is nothing the message can help. Tried again
  until it is worth nothing, so that whoever corrects the settings soon loses no message;
* 408, 425, 429 or 5xx: tried again too, no sooner than ``Retry-After`` says;
* all else, such as 400 and 422: final. A redirect is among it: a code is not carried to an address
  that nobody configured.
"""

import asyncio
import re
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpx2
import msgspec

from latchstring.domain.delivery.parcel import Sms
from latchstring.domain.delivery.senders import Handed, SendError
from latchstring.domain.delivery.senders.trust import verifying

_CONNECT_SECONDS = 5.0
_SILENCE_SECONDS = 15.0
_WHOLE_SECONDS = 30.0
_BODY_LIMIT = 16 * 1024
_BODY_SECONDS = 3.0
_WORTH_ANOTHER_TRY = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)
_SERVER_ERROR = 500
_ID_NAMES = ("id", "message_id", "messageId", "sid")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{7,63}")


@dataclass(slots=True, eq=False)
class GatewaySender:
    """Posts to one URL; never follows a redirect with a code in its hands."""

    url: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    whole_seconds: float = _WHOLE_SECONDS
    _client: httpx2.AsyncClient | None = field(default=None, repr=False)

    async def send(self, parcel: Sms) -> Handed:
        """Return once the gateway has taken the message."""
        content = {"recipient": parcel.recipient, "body": parcel.body, "sender": parcel.sender}
        client = self._connected()
        request = client.build_request(
            "POST", self.url, content=msgspec.json.encode(content), headers=self._headers()
        )
        try:
            async with asyncio.timeout(self.whole_seconds):
                response = await client.send(request, stream=True)
        except (TimeoutError, httpx2.TimeoutException):
            raise SendError("the gateway did not answer in time", permanent=False) from None
        except httpx2.ConnectError:
            raise SendError("cannot connect to the gateway", permanent=False) from None
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as trouble:
            # The exception's own words may quote the URL, and a URL may hold a password.
            reason = f"the connection to the gateway broke ({type(trouble).__name__})"
            raise SendError(reason, permanent=False) from None
        try:
            return await _judged(response)
        finally:
            await response.aclose()

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _connected(self) -> httpx2.AsyncClient:
        if self._client is None:
            self._client = httpx2.AsyncClient(
                verify=verifying(),
                follow_redirects=False,
                trust_env=False,  # no proxy that some variable names ever sees a code
                timeout=httpx2.Timeout(_SILENCE_SECONDS, connect=_CONNECT_SECONDS),
            )
        return self._client

    def _headers(self) -> dict[str, str]:
        headers = {"content-type": "application/json", "user-agent": "latchstring"}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        return headers


async def _judged(response: httpx2.Response) -> Handed:
    status = response.status_code
    if response.is_success:
        return Handed(f"{status}{await _gateway_id(response)}")
    raise SendError(
        f"the gateway answered {status}",
        permanent=status < _SERVER_ERROR and status not in _WORTH_ANOTHER_TRY,
        retry_after=_retry_after(response),
    )


async def _gateway_id(response: httpx2.Response) -> str:
    """Return the gateway's id for the message, if it tells one; the status stands in any case."""
    body = b""
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _BODY_LIMIT:
                    return ""
        answer: Any = msgspec.json.decode(body)
    except (httpx2.HTTPError, msgspec.DecodeError, UnicodeDecodeError, TimeoutError):
        return ""
    if not isinstance(answer, dict):
        return ""
    found = (answer.get(name) for name in _ID_NAMES)
    return next((f" {text}" for text in found if isinstance(text, str) and _ID.fullmatch(text)), "")


def _retry_after(response: httpx2.Response) -> timedelta:
    """Read seconds, or a date beside the gateway's own clock (RFC 9110 section 10.2.3)."""
    value = response.headers.get("retry-after", "")
    if value.isascii() and value.isdigit():
        return timedelta(seconds=int(value[:6]))
    try:
        wish = parsedate_to_datetime(value) - parsedate_to_datetime(response.headers["date"])
    except (ValueError, TypeError, KeyError):
        return timedelta(0)
    return max(timedelta(0), wish)
