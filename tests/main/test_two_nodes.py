"""A sign-in does not notice how many nodes there are: each request may go to another."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import cycle
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.support.house import CALLBACK, ORIGIN, SECRET, Browser, House, a_house

pytestmark = pytest.mark.at("postgresql")  # a file has one server


@dataclass
class TurnByTurn:
    """An ASGI application that is one node for one request, another for the next."""

    nodes: Any
    requests: int = 0

    async def __call__(self, scope, receive, send) -> None:
        """Pass the request on."""
        self.requests += 1
        await next(self.nodes).application(scope, receive, send)


@pytest.fixture
async def nodes(tmp_path) -> AsyncIterator[tuple[House, House]]:
    """Two installations on one database, with copies of one key file."""
    async with (
        a_house(tmp_path) as one,
        a_house(tmp_path) as other,
    ):
        yield one, other


def a_client(nodes) -> httpx2.AsyncClient:
    """Return an HTTP client in front of both."""
    transport = httpx2.ASGITransport(app=TurnByTurn(cycle(nodes)), client=("192.0.2.7", 50000))
    return httpx2.AsyncClient(transport=transport, base_url=ORIGIN)


async def state_of(browser: Browser, page) -> bytes:
    """What the waiting page's script is told, by whichever node has its turn."""
    found = await browser.http.get(f"{page.url.partition('?')[0].rpartition('/')[0]}/status")
    return found.content


@pytest.mark.parametrize("delivering", [0, 1])
async def test_a_sign_in_whose_every_request_goes_to_another_node(nodes, delivering):
    browser = Browser(a_client(nodes))

    waiting = await browser.ask()
    for node in nodes:
        node.clock.advance(10)
    before = {await state_of(browser, waiting) for _ in nodes}
    code = await nodes[delivering].code()
    after = {await state_of(browser, waiting) for _ in nodes}
    done = await browser.post(waiting, code=code)

    assert len(before) == len(after) == 1  # both nodes say the same
    assert before != after
    assert done.left_for.startswith(CALLBACK)
    answer = await browser.http.post(
        "/oauth/token",
        data={
            "grant_type": "authorization_code",
            "client_id": "acme-web",
            "client_secret": SECRET,
            "redirect_uri": CALLBACK,
            "code": parse_qs(urlsplit(done.left_for).query)["code"][0],
        },
    )
    token = answer.json()["access_token"]
    for _ in nodes:
        found = await browser.http.get("/userinfo", headers={"Authorization": f"Bearer {token}"})
        assert found.json()["email"] == "alice@example.com"


async def test_a_change_reaches_the_other_node(nodes):
    one, other = nodes
    await one.change(sign_up=False)

    await other.installation.configuration.refresh()

    for house in nodes:
        assert not house.installation.configuration.current.connections["email"].sign_up
