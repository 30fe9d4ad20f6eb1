"""H: requests that are too large, too slow or out of shape, spoken over a real socket."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.support.house import SECRET, Page
from tests.support.refusals import assert_refused, assert_refused_page
from tests.support.server import Server, a_server

KIB = 1024
START = "POST /passwordless/start HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
FORM = (
    "POST /oauth/token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with a_server(tmp_path_factory.mktemp("http")) as found:
        yield found


def spoken(server: Server, request: bytes, *, patience: float = 3.0) -> bytes:
    """Send raw bytes and return everything that comes back until the server closes or waits."""
    with closing(socket.create_connection(("127.0.0.1", server.port), timeout=patience)) as wire:
        answer = b""
        try:
            wire.sendall(request)
            while received := wire.recv(65536):
                answer += received
                if complete(answer):
                    break
        except (TimeoutError, ConnectionError):
            pass
        return answer


def complete(answer: bytes) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return len(body) >= int(value)
    return False


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


async def test_h_01_a_body_over_64_kilobytes_is_refused(house, log):
    answer = await house.start(nonsense="x" * 64 * KIB)
    assert_refused(answer, 413, "bad.request", log)
    async with house.http() as http:
        answer = await http.post("/oauth/token", data={"otp": "x" * 65 * KIB})
        assert_refused(answer, 413, "invalid_request", log)
    browser = house.browser()
    page = await browser.authorize()
    answer = await browser.post(page, email="x" * 65 * KIB)
    assert_refused_page(answer, 413, log)


async def test_h_01_a_body_of_just_64_kilobytes_is_read(house):
    body = f'{{"client_id":"acme-web","client_secret":"{SECRET}","connection":"email",'
    body += '"email":"alice@example.com","nonsense":"'
    body += "x" * (64 * KIB - len(body) - 2) + '"}'
    async with house.http() as http:
        headers = {"Content-Type": "application/json"}
        answer = await http.post("/passwordless/start", content=body, headers=headers)
    assert (len(body), answer.status_code) == (64 * KIB, 200)


async def test_h_01_a_thousand_fields_are_refused(house, log):
    fields = "&".join(f"field{number}=x" for number in range(1000))
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with house.http() as http:
        answer = await http.post("/oauth/token", content=fields, headers=headers)
        assert_refused(answer, 400, "invalid_request", log)
        answer = await http.get(f"/authorize?{fields}")
        assert answer.status_code == 400


@pytest.mark.parametrize("broken", ["email=%ff", "email=%ed%a0%80", "email=\udcff", "a=%00"])
async def test_h_01_fields_that_are_no_text_are_refused(house, log, broken):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    content = broken.encode("utf-8", "surrogateescape")
    async with house.http() as http:
        answer = await http.post("/oauth/token", content=content, headers=headers)
    assert_refused(answer, 400, "invalid_request", log)


def test_h_01_an_endless_body_is_cut(server):
    request = f"{START}Transfer-Encoding: chunked\r\n\r\n".encode()
    began = time.monotonic()
    answer = spoken(
        server, request + b"1000\r\n" + b"x" * 4096 + (b"\r\n1000\r\n" + b"x" * 4096) * 40
    )
    assert status(answer) == 413
    assert time.monotonic() - began < 2


def test_h_01_a_body_that_is_announced_too_large_is_not_read(server):
    answer = spoken(server, f"{START}Content-Length: 100000000\r\n\r\n{{".encode())
    assert status(answer) == 413


@pytest.mark.parametrize("size", [17 * KIB, 200 * KIB])
def test_h_01_headers_over_16_kilobytes_are_refused(server, size):
    request = f"GET /help HTTP/1.1\r\nHost: a\r\nX-Padding: {'x' * size}\r\n\r\n"
    assert status(spoken(server, request.encode())) in ((431,) if size < 64 * KIB else (0, 400))


async def test_h_01_headers_over_16_kilobytes_are_refused_in_the_caller_s_dialect(house, log):
    async with house.http(**{"X-Padding": "x" * 16 * KIB}) as http:
        answer = await http.post("/passwordless/start", json={})
        assert_refused(answer, 431, "bad.request", log)
        answer = await http.post("/oauth/token", data={})
        assert_refused(answer, 431, "invalid_request", log)
        assert_refused_page(Page(await http.get("/help")), 431, log)
        assert_refused_page(Page(await http.get("/nothing")), 431, log)
        assert (await http.get("/livez")).status_code == 431


def test_h_01_thousands_of_headers_are_refused(server):
    lines = "".join(f"X-{number}: {'x' * 20}\r\n" for number in range(2000))
    assert status(spoken(server, f"GET /help HTTP/1.1\r\nHost: a\r\n{lines}\r\n".encode())) in (
        400,
        431,
    )


def test_h_01_a_request_line_over_16_kilobytes_is_refused(server):
    request = f"GET /help?{'x' * 17 * KIB} HTTP/1.1\r\nHost: a\r\n\r\n"
    assert status(spoken(server, request.encode())) in (400, 414, 431)


BAD_FRAMES = {
    "length and chunks": f"{FORM}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": f"{FORM}Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
    "a folded header": f"{FORM}X-Folded: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "an unknown coding": f"{FORM}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "bare line feeds": "GET /help HTTP/1.1\nHost: a\n\n",
    "a length with a sign": f"{FORM}Content-Length: +5\r\n\r\nabcde",
    "a space before the colon": "GET /help HTTP/1.1\r\nHost : a\r\n\r\n",
    "another protocol": "EHLO mallory\r\n\r\n",
    "control characters": "GET /he\x01lp HTTP/1.1\r\nHost: a\r\n\r\n",
    "a null in a header": "GET /help HTTP/1.1\r\nHost: a\r\nX-Null: a\x00b\r\n\r\n",
}


@pytest.mark.parametrize("frame", BAD_FRAMES)
def test_h_02_a_request_out_of_frame_is_refused_and_cut(server, frame):
    answer = spoken(server, BAD_FRAMES[frame].encode("latin-1"))
    assert status(answer) in (0, 400, 405, 501), answer
    assert b"200 OK" not in answer


def test_h_02_what_follows_a_refused_frame_is_not_answered(server):
    smuggled = "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"
    answer = spoken(server, (BAD_FRAMES["length and chunks"] + smuggled).encode())
    assert b'"ok"' not in answer


@pytest.mark.parametrize(
    "head",
    [
        "GET /help HTTP/1.1\r\nHost: a\r\nHost: evil.test\r\n\r\n",
        "GET http://evil.test/help HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET //evil.test/help HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\\evil.test HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n",
    ],
)
def test_m_06_no_spelling_of_host_or_path_leads_anywhere_else(server, head):
    answer = spoken(server, head.encode())
    assert status(answer) in (200, 303, 400, 404, 421)
    for line in answer.split(b"\r\n"):
        assert not (line.lower().startswith(b"location:") and b"evil" in line)
    assert b'="http://evil' not in answer
    assert b'="//evil' not in answer


def test_m_06_an_absolute_form_start_mails_the_configured_origin(server):
    body = (
        f'{{"client_id":"acme-web","client_secret":"{SECRET}","connection":"email",'
        '"email":"alice@example.com","send":"link"}'
    )
    head = START.replace("/passwordless", "http://evil.test/passwordless")
    answer = spoken(server, f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
    if status(answer) == 200:
        assert server.mail.wait_for("alice@example.com").link.startswith(server.url + "/l/")
    assert status(answer) in (200, 400, 404, 421)


def test_the_server_says_neither_its_name_nor_its_version(server):
    answer = spoken(server, b"GET /help HTTP/1.1\r\nHost: a\r\n\r\n")
    head = answer.partition(b"\r\n\r\n")[0].lower()
    assert b"\r\nserver:" not in head
    assert b"x-powered-by" not in head
    assert b"uvicorn" not in answer.lower()


def test_trace_is_not_echoed(server):
    answer = spoken(server, b"TRACE /help HTTP/1.1\r\nHost: a\r\nX-Secret: s3cret\r\n\r\n")
    assert status(answer) == 405
    assert b"s3cret" not in answer
