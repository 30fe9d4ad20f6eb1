"""The inbox shows live codes: it must be deaf to every page that is not its own."""

import httpx2
import pytest

from latchstring.domain.delivery.senders.inbox import Inbox

OWN = "http://127.0.0.1:8000"
FOREIGN = [
    "http://evil.example",
    "http://127.0.0.1:8001",
    "http://localhost:8000",
    "null",
    OWN + "/",
]
PATHS = ["/dev/mail", "/dev/mail.json", "/dev/mail/1", "/dev/mail/1.json", "/dev/mail/1/html"]
CHANGES = [
    ("POST", "/dev/mail/clear"),
    ("POST", "/dev/mail/1/delete"),
    ("DELETE", "/dev/mail"),
    ("DELETE", "/dev/mail/1"),
]


@pytest.mark.parametrize("path", [*PATHS, "/dev/mail/events"])
@pytest.mark.parametrize("site", ["cross-site", "same-site", "Same-Origin", ""])
async def test_a_foreign_site_sees_nothing(client: httpx2.AsyncClient, post, path, site):
    post.mail()
    response = await client.get(path, headers={"Sec-Fetch-Site": site})
    assert response.status_code == 403
    assert "482913" not in response.text


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("origin", FOREIGN)
async def test_a_foreign_origin_sees_nothing(client: httpx2.AsyncClient, post, path, origin):
    post.mail()
    response = await client.get(path, headers={"Origin": origin})
    assert response.status_code == 403
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "headers", [{}, {"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": "same-origin"}]
)
async def test_tools_typed_addresses_and_own_pages_see_it(
    client: httpx2.AsyncClient, post, path, headers
):
    post.mail()
    assert (await client.get(path, headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost:8000", "127.0.0.1", "127.0.0.1:8001", "[::1]:8000", "127.1:8000"],
)
async def test_another_host_name_is_misdirected(client: httpx2.AsyncClient, post, host):
    post.mail()
    response = await client.get("/dev/mail.json", headers={"Host": host})
    assert response.status_code == 421
    assert "482913" not in response.text
    assert response.headers["cache-control"] == "no-store"


async def test_two_host_headers_are_a_bad_request(client: httpx2.AsyncClient):
    headers = [("Host", "127.0.0.1:8000"), ("Host", "evil.example")]
    assert (await client.get("/dev/mail", headers=headers)).status_code == 400


@pytest.mark.parametrize(("method", "path"), CHANGES)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": OWN},
        *({"Origin": origin} for origin in FOREIGN),
        *({"Sec-Fetch-Site": "same-origin", "Origin": origin} for origin in FOREIGN),
    ],
)
async def test_only_an_own_page_changes_anything(
    client: httpx2.AsyncClient, inbox: Inbox, post, method, path, headers
):
    post.mail()
    response = await client.request(method, path, headers=headers)
    assert response.status_code == 403
    assert len(inbox.list()) == 1


@pytest.mark.parametrize(("method", "path"), CHANGES)
@pytest.mark.parametrize("headers", [{"Origin": OWN}, {"Sec-Fetch-Site": "same-origin"}])
async def test_an_own_page_deletes(
    client: httpx2.AsyncClient, inbox: Inbox, post, method, path, headers
):
    post.mail()
    response = await client.request(method, path, headers=headers)
    assert response.status_code in {204, 303}
    assert not inbox.list()


async def test_a_browser_that_was_led_here_gets_a_page_with_the_way_in(client: httpx2.AsyncClient):
    headers = {"Sec-Fetch-Site": "same-site", "Accept": "text/html,*/*"}
    response = await client.get("/dev/mail", headers=headers)
    assert response.status_code == 403
    assert 'href="/dev/mail"' in response.text
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
