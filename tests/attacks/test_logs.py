"""G: no secret is ever written to a log, at any level, in any form, even when we crash."""

import asyncio
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog

from latchstring.base import logging
from latchstring.flows.redeem_code import RedeemCode
from latchstring.flows.start_passwordless import StartPasswordless
from latchstring.flows.verify_passwordless import VerifyPasswordless
from latchstring.web.http import application
from tests.support.house import Browser, Page
from tests.support.quick_house import a_quick_house
from tests.support.server import SECRET, Server, a_server

ALICE, BOB, NUMBER = "alice@example.com", "bob@example.com", "+447700900123"
PASSWORD = "relay-Passw0rd-of-Acme"
TOKEN = "gateway-t0ken-of-Acme-0123456789"
DEBUG = 'log_level = "debug"\nlog_format = "{}"'


@pytest.fixture(params=["json", "console"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """Run the program at debug level, with a credential for the gateway."""
    with a_server(tmp_path, start=False, top=DEBUG.format(request.param)) as found:
        file = tmp_path / "latchstring.toml"
        text = file.read_text(encoding="utf-8")
        text = text.replace("[limits]", f'gateway_token = "{TOKEN}"\n\n[limits]')
        file.write_text(text, encoding="utf-8")
        found.start()
        yield found


class Journeys:
    """Walks through everything once and remembers each secret that went by."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.secrets: set[str] = {SECRET, TOKEN}
        self.http = httpx2.Client(base_url=server.url)

    def remember(self, *values: str | None) -> None:
        self.secrets |= {value for value in values if value}

    def start(self, email: str = ALICE, **members: Any) -> None:
        body = {"client_id": "acme-web", "client_secret": SECRET, "connection": "email"}
        answer = self.http.post("/passwordless/start", json={**body, "email": email, **members})
        assert answer.status_code == 200, answer.text

    def exchange(self, otp: str, username: str = ALICE, realm: str = "email") -> httpx2.Response:
        grant = "http://auth0.com/oauth/grant-type/passwordless/otp"
        body = {"client_id": "acme-web", "client_secret": SECRET, "grant_type": grant}
        own = {"realm": realm, "username": username, "otp": otp, "scope": "openid email"}
        return self.http.post("/oauth/token", data={**body, **own})

    def by_code(self) -> None:
        self.start(send="both")
        mail = self.server.mail.wait_for(ALICE)
        self.remember(mail.code, mail.link.rpartition("/")[2])
        wrong = "999999" if mail.code != "999999" else "999998"
        self.remember(wrong)
        assert self.exchange(wrong).status_code == 403
        tokens = self.exchange(mail.code).json()
        self.remember(tokens["access_token"], tokens["id_token"])
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert self.http.get("/userinfo", headers=bearer).status_code == 200
        assert self.http.get("/userinfo", headers={"Authorization": "Bearer x"}).status_code == 401
        assert self.exchange(mail.code).status_code == 403

    def by_text(self) -> None:
        body = {"client_id": "acme-web", "client_secret": SECRET, "connection": "sms"}
        answer = self.http.post("/passwordless/start", json={**body, "phone_number": NUMBER})
        assert answer.status_code == 200
        text = self.server.sms.wait_for(NUMBER)
        self.remember(text.code)
        tokens = self.exchange(text.code, NUMBER, "sms").json()
        self.remember(tokens["access_token"], tokens["id_token"])

    async def by_link(self) -> None:
        async with httpx2.AsyncClient(base_url=self.server.url) as http:
            answer = await http.get("/authorize", params=self.asked())
            page = Page(await http.get(answer.headers["location"]))
            own = {"Origin": self.server.url}
            form = {"csrf": page.csrf, "email": BOB}
            await http.post(page.forms[0], data=form, headers=own)
            mail = await asyncio.to_thread(self.server.mail.wait_for, BOB)
            token = mail.link.rpartition("/")[2]
            self.remember(mail.code, token, page.csrf)
            opened = Page(await http.get(mail.link))
            self.remember(opened.csrf)
            mangled = ("/L/", "//l/", "/x/l/", "/l/l/", "/sign-in/l/", "/l%2F", "/help/")
            for path in mangled:
                await http.get(path + token)
            await http.get(mail.link + "/x")
            await http.get("/help", params={"token": token})
            pressed = await http.post(mail.link, data={"csrf": opened.csrf}, headers=own)
            ended = await http.get(pressed.headers["location"])
            code = httpx2.URL(ended.headers["location"]).params["code"]
            self.remember(code, *(cookie.value for cookie in http.cookies.jar))
            grant = {
                "grant_type": "authorization_code",
                "redirect_uri": f"{self.server.app}/callback",
            }
            basic = httpx2.BasicAuth("acme-web", SECRET)
            for _ in range(2):
                answer = await http.post("/oauth/token", data={**grant, "code": code}, auth=basic)
                self.remember(answer.json().get("access_token"), answer.json().get("id_token"))
            await http.post(mail.link, data={"csrf": opened.csrf}, headers=own)

    def asked(self) -> dict[str, str]:
        callback = f"{self.server.app}/callback"
        values = {"client_id": "acme-web", "redirect_uri": callback, "response_type": "code"}
        return {**values, "scope": "openid", "state": "s"}

    def refused(self) -> None:
        """Send secrets to where they do not belong."""
        self.server.mail.answers += ["451 4.3.0 try later", "250 OK"]
        self.start("carol@example.com", send="both")
        self.http.get("/oauth/token", params={"client_secret": SECRET, "otp": "135791"})
        self.http.post("/oauth/token", content=SECRET, headers={"Content-Type": "text/plain"})
        self.http.post("/passwordless/start", json={"client_id": SECRET, "connection": SECRET})
        self.http.post(
            "/passwordless/start", json={"client_id": "acme-web", "client_secret": TOKEN}
        )
        self.remember("135791")
        mail = self.server.mail.wait_for("carol@example.com")
        self.remember(mail.code, mail.link.rpartition("/")[2])


def test_g_01_a_log_at_debug_level_holds_no_secret(server):
    journeys = Journeys(server)
    with journeys.http:
        journeys.by_code()
        journeys.by_text()
        asyncio.run(journeys.by_link())
        journeys.refused()
    server.stop()
    assert len(journeys.secrets) >= 18
    assert server.log.count("/passwordless/start") >= 4
    assert [found for found in journeys.secrets if found in server.log] == []


def test_g_01_a_relay_s_password_is_not_logged_when_the_relay_refuses_it(tmp_path):
    with a_server(tmp_path, start=False, top=DEBUG.format("json")) as server:
        file = tmp_path / "latchstring.toml"
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("smtp://127", f"smtp://acme:{PASSWORD}@127"), encoding="utf-8")
        server.start()
        body = {"client_id": "acme-web", "client_secret": SECRET, "connection": "email"}
        answer = httpx2.post(
            f"{server.url}/passwordless/start", json={**body, "email": ALICE}, timeout=5
        )
        assert answer.status_code == 200
        deadline = time.monotonic() + 10
        while '"event":"message"' not in server.log:
            assert time.monotonic() < deadline, server.log
            time.sleep(0.02)
        server.stop()
        assert PASSWORD not in server.log


def test_g_01_a_log_names_nobody_in_full(server):
    journeys = Journeys(server)
    with journeys.http:
        journeys.by_code()
        journeys.by_text()
        for command in (["users", "block", ALICE], ["codes", "void", NUMBER]):
            shown = server.command(*command)
            assert shown.returncode == 0, shown.stderr
    server.stop()
    assert [found for found in (ALICE, NUMBER) if found in server.log] == []


@pytest.mark.parametrize("form", ["json", "console"])
async def test_g_01_a_crash_at_debug_level_logs_where_it_was_and_no_secret(
    tmp_path, form, monkeypatch, capsys
):
    async def crash(_self: object, _request: object) -> None:
        message = "the disk is on fire"
        raise RuntimeError(message)

    before = structlog.get_config()
    try:
        logging.configure(form, "debug")
        structlog.configure(cache_logger_on_first_use=False)  # later tests have other streams
        monkeypatch.setattr(application, "logger", structlog.get_logger())
        async with a_quick_house(tmp_path) as house:
            browser: Browser = house.browser()
            page = await browser.ask()
            code = await house.code()
            monkeypatch.setattr(VerifyPasswordless, "__call__", crash)
            monkeypatch.setattr(StartPasswordless, "__call__", crash)
            monkeypatch.setattr(RedeemCode, "__call__", crash)
            answers = [
                (await browser.post(page, code=code)).response,
                await house.start("secret-name@example.com"),
                await house.exchange(code),
            ]
            secrets = [code, page.csrf, SECRET, "secret-name"]
            secrets += [cookie.value or "" for cookie in browser.http.cookies.jar]
    finally:
        structlog.configure(**before)
    log = capsys.readouterr().err
    assert log.count("the disk is on fire") == 3
    assert [found for found in secrets if found in log] == []
    for answer in answers:
        assert answer.status_code == 500
        assert answer.headers["x-request-id"] in answer.text
        assert answer.headers["x-request-id"] in log
        assert answer.headers["cache-control"] == "no-store"
        assert not re.search("Traceback|fire|RuntimeError", answer.text)
