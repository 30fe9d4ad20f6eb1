"""One door: dispatch, request ids, errors in the surface's dialect, logs."""

from typing import Any

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from latchstring.base.errors import AppError, InvalidRequest, NotFound
from latchstring.web.http.application import LARGEST_HEADERS, Application
from latchstring.web.http.language import Languages
from latchstring.web.http.origin import OriginReader
from latchstring.web.http.surface import Surface

ORIGIN = "https://acme.example"


async def hello(request: Request) -> Response:
    return PlainTextResponse(f"hello {request.state.origin.ip}")


async def refuse(_request: Request) -> Response:
    raise NotFound(detail="a private detail")


async def mistaken(_request: Request) -> Response:
    raise InvalidRequest("This is not what we want.", field="token")


async def crash(_request: Request) -> Response:
    message = "a bug"
    raise ValueError(message)


def told(name: str) -> Any:
    return lambda _request, error: PlainTextResponse(f"{name}: {error}", 400)


def crashed(name: str) -> Any:
    return lambda _request: PlainTextResponse(f"{name} crashed", 500)


def a_surface(name: str, **parts: Any) -> Surface:
    return Surface(name=name, on_error=told(name), on_crash=crashed(name), **parts)


@pytest.fixture
def application() -> Application:
    api = a_surface(
        "api",
        routes={
            "/hello": {"GET": hello, "POST": hello},
            "/refuse": {"POST": refuse},
            "/crash": {"GET": crash},
            "/mistaken": {"GET": mistaken},
        },
        prefixes={"/l/": {"GET": hello}, "/deep/er/": {"GET": hello}},
        may_read=lambda origin: origin == ORIGIN,
        cors_paths=frozenset({"/hello", "/refuse"}),
    )
    nobody = a_surface("nobody", routes={"*": {"GET": refuse}})
    return Application((api,), nobody, OriginReader((), Languages(frozenset({"en"}))))


@pytest.fixture
def http(application: Application) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=application, client=("192.0.2.7", 1))
    return httpx2.AsyncClient(transport=transport, base_url="http://test")


def test_one_path_has_one_owner():
    surfaces = [a_surface(name, routes={"/same": {"GET": hello}}) for name in ("one", "other")]
    reader = OriginReader((), Languages(frozenset()))
    with pytest.raises(ValueError, match="two surfaces want /same"):
        Application(surfaces, surfaces[0], reader)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/hello", 200),
        ("/hello?x=1", 200),
        ("/l/token", 200),
        ("/l/token/more/still", 200),
        ("/deep/er/x", 200),
        ("/hello/", 400),
        ("/Hello", 400),
        ("/l", 400),
        ("/deep/er", 400),
        ("/", 400),
        ("//hello", 400),
    ],
)
async def test_a_path_is_found_exactly_or_by_its_first_folders(http, path, status):
    assert (await http.get(path)).status_code == status


async def test_a_path_of_nobody_is_told_by_the_fallback(http):
    assert (await http.get("/nothing")).text.startswith("nobody: ")


async def test_head_is_answered_as_get(http):
    assert (await http.head("/hello")).status_code == 200


async def test_options_names_the_methods(http):
    answer = await http.options("/hello")
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, POST, HEAD")
    assert (await http.options("/refuse")).headers["allow"] == "POST"


async def test_a_wrong_method_is_refused_in_the_surface_s_dialect(http):
    answer = await http.put("/hello")
    assert answer.text.startswith("api: ")
    assert answer.headers["allow"] == "GET, POST, HEAD"
    assert (await http.get("/refuse")).headers["allow"] == "POST"


async def test_every_answer_has_a_request_id_that_the_log_knows(http, log):
    answers = [await http.get("/hello"), await http.post("/refuse"), await http.get("/crash")]
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert len(set(ids)) == 3
    told = {line["request_id"]: line for line in log if line["event"] == "request"}
    assert [told[request_id]["status"] for request_id in ids] == [200, 400, 500]
    assert told[ids[0]]["method"] == "GET"
    assert told[ids[0]]["path"] == "/hello"
    assert told[ids[0]]["milliseconds"] >= 0


async def test_a_caller_cannot_choose_the_request_id(http):
    answer = await http.get("/hello", headers={"X-Request-Id": "mine"})
    assert answer.headers["x-request-id"] != "mine"


async def test_a_private_detail_is_for_the_log_alone(http, log):
    answer = await http.post("/refuse")
    assert "private" not in answer.text
    assert [line["detail"] for line in log if line["event"] == "refused"] == ["a private detail"]


async def test_a_crash_is_told_without_its_reason(http, log):
    answer = await http.get("/crash")
    assert (answer.status_code, answer.text) == (500, "api crashed")
    assert [line["path"] for line in log if line["event"] == "crashed"] == ["/crash"]


async def test_no_answer_is_sniffed(http):
    assert (await http.get("/hello")).headers["x-content-type-options"] == "nosniff"


async def test_another_origin_reads_only_what_it_may(http):
    for origin, allowed in ((ORIGIN, ORIGIN), ("https://evil.test", None), ("null", None)):
        answer = await http.get("/hello", headers={"Origin": origin})
        assert answer.headers.get("access-control-allow-origin") == allowed
        assert answer.headers["vary"] == "Origin"
    elsewhere = await http.get("/l/x", headers={"Origin": ORIGIN})
    assert "access-control-allow-origin" not in elsewhere.headers
    assert "vary" not in elsewhere.headers


async def test_a_refusal_may_be_read_too(http):
    answer = await http.post("/refuse", headers={"Origin": ORIGIN})
    assert answer.headers["access-control-allow-origin"] == ORIGIN


async def test_a_page_may_read_when_to_come_back_and_what_to_ask_about(http):
    answer = await http.post("/refuse", headers={"Origin": ORIGIN})
    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert {"Retry-After", "X-RateLimit-Reset", "X-Request-Id", "WWW-Authenticate"} <= set(exposed)
    assert "access-control-expose-headers" not in (await http.post("/refuse")).headers


async def test_a_preflight_names_what_may_be_sent(http):
    answer = await http.options("/hello", headers={"Origin": ORIGIN})
    assert answer.status_code == 204
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "Authorization" in answer.headers["access-control-allow-headers"]
    plain = await http.options("/hello")
    assert "access-control-allow-methods" not in plain.headers


async def test_headers_beyond_their_bound_are_refused(http):
    answer = await http.get("/hello", headers={"X-Padding": "x" * LARGEST_HEADERS})
    assert answer.text.startswith("api: ")
    assert answer.headers["connection"] == "close"
    answer = await http.get("/hello?" + "x" * LARGEST_HEADERS)
    assert answer.text.startswith("api: ")


async def test_a_web_socket_is_not_answered(application):
    async def never(*_: object) -> Any:
        raise AssertionError

    await application({"type": "websocket"}, never, never)


async def test_a_client_without_an_address_counts_as_this_machine(application):
    transport = httpx2.ASGITransport(app=application, client=("nowhere", 1))
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as http:
        assert (await http.get("/hello")).text == "hello 127.0.0.1"


def test_an_error_of_no_family_is_an_error_too():
    assert str(AppError()) == "Something went wrong on our side."


async def test_the_log_says_why_and_never_with_what(http, log):
    await http.get("/mistaken?token=swordfish")

    (line,) = [line for line in log if line["event"] == "refused"]
    assert (line["reason"], line["field"]) == ("This is not what we want.", "token")
    assert "swordfish" not in str(line)
