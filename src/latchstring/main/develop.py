"""The development server: everything ``serve`` is, with the developer inbox in front.

Only ``dev`` imports this module; nothing of the inbox can be reached from ``serve``.
"""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from latchstring.base.clock import SystemClock
from latchstring.base.errors import AppError
from latchstring.cli.dev_run import DevRun
from latchstring.domain.delivery.senders import Senders
from latchstring.domain.delivery.senders.inbox import Inbox, InboxSender
from latchstring.main.serving import Development, Seat, serve
from latchstring.web.http.surface import Methods, Surface
from latchstring.web.inbox.guard import ExactHost
from latchstring.web.inbox.surface import PREFIX, InboxSurface

_METHODS = ("GET", "POST", "DELETE")


async def develop(run: DevRun) -> None:
    """Serve on loopback with the inbox until told to stop."""
    settings = run.settings
    inbox = Inbox(SystemClock())
    pages = InboxSurface(inbox, origin=settings.origin, demo_url=run.demo_url)
    host = urlsplit(settings.origin).netloc
    development = Development(
        senders=inbox_senders(inbox),
        surface=_surface(pages),
        wrap=lambda application: ExactHost(application, host),
        on_stop=pages.close,
    )
    await serve(settings, Seat(listener=run.sock, on_ready=run.on_ready), development)


def inbox_senders(inbox: Inbox) -> Senders:
    """Return senders that show every message in the developer inbox."""
    return Senders(email=InboxSender(inbox), sms=InboxSender(inbox))


def _surface(pages: InboxSurface) -> Surface:
    methods: Methods = dict.fromkeys(_METHODS, pages.handle)
    return Surface(
        name="inbox",
        routes={PREFIX: methods, f"{PREFIX}.json": methods},
        prefixes={f"{PREFIX}/": methods},
        on_error=_refused,
        on_crash=_crashed,
    )


def _refused(_request: Request, error: AppError) -> Response:
    return PlainTextResponse(str(error), status_code=400)


def _crashed(_request: Request) -> Response:
    return PlainTextResponse("Something went wrong in the developer inbox.", status_code=500)
