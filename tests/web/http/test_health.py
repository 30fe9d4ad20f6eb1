"""Whether the process lives, and whether it can work."""

import httpx2
import pytest

from latchstring.base.errors import Unavailable
from latchstring.web.http.application import Application
from latchstring.web.http.health import surface
from latchstring.web.http.language import Languages
from latchstring.web.http.origin import OriginReader
from tests.support.refusals import assert_safe


async def answer(ready: object) -> int:
    async def is_ready() -> bool:
        if isinstance(ready, Exception):
            raise ready
        return bool(ready)

    found = surface(is_ready)
    response = await found.routes["/readyz"]["GET"](None)  # type: ignore[arg-type]  # not looked at
    assert response.headers["cache-control"] == "no-store"
    return response.status_code


async def test_ready_is_what_the_roof_says():
    assert await answer(ready=True) == 200
    assert await answer(ready=False) == 503
    assert await answer(ready=Unavailable()) == 503


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
async def test_a_running_house_is_well(house, path):
    async with house.http() as http:
        found = await http.get(path)
        assert (found.status_code, found.json()) == (200, {"status": "ok"})
        assert_safe(found)
        assert (await http.head(path)).status_code == 200


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
async def test_another_method_is_refused(house, path):
    async with house.http() as http:
        found = await http.post(path)
    assert (found.status_code, found.headers["allow"]) == (405, "GET, HEAD")
    assert_safe(found)


async def test_a_bug_while_looking_is_no_secret(log):
    async def crash() -> bool:
        message = "secret reason"
        raise RuntimeError(message)

    found = surface(crash)
    application = Application((found,), found, OriginReader((), Languages(frozenset({"en"}))))
    transport = httpx2.ASGITransport(app=application)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as http:
        answer = await http.get("/readyz")
    assert (answer.status_code, answer.json()) == (500, {"status": "error"})
    assert log
