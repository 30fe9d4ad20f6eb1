"""The inbox's addresses: which path and method shows, streams or forgets which messages."""

import asyncio
import re
from collections.abc import Callable, Mapping
from functools import partial

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from latchstring.domain.delivery.senders.inbox import Inbox, InboxMessage
from latchstring.web.inbox.events import stream
from latchstring.web.inbox.frame import framed
from latchstring.web.inbox.guard import refusal
from latchstring.web.inbox.search import Search
from latchstring.web.inbox.shapes import MessageList, Problem, detail, summary
from latchstring.web.inbox.views import Listing, Pages

PREFIX = "/dev/mail"
MISSING = "There is no such message: only the last 200 are kept, and only until the server stops."
_ONE = re.compile(r"/([0-9]{1,9})(|\.json|/html|/delete)")
_HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}

Answer = Callable[[Request], Response]
AnswerForOne = Callable[[Request, InboxMessage], Response]


class InboxSurface:
    """Answers everything under `/dev/mail`; `dev` mounts it, nobody else."""

    def __init__(self, inbox: Inbox, *, origin: str, demo_url: str | None = None) -> None:
        """Serve this inbox at this origin (`http://127.0.0.1:8000`)."""
        self._inbox = inbox
        self._origin = origin
        self._pages = Pages(demo_url=demo_url)
        self._ended = asyncio.Event()
        self._of_all: dict[str, Mapping[str, Answer]] = {
            "": {"GET": self._list_page, "DELETE": self._clear},
            ".json": {"GET": self._list_json},
            "/events": {"GET": self._events},
            "/clear": {"POST": self._clear_by_form},
        }
        self._of_one: dict[str, Mapping[str, AnswerForOne]] = {
            "": {"GET": self._page, "DELETE": self._delete},
            ".json": {"GET": self._json},
            "/html": {"GET": self._frame},
            "/delete": {"POST": self._delete_by_form},
        }

    def close(self) -> None:
        """End the live streams, so that the server can stop without waiting for its readers."""
        self._ended.set()

    async def handle(self, request: Request) -> Response:
        """Answer one request, or say in its own dialect why not."""
        refused = refusal(request, self._origin)
        if refused is None:
            response = self._dispatch(request)
        else:
            response = self._problem(request, refused.status, refused.sentence)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    def _dispatch(self, request: Request) -> Response:
        path = request.scope["path"].removeprefix(PREFIX)
        if path in self._of_all:
            return self._by_method(request, self._of_all[path])
        if path == "/":
            return RedirectResponse(PREFIX, 308)
        one = _ONE.fullmatch(path)
        if one is None:
            return self._problem(request, 404, "There is nothing at this address.")
        message = self._inbox.get(int(one[1]))
        if message is None:
            return self._problem(request, 404, MISSING)
        methods = self._of_one[one[2]]
        return self._by_method(
            request, {name: partial(_of_one, answer, message) for name, answer in methods.items()}
        )

    def _by_method(self, request: Request, methods: Mapping[str, Answer]) -> Response:
        answer = methods.get("GET" if request.method == "HEAD" else request.method)
        if answer is not None:
            return answer(request)
        response = self._problem(request, 405, "This address does not do that.")
        response.headers["allow"] = ", ".join(methods)
        return response

    def _problem(self, request: Request, status: int, sentence: str) -> Response:
        if "text/html" in request.headers.get("accept", ""):
            return self._pages.refused(status=status, sentence=sentence)
        return _json(Problem(sentence), status)

    # All messages.

    def _list_page(self, request: Request) -> Response:
        return self._listing(request, None)

    def _list_json(self, request: Request) -> Response:
        messages = self._inbox.list()
        found = Search.of(request.query_params).among(messages)
        return _json(MessageList([summary(message) for message in found], len(messages)))

    def _events(self, request: Request) -> Response:
        if request.method == "HEAD":
            return Response(media_type="text/event-stream")
        return StreamingResponse(stream(self._inbox, self._ended), media_type="text/event-stream")

    def _clear(self, _request: Request) -> Response:
        self._inbox.clear()
        return Response(status_code=204)

    def _clear_by_form(self, _request: Request) -> Response:
        self._inbox.clear()
        return RedirectResponse(PREFIX, 303)

    # One message.

    def _page(self, request: Request, message: InboxMessage) -> Response:
        return self._listing(request, message)

    def _json(self, _request: Request, message: InboxMessage) -> Response:
        return _json(detail(message))

    def _frame(self, request: Request, message: InboxMessage) -> Response:
        if message.html is None:
            return self._problem(request, 404, "This message has no HTML part.")
        return framed(message.html)

    def _delete(self, _request: Request, message: InboxMessage) -> Response:
        self._inbox.delete(message.number)
        return Response(status_code=204)

    def _delete_by_form(self, _request: Request, message: InboxMessage) -> Response:
        self._inbox.delete(message.number)
        return RedirectResponse(PREFIX, 303)

    def _listing(self, request: Request, opened: InboxMessage | None) -> Response:
        messages = self._inbox.list()
        listing = Listing.of(messages, query=request.query_params, opened=opened)
        return self._pages.listing(listing, parts="x-inbox-parts" in request.headers)


def _of_one(answer: AnswerForOne, message: InboxMessage, request: Request) -> Response:
    return answer(request, message)


def _json(body: msgspec.Struct, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")
