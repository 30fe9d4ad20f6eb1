"""What the provider hands out, and what of it a stolen database or log tells."""

from pathlib import Path
from typing import Any

import pytest

from latchstring.base.settings import ApiSettings
from tests.support.dump import dump
from tests.support.house import CALLBACK, SECRET, House, a_client_settings
from tests.support.quick_house import a_quick_house

API = "https://api.acme.example/"
ME = {"client_id": "acme-web", "client_secret": SECRET}
OFFLINE = "openid email offline_access"


@pytest.fixture
async def house(tmp_path: Path):
    clients = (
        a_client_settings(
            response_types=("code", "code id_token token"),
        ),
    )
    apis = (ApiSettings(identifier=API, name="Letters", scopes=("read",)),)
    async with a_quick_house(tmp_path, clients=clients, apis=apis) as house:
        yield house


class Application:
    """Calls as Acme's server does, and remembers each secret that it was given."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.secrets: set[str] = {SECRET}

    async def call(self, path: str, **form: str) -> dict[str, Any]:
        async with self.house.http() as http:
            answer = await http.post(path, data={**ME, **form})
        assert answer.status_code < 400, answer.text
        told: dict[str, Any] = answer.json() if answer.content else {}
        names = ("access_token", "refresh_token", "id_token", "request_uri")
        self.secrets |= {told[name] for name in names if name in told}
        return told

    async def exchange(self, code: str) -> dict[str, Any]:
        self.secrets.add(code)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        return await self.call("/oauth/token", **form)

    async def refresh(self, token: str) -> dict[str, Any]:
        return await self.call("/oauth/token", grant_type="refresh_token", refresh_token=token)


async def test_no_token_code_or_name_of_a_request_is_in_the_database_or_the_log(house, log):
    acme, browser = Application(house), house.browser()
    waiting = await browser.ask(scope=OFFLINE)
    ended = await browser.post(waiting, code=await house.code())
    tokens = await acme.exchange(ended.query["code"])
    newer = await acme.refresh(tokens["refresh_token"])
    await acme.refresh(tokens["refresh_token"])
    await acme.refresh(newer["refresh_token"])
    for_api = await browser.authorize(scope=f"{OFFLINE} read", audience=API)
    signed = await acme.exchange(for_api.query["code"])
    for token in (signed["access_token"], signed["refresh_token"], tokens["access_token"]):
        await acme.call("/oauth/introspect", token=token)
    pushed = await acme.call(
        "/oauth/par", redirect_uri=CALLBACK, response_type="code", scope=OFFLINE
    )
    unfetched = await acme.call("/oauth/par", redirect_uri=CALLBACK, response_type="code")
    answered = await browser.authorize(request_uri=pushed["request_uri"])
    acme.secrets |= {answered.query["code"], unfetched["request_uri"]}
    front = await browser.authorize(
        response_type="code id_token token", nonce="n", response_mode="form_post"
    )
    assert 'name="access_token"' in front.response.text
    again = await browser.authorize(id_token_hint=tokens["id_token"], prompt="none")
    acme.secrets |= {again.query["code"], *(cookie.value for cookie in browser.http.cookies.jar)}
    await acme.call("/oauth/revoke", token=newer["refresh_token"])

    assert len(acme.secrets) >= 18
    held, logged = dump(house), repr(log)
    assert [secret for secret in acme.secrets if secret in held] == []
    assert "/oauth/introspect" in logged
    assert [secret for secret in acme.secrets if secret in logged] == []
