"""Pages and JSON: what is shown, under which headers, and what bad addresses get."""

import re
from html.parser import HTMLParser

import httpx2
import pytest

from latchstring.domain.delivery.senders.inbox import Inbox

OWN = {"Origin": "http://127.0.0.1:8000"}


class Elements(HTMLParser):
    """Collects every element with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def one(self, tag: str, **attrs: str) -> dict[str, str | None]:
        fitting = [a for t, a in self.found if t == tag and attrs.items() <= a.items()]
        assert len(fitting) == 1, (tag, attrs, fitting)
        return fitting[0]


async def test_the_list_is_newest_first_with_codes_and_links(client: httpx2.AsyncClient, post):
    post.mail()
    post.sms()
    body = (await client.get("/dev/mail.json")).json()
    assert body["total"] == 2
    assert [message["number"] for message in body["messages"]] == [2, 1]
    sms, mail = body["messages"]
    assert (sms["channel"], sms["recipient"], sms["code"], sms["link"]) == (
        "sms",
        "+12025550123",
        "771204",
        None,
    )
    assert mail["code"] == "482913"
    assert mail["link"].startswith("http://127.0.0.1:8000/l/")
    assert mail["received_at"] == "2026-05-04T12:00:00Z"
    assert "html" not in mail


async def test_one_message_has_every_part(client: httpx2.AsyncClient, post):
    post.mail()
    response = await client.get("/dev/mail/1.json")
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert ["To", "alice@example.com"] in body["headers"]
    assert body["html"].startswith("<!doctype html>")
    assert body["source"].startswith("From: Acme")


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("to=alice@example.com", [3, 1]),
        ("to=ALICE@example.com", [3, 1]),
        ("to=alice@example.co", []),
        ("to=%2B12025550123", [2]),
        ("to=+12025550123", [2]),
        ("q=sign-in", [3, 2, 1]),
        ("q=771204", [2]),
        ("after=1", [3, 2]),
        ("after=x", [3, 2, 1]),
        ("after=99999999999999999999", [3, 2, 1]),
        ("to=alice@example.com&after=1", [3]),
        ("to=%00%ff&q=", []),
    ],
)
async def test_a_test_finds_its_message(client: httpx2.AsyncClient, post, query, numbers):
    post.mail()
    post.sms()
    post.mail()
    body = (await client.get(f"/dev/mail.json?{query}")).json()
    assert [message["number"] for message in body["messages"]] == numbers


async def test_the_page_opens_the_newest_message(client: httpx2.AsyncClient, post):
    post.mail()
    post.sms()
    page = (await client.get("/dev/mail")).text
    elements = Elements(page)
    assert elements.one("section", id="message")["data-number"] == "2"
    assert elements.one("main")["data-follow"] == "yes"
    assert "<mark>771204</mark>" in page


async def test_a_mail_is_shown_in_a_frame_without_script_or_origin(
    client: httpx2.AsyncClient, post
):
    post.mail()
    frame = Elements((await client.get("/dev/mail/1")).text).one("iframe")
    assert frame["src"] == "/dev/mail/1/html"
    tokens = (frame["sandbox"] or "").split()
    assert tokens == ["allow-popups", "allow-popups-to-escape-sandbox"]


async def test_the_framed_mail_is_harmless_when_opened_alone_too(client: httpx2.AsyncClient, post):
    post.mail(html="<html><HEAD lang=en><script>alert(1)</script></head><body>Hi</body></html>")
    response = await client.get("/dev/mail/1/html")
    policy = response.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; ")
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'self'" in policy
    assert '<HEAD lang=en><base target="_blank">' in response.text


async def test_a_mail_that_is_only_a_fragment_still_opens_links_in_a_tab(
    client: httpx2.AsyncClient, post
):
    post.mail(html="<p>Hi</p>")
    assert (await client.get("/dev/mail/1/html")).text == '<base target="_blank"><p>Hi</p>'


@pytest.mark.parametrize(
    ("view", "expected"),
    [("text", "&lt;b&gt;bold"), ("source", "Subject: "), ("headers", "<th scope")],
)
async def test_every_view_is_an_address(client: httpx2.AsyncClient, post, view, expected):
    post.mail(text="<b>bold</b>")
    page = (await client.get(f"/dev/mail/1?view={view}")).text
    assert expected in page
    current = Elements(page).one("a", href=f"/dev/mail/1?view={view}")
    assert current["aria-current"] == "page"
    assert "<b>bold" not in page


async def test_an_unknown_view_is_the_first_one(client: httpx2.AsyncClient, post):
    post.sms()
    page = (await client.get("/dev/mail/1?view=html")).text
    assert 'class="phone"' in page


@pytest.mark.parametrize("channel", ["mail", "sms"])
async def test_hostile_words_stay_words(client: httpx2.AsyncClient, post, channel):
    evil = "</script><img src=x onerror=alert(1)>"
    if channel == "mail":
        post.mail(to=f"{evil}@example.com", subject=evil, text=evil)
    else:
        post.sms(body=f"771204 {evil}")
    for view in ("phone", "text", "source", "headers"):
        assert "<img" not in (await client.get(f"/dev/mail/1?view={view}")).text


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", "//evil.example", None]
)
async def test_only_a_web_link_is_offered(client: httpx2.AsyncClient, post, link):
    post.mail(link=link)
    assert "Open link" not in (await client.get("/dev/mail/1")).text


async def test_the_link_opens_apart_from_the_inbox(client: httpx2.AsyncClient, post):
    message = post.mail()
    link = Elements((await client.get("/dev/mail/1")).text).one("a", href=message.link)
    assert link["target"] == "_blank"
    assert link["rel"] == "noopener noreferrer"


async def test_copy_is_offered_by_script_alone(client: httpx2.AsyncClient, post):
    post.mail()
    assert "hidden" in Elements((await client.get("/dev/mail/1")).text).one(
        "button", **{"data-copy": "482913"}
    )


@pytest.mark.parametrize("path", ["/dev/mail", "/dev/mail/1", "/dev/mail/9"])
async def test_pages_carry_a_strict_policy_with_a_fresh_nonce(
    client: httpx2.AsyncClient, post, path
):
    post.mail()
    nonces = set()
    for _ in range(2):
        response = await client.get(path, headers={"Accept": "text/html"})
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        found = re.search(r"style-src 'nonce-([^']+)'; script-src 'nonce-([^']+)'", policy)
        assert found is not None
        assert found[1] == found[2]
        assert set(re.findall(r'nonce="([^"]+)"', response.text)) == {found[1]}
        nonces.add(found[1])
    assert len(nonces) == 2


@pytest.mark.parametrize(
    "path", ["/dev/mail", "/dev/mail.json", "/dev/mail/1.json", "/dev/mail/1/html", "/dev/mail/7"]
)
async def test_every_answer_forbids_keeping_and_guessing(client: httpx2.AsyncClient, post, path):
    post.mail()
    headers = (await client.get(path)).headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "content-security-policy" in headers


@pytest.mark.parametrize(
    "path",
    [
        "/dev/mail/9",
        "/dev/mail/0",
        "/dev/mail/-1",
        "/dev/mail/1e3",
        "/dev/mail/1.xml",
        "/dev/mail/1/html/",
        "/dev/mail/99999999999999",
        "/dev/mail/%EF%BC%91",
        "/dev/mail/../mail/x",
        "/dev/mailbox",
    ],
)
async def test_what_is_not_there_is_404(client: httpx2.AsyncClient, post, path):
    post.mail()
    response = await client.get(path)
    assert response.status_code == 404
    assert response.json().keys() == {"error"}


async def test_a_text_message_has_no_html(client: httpx2.AsyncClient, post):
    post.sms()
    assert (await client.get("/dev/mail/1/html")).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/dev/mail", "GET, DELETE"),
        ("POST", "/dev/mail", "GET, DELETE"),
        ("POST", "/dev/mail/1", "GET, DELETE"),
        ("DELETE", "/dev/mail/clear", "POST"),
    ],
)
async def test_a_wrong_method_is_told_the_right_ones(
    client: httpx2.AsyncClient, post, method, path, allow
):
    post.mail()
    response = await client.request(method, path, headers=OWN)
    assert response.status_code == 405
    assert response.headers["allow"] == allow


@pytest.mark.parametrize("path", ["/dev/mail/clear", "/dev/mail/1/delete"])
async def test_reading_deletes_nothing(client: httpx2.AsyncClient, inbox: Inbox, post, path):
    post.mail()
    assert (await client.get(path, headers=OWN)).status_code == 405
    assert len(inbox.list()) == 1


async def test_deleting_one_keeps_the_others(client: httpx2.AsyncClient, inbox: Inbox, post):
    post.mail()
    post.sms()
    response = await client.post("/dev/mail/2/delete", headers=OWN)
    assert (response.status_code, response.headers["location"]) == (303, "/dev/mail")
    assert [message.number for message in inbox.list()] == [1]


async def test_a_trailing_slash_leads_to_the_list(client: httpx2.AsyncClient):
    response = await client.get("/dev/mail/")
    assert (response.status_code, response.headers["location"]) == (308, "/dev/mail")


async def test_an_empty_inbox_leads_to_the_demo(client: httpx2.AsyncClient):
    page = (await client.get("/dev/mail")).text
    assert "No message yet" in page
    assert Elements(page).one("a", href="http://127.0.0.1:8001/")["target"] == "_blank"


async def test_a_search_stays_while_one_reads(client: httpx2.AsyncClient, post):
    post.mail()
    post.sms()
    page = (await client.get("/dev/mail?q=sign-in")).text
    hrefs = {a.get("href") for t, a in Elements(page).found if t == "a"}
    assert {"/dev/mail/1?q=sign-in", "/dev/mail/2?q=sign-in&view=text"} <= hrefs
    assert "Nothing found" in (await client.get("/dev/mail?q=zzz")).text


async def test_a_live_page_fetches_its_parts_alone(client: httpx2.AsyncClient, post):
    post.mail()
    parts = (await client.get("/dev/mail", headers={"X-Inbox-Parts": "1"})).text
    assert {a["id"] for t, a in Elements(parts).found if t == "section"} == {"list", "message"}
    assert "<style" not in parts
    assert "<script" not in parts
