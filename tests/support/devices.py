"""A television in front of Alice, and her phone: how it asks, shows, polls and is allowed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

from latchstring.base.settings import ApiSettings, ClientSettings, GrantType
from tests.support.house import Browser, House, Page, a_client_settings, a_house, a_public_client

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
API = ApiSettings(identifier="https://api.acme.example/", name="Acme API", scopes=("films:watch",))


def a_tv(**changes: Any) -> ClientSettings:
    """Return Acme's television: it keeps no secret and has no address to come back to."""
    values = {
        "client_id": "acme-tv",
        "name": "Acme TV",
        "callbacks": (),
        "web_origins": (),
        "initiate_login_uri": None,
        "grant_types": (GrantType.DEVICE_CODE, GrantType.REFRESH_TOKEN),
    }
    return a_public_client(**{**values, **changes})


@asynccontextmanager
async def a_house_with_a_tv(folder: Path, **changes: Any) -> AsyncIterator[House]:
    """Open an installation that knows Acme's television, one that is not Acme's, and an API."""
    clients = (
        a_client_settings(),
        a_tv(),
        a_tv(client_id="mallory-tv", name="Mallory TV", first_party=False),
    )
    async with a_house(folder, **{"clients": clients, "apis": (API,), **changes}) as house:
        yield house


async def begin(house: House, ip: str = "192.0.2.9", /, **members: str | None) -> httpx2.Response:
    """Ask for codes, as a television does; ``None`` leaves a member out."""
    body = {"client_id": "acme-tv", "scope": "openid email", **members}
    async with house.http(ip=ip) as http:
        data = {name: value for name, value in body.items() if value is not None}
        return await http.post("/oauth/device/code", data=data)


async def poll(house: House, device_code: str, **members: str | None) -> httpx2.Response:
    """Ask how it stands; ``None`` leaves a member out."""
    body = {
        "grant_type": GRANT_TYPE,
        "device_code": device_code,
        "client_id": "acme-tv",
        **members,
    }
    async with house.http(ip="192.0.2.9") as http:
        data = {name: value for name, value in body.items() if value is not None}
        return await http.post("/oauth/token", data=data)


async def codes(house: House, **members: str | None) -> dict[str, Any]:
    """Return what a television that asks is given."""
    answer = await begin(house, **members)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def type_code(phone: Browser, code: str) -> Page:
    """Open the page, type a code, and return where that leads."""
    return await phone.post(await phone.get("/activate"), user_code=code)


async def sign_in(
    house: House, phone: Browser, page: Page, email: str = "alice@example.com"
) -> Page:
    """Press the question's first button and sign in through a mail; return the question again."""
    asked = await phone.post(page)
    waiting = await phone.post(asked, email=email)
    return await phone.post(waiting, code=await house.code(email))


async def allowed(house: House, phone: Browser, **members: str | None) -> dict[str, Any]:
    """Return a television's codes after Alice allowed it on her phone."""
    told = await codes(house, **members)
    question = await type_code(phone, told["user_code"])
    if "sign-in" in question.forms[0]:
        question = await sign_in(house, phone, question)
    done = await phone.post(question)
    assert "signed in" in done.heading, done.text
    return told
