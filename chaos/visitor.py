"""A browser without scripts that signs in on the pages and out again."""

import re
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from html import unescape
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2

from chaos.driver import TOKEN_PATH, Driver
from chaos.nodes import Node

_VERIFIER = "v" * 64
_CHALLENGE = urlsafe_b64encode(sha256(_VERIFIER.encode()).digest()).decode().rstrip("=")
_ACTION = re.compile(r'<form\b[^>]*\baction="([^"]*)"')
_CSRF = re.compile(r'name="csrf"\s+value="([^"]*)"')


@dataclass(slots=True, eq=False)
class Visitor:
    """One person's browser; it stops at addresses that are not the server's."""

    http: httpx2.AsyncClient

    async def sign_in(self, driver: Driver, person: str, client_id: str, callback: str) -> str:
        """Sign in to a public application and return its ID token."""
        request = {
            "client_id": client_id,
            "redirect_uri": callback,
            "response_type": "code",
            "scope": "openid",
            "state": "a-state",
            "code_challenge": _CHALLENGE,
            "code_challenge_method": "S256",
        }
        url, page = await self._follow(await self.http.get("/authorize", params=request))
        if not url.startswith(callback):
            url, page = await self._send(page, email=person)
            url, page = await self._send(page, code=await driver.code_of(person))
        form = {
            "grant_type": "authorization_code",
            "client_id": client_id,
            "redirect_uri": callback,
            "code": parse_qs(urlsplit(url).query)["code"][0],
            "code_verifier": _VERIFIER,
        }
        return str((await self.http.post(TOKEN_PATH, data=form)).json()["id_token"])

    async def sign_out(self, id_token: str) -> int:
        """Sign out as the application that has the token asks; return the page's status."""
        hint = {"id_token_hint": id_token}
        _, page = await self._follow(await self.http.get("/oidc/logout", params=hint))
        return page.status_code

    async def _send(self, page: httpx2.Response, **fields: str) -> tuple[str, httpx2.Response]:
        action, csrf = _ACTION.search(page.text), _CSRF.search(page.text)
        to = urljoin(str(page.url), unescape(action[1]) if action else "")
        data = fields | ({"csrf": csrf[1]} if csrf else {})
        headers = {"Sec-Fetch-Site": "same-origin"}
        return await self._follow(await self.http.post(to, data=data, headers=headers))

    async def _follow(self, answer: httpx2.Response) -> tuple[str, httpx2.Response]:
        while answer.is_redirect:
            to = urljoin(str(answer.url), answer.headers["location"])
            if urlsplit(to).netloc != answer.url.netloc.decode():
                return to, answer
            answer = await self.http.get(to)
        return str(answer.url), answer


@asynccontextmanager
async def a_visitor(node: Node) -> AsyncIterator[Visitor]:
    """Open a browser that visits a node."""
    base = f"http://127.0.0.1:{node.port}"
    async with httpx2.AsyncClient(base_url=base, trust_env=False, timeout=15) as http:
        yield Visitor(http)
