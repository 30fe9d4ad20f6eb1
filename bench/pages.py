"""People who sign in through the hosted pages, and the application that sent them there."""

import base64
import hashlib
import json
import re
import secrets
import time
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

from bench.client import CALLBACK, CLIENT_ID, CREDENTIALS, TOKEN_PATH
from bench.load import Load, LoginFailed, Window
from bench.people import Person
from bench.wire import Connection, Reply, Request

_OK, _SEE_OTHER = 200, 303
_ACTION = re.compile(rb'<form method="post" action="([^"]+)"')
_CSRF = re.compile(rb'name="csrf" value="([^"]+)"')


@dataclass(slots=True)
class Browser:
    """A new one: it keeps cookies over one sign-in, and reads forms, but no styles or scripts."""

    connection: Connection
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """The server, as its pages know it."""
        return f"http://127.0.0.1:{self.connection.port}"

    async def open(self, url: str, status: int) -> Reply:
        """GET it."""
        return await self._ask("GET", url, status)

    async def submit(self, page: Reply, fields: dict[str, str], status: int) -> Reply:
        """Fill in the first form of a page and send it."""
        action, csrf = _ACTION.search(page.body), _CSRF.search(page.body)
        if action is None or csrf is None:
            raise LoginFailed("a page without a form")
        body = urlencode({"csrf": unescape(csrf[1].decode()), **fields}).encode()
        return await self._ask("POST", unescape(action[1].decode()), status, body)

    async def follow(self, reply: Reply, status: int) -> Reply:
        """GET what a reply leads to."""
        return await self.open(location_of(reply), status)

    async def _ask(self, method: str, url: str, status: int, body: bytes | None = None) -> Reply:
        lines = [f"{method} {url.removeprefix(self.origin)} HTTP/1.1"]
        lines += [f"Host: {self.origin.removeprefix('http://')}", "Accept: text/html"]
        lines += ["User-Agent: bench", "Accept-Language: en"]
        if self.cookies:
            lines.append("Cookie: " + "; ".join(f"{n}={v}" for n, v in self.cookies.items()))
        if body is not None:
            lines += [f"Origin: {self.origin}", "Sec-Fetch-Site: same-origin"]
            lines += ["Content-Type: application/x-www-form-urlencoded"]
            lines += [f"Content-Length: {len(body)}"]
        octets = "\r\n".join([*lines, "", ""]).encode() + (body or b"")
        reply = await self.connection.ask(octets)
        if reply.status != status:
            raise LoginFailed(f"{method} {urlsplit(url).path} answered {reply.status}")
        for cookie in reply.fields("set-cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return reply


def location_of(reply: Reply) -> str:
    """Return where a reply leads."""
    [found] = reply.fields("location")
    return found


class PagesLoad(Load):
    """The authorization code flow with PKCE, page by page, up to the claims about the person."""

    async def sign_in(self, connection: Connection, due: float, window: Window) -> None:
        """Be sent to the server, give an address, wait for the code, type it, and come back."""
        person = self._people.take()
        try:
            await self._come_and_go(Browser(connection), person, due, window)
            window.logins += 1
        finally:
            self._people.give_back(person)

    async def _come_and_go(
        self, browser: Browser, person: Person, due: float, window: Window
    ) -> None:
        verifier, state = secrets.token_urlsafe(32), secrets.token_urlsafe(16)
        sent = await browser.open(_authorize(verifier, state), _SEE_OTHER)
        page = await browser.follow(sent, _OK)
        expected = self.expected(person, due, window)
        asked = await browser.submit(page, {"email": person.address}, _SEE_OTHER)
        page = await browser.follow(asked, _OK)
        window.requests.append(time.perf_counter() - due)
        code = await expected
        typed_at = time.perf_counter()
        typed = await browser.submit(page, {"code": code}, _SEE_OTHER)
        back = location_of(await browser.follow(typed, _SEE_OTHER))
        answer = parse_qs(urlsplit(back).query)
        if not back.startswith(CALLBACK) or answer["state"] != [state]:
            raise LoginFailed("the browser came back to somebody else")
        await _redeem(browser.connection, answer["code"][0], verifier, person)
        window.verifies.append(time.perf_counter() - typed_at)


def _authorize(verifier: str, state: str) -> str:
    hashed = hashlib.sha256(verifier.encode()).digest()
    query = {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": CALLBACK,
        "scope": "openid email",
        "state": state,
        "nonce": state,
        "code_challenge": base64.urlsafe_b64encode(hashed).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    return f"/authorize?{urlencode(query)}"


async def _redeem(connection: Connection, code: str, verifier: str, person: Person) -> None:
    """Trade the authorization code, and read whom it is about."""
    body = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    body |= {"code_verifier": verifier}
    answer = await connection.post(Request(TOKEN_PATH, CREDENTIALS | body))
    if answer.status != _OK or not {"access_token", "id_token"} <= set(answer.body):
        raise LoginFailed(f"the code was answered {answer.status} {sorted(answer.body)}")
    reply = await connection.ask(
        b"GET /userinfo HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %b\r\n\r\n"
        % str(answer.body["access_token"]).encode()
    )
    if reply.status != _OK or json.loads(reply.body)["email"] != person.address:
        raise LoginFailed(f"userinfo answered {reply.status}")
