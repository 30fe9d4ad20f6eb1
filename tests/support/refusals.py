"""What every refusal has in common, whoever is refused and wherever."""

import re
from collections.abc import Iterable
from typing import Any

import httpx2

from tests.support.house import House, Page

Answer = tuple[int, str, list[str]]
"""Status, body and headers."""

_TRACES = re.compile(r"Traceback|File \"|\.py\b|sqlite|Error\(|msgspec", re.IGNORECASE)
_NONCE = re.compile(r"nonce(-|=\")[\w-]+")
_CSRF = re.compile(r'(name="csrf"\s+value=")[^"]*')
_SIGN_IN = re.compile(r"auth_[0-9a-z]+")


def assert_refused(
    response: httpx2.Response, status: int, error: str, log: Iterable[Any] = ()
) -> None:
    """Check a refusal in an application's dialect: status, code, request id, headers, no trace."""
    assert (response.status_code, response.json()["error"]) == (status, error), response.text
    body = response.json()
    assert set(body) == {"error", "error_description", "request_id"}
    assert body["error_description"]
    assert body["request_id"] == response.headers["x-request-id"]
    assert response.headers["content-type"] == "application/json"
    assert_safe(response)
    assert_logged(response, log)


def assert_refused_page(page: Page, status: int, log: Iterable[Any] = ()) -> None:
    """Check a refusal in words: status, request id, headers, no trace, no code of a dialect."""
    assert page.status == status, page.text
    assert page.heading
    assert page.response.headers["x-request-id"] in page.text
    assert page.response.headers["content-type"].startswith("text/html")
    assert not re.search(r"invalid_|bad\.\w|unauthorized_client", page.text)
    assert_safe(page.response)
    assert_logged(page.response, log)


def assert_safe(response: httpx2.Response) -> None:
    """Check that nobody keeps the answer, and that it shows nothing of our insides."""
    assert "no-store" in response.headers["cache-control"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "etag" not in response.headers
    assert not _TRACES.search(response.text)


def assert_logged(response: httpx2.Response, log: Iterable[Any]) -> None:
    """Check that the log tells of the request, where a log was kept."""
    lines = list(log)
    if lines:
        told = [line for line in lines if line["event"] == "request"]
        request_id, status = response.headers["x-request-id"], response.status_code
        assert [line["status"] for line in told if line["request_id"] == request_id] == [status]


def said(page: Page) -> str:
    """Return the page's words; an emphasized one still stands close to its full stop."""
    return re.sub(r" (?=[.,])", "", page.text)


async def assert_nothing_sent(house: House) -> None:
    """Check that no message leaves, not even later."""
    await house.deliver()
    assert house.inbox.list() == ()


def bare(response: httpx2.Response, *own: str) -> Answer:
    """Return status, body and headers without what differs in every answer.

    ``own`` is what the caller itself sent and gets back, such as its identifier.
    """
    texts = [response.text, *(f"{name}: {value}" for name, value in response.headers.items())]
    for position, text in enumerate(texts):
        changed = text.replace(response.headers["x-request-id"], "<request>")
        for value in own:
            changed = changed.replace(value, "<own>")
        changed = _SIGN_IN.sub("<sign-in>", _NONCE.sub("<nonce>", changed))
        texts[position] = _CSRF.sub(r"\1<csrf>", changed)
    return response.status_code, texts[0], texts[1:]
