"""Who may speak to the developer inbox: a caller that names this very origin, nobody else."""

from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

SAFE = frozenset({"GET", "HEAD"})
# A browser says `none` where the person typed the address or followed a link from outside the web.
OWN_SITES = frozenset({"same-origin", "none"})


class Refusal(msgspec.Struct, frozen=True):
    """Why a request is turned away: the status and one sentence for the developer."""

    status: int
    sentence: str


def host_refusal(hosts: list[str], host: str) -> Refusal | None:
    """Refuse every `Host` but the exact one: DNS rebinding brings another name to this port."""
    if len(hosts) != 1:
        return Refusal(400, "A request needs exactly one Host header.")
    if hosts[0].lower() != host:
        return Refusal(421, f"This development server answers as {host} only.")
    return None


def refusal(request: Request, origin: str) -> Refusal | None:
    """Return why this request may not see or change the inbox; None if it may.

    Reading is open to tools, which send no `Sec-Fetch-Site` and no `Origin`; a browser sends at
    least one of them when another site asks. Changing needs one of them to name this origin.
    """
    refused = host_refusal(request.headers.getlist("host"), urlsplit(origin).netloc)
    if refused:
        return refused
    site = request.headers.get("sec-fetch-site")
    sender = request.headers.get("origin")
    if site is not None and site not in OWN_SITES:
        return Refusal(403, "The developer inbox answers its own pages only, not another site's.")
    if sender is not None and sender != origin:
        return Refusal(403, "The developer inbox answers its own origin only.")
    if request.method not in SAFE and sender is None and site != "same-origin":
        return Refusal(403, f"To change the inbox send the header Origin: {origin}")
    return None


class ExactHost(msgspec.Struct, frozen=True):
    """Pass requests on only when their `Host` is the one this server was started as."""

    app: ASGIApp
    host: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 400 or 421 in place of the application, or let it answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refused = host_refusal(Request(scope).headers.getlist("host"), self.host)
        if refused is None:
            await self.app(scope, receive, send)
            return
        answer = PlainTextResponse(refused.sentence + "\n", refused.status)
        answer.headers["cache-control"] = "no-store"
        await answer(scope, receive, send)
