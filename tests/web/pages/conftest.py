"""A loopback server that shows every sample page, and a Chromium to look at them with."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from starlette.responses import Response

from latchstring.web.http.notices import NotFound
from latchstring.web.http.static import StaticFiles
from tests.support import pages


@dataclass
class Showcase:
    """The samples under their names; every other request is remembered and answered emptily."""

    url: str = ""
    posts: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    polls: list[str] = field(default_factory=list)
    status: str = "{}"


@pytest.fixture(scope="module")
def showcase() -> Iterator[Showcase]:
    shown = Showcase()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_for(shown))
    server.daemon_threads = True
    shown.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield shown
    server.shutdown()
    thread.join()
    server.server_close()


def handler_for(shown: Showcase) -> type[BaseHTTPRequestHandler]:
    static, renderer = StaticFiles(), pages.a_renderer()

    def found(path: str) -> Response:
        if path == "/signin/status":
            shown.polls.append(path)
            return Response(shown.status, media_type="application/json")
        view = pages.PAGES.get(path.lstrip("/").partition("?")[0], NotFound())
        return static.respond(path) or renderer.page(
            view, request_id=pages.REQUEST_ID, language="en", status=200
        )

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

        def do_GET(self):
            self.answer(found(self.path))

        def do_POST(self):
            shown.posts.append(self.path)
            shown.bodies.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.answer(Response("<title>Posted</title>", media_type="text/html"))

        def answer(self, response: Response):
            self.send_response(response.status_code)
            for name, value in response.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(bytes(response.body))

    return Handler
