"""What the door itself refuses is told in the dialect of whoever was asked."""

import pytest

APIS = ["/passwordless/start", "/oauth/token", "/userinfo"]
PAGES = ["/authorize", "/help", "/nowhere"]


@pytest.mark.parametrize("path", APIS)
async def test_an_application_reads_why_its_headers_are_refused(house, path):
    async with house.http() as http:
        answer = await http.post(path, headers={"X-Long": "a" * 17_000})

    assert answer.status_code == 431
    assert answer.headers["connection"] == "close"
    assert answer.json()["error_description"] == "The request's headers are too large."
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("path", PAGES)
async def test_a_person_reads_a_page_when_headers_are_refused(house, path):
    async with house.http() as http:
        answer = await http.get(path, headers={"X-Long": "a" * 17_000})

    assert answer.status_code == 431
    assert answer.headers["connection"] == "close"
    assert answer.headers["x-request-id"] in answer.text


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
async def test_health_keeps_its_own_short_words(house, path):
    async with house.http() as http:
        large = await http.get(path, headers={"X-Long": "a" * 17_000})
        wrong = await http.delete(path)

    assert (large.status_code, large.json()) == (431, {"status": "error"})
    assert (wrong.status_code, wrong.json()) == (405, {"status": "error"})


@pytest.mark.parametrize(("path", "allowed"), [(APIS[0], "POST"), (APIS[1], "POST")])
async def test_an_application_reads_which_method_it_takes(house, path, allowed):
    async with house.http() as http:
        answer = await http.delete(path)

    assert answer.status_code == 405
    assert answer.headers["allow"] == allowed
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_an_address_that_acts_on_get_takes_no_head(house):
    async with house.http() as http:
        answer = await http.head("/authorize")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"
