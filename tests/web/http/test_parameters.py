"""Parameters of queries, forms and JSON bodies, read strictly."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from starlette.requests import Request

from latchstring.base.errors import InvalidRequest
from latchstring.web.http.parameters import (
    FORM,
    JSON,
    LARGEST_BODY,
    BodyTooLarge,
    Parameters,
    UnsupportedBody,
    read_body,
    read_json,
)


def a_request(
    body: bytes | list[bytes] = b"", *, kind: str = FORM, query: str = "", **headers: str
) -> Request:
    chunks = [body] if isinstance(body, bytes) else body
    waiting = [
        {"type": "http.request", "body": chunk, "more_body": position < len(chunks) - 1}
        for position, chunk in enumerate(chunks)
    ]

    async def receive() -> Any:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    raw = [(b"content-type", kind.encode())] if kind else []
    raw += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "headers": raw, "query_string": query.encode("latin-1")}
    return Request(scope, receive)


def from_query(query: str) -> Parameters:
    return Parameters.from_query(a_request(query=query))


def test_a_query_is_decoded_once():
    found = from_query("a=1&b=%2B44+7&c=%C3%A9&d=%2526")
    assert [found.one(name) for name in "abcd"] == ["1", "+44 7", "é", "%26"]
    assert found.names == {"a", "b", "c", "d"}


@pytest.mark.parametrize("query", ["", "x", "x=", "x=&y=1", "X=1"])
def test_absent_and_empty_are_one(query):
    assert from_query(query).one("x") is None


@pytest.mark.parametrize("query", ["a=1&a=2", "a=1&a=1", "a=&a=1", "a&a"])
def test_a_parameter_that_comes_twice_is_refused_where_it_is_read(query):
    found = from_query(query + "&b=1")
    assert found.one("b") == "1"
    with pytest.raises(InvalidRequest, match="came more than once") as caught:
        found.one("a")
    assert caught.value.field == "a"


@pytest.mark.parametrize("query", ["a=%ff", "a=%ed%a0%80", "a=é", "&".join(["a=1"] * 101)])
def test_what_cannot_be_read_is_refused(query):
    with pytest.raises(InvalidRequest, match="cannot be read"):
        from_query(query)


def test_a_null_character_is_refused_by_name():
    with pytest.raises(InvalidRequest) as caught:
        from_query("a=x%00y")
    assert caught.value.field == "a"


async def test_a_form_is_read_as_a_form_only():
    found = await Parameters.from_form(a_request(b"a=1&b=x+y"))
    assert (found.one("a"), found.one("b")) == ("1", "x y")
    for kind in (JSON, "text/plain", "multipart/form-data; boundary=x", ""):
        with pytest.raises(UnsupportedBody):
            await Parameters.from_form(a_request(b"a=1", kind=kind))


async def test_a_charset_beside_the_type_changes_nothing():
    kind = "Application/X-WWW-Form-Urlencoded; charset=UTF-8"
    assert (await Parameters.from_form(a_request(b"a=1", kind=kind))).one("a") == "1"


async def test_a_body_may_be_a_form_or_json():
    form = await Parameters.from_body(a_request(b"a=1"))
    json = await Parameters.from_body(a_request(b'{"a":"1","b":null,"c":""}', kind=JSON))
    assert form.one("a") == json.one("a") == "1"
    assert (json.one("b"), json.one("c"), json.one("d")) == (None, None, None)


@pytest.mark.parametrize("value", ["1", "true", "[]", "{}", "1.5", '["a"]', '"\\u0000"'])
async def test_a_json_member_that_is_no_text_is_refused_by_name(value):
    with pytest.raises(InvalidRequest) as caught:
        await Parameters.from_body(a_request(f'{{"a":{value}}}'.encode(), kind=JSON))
    assert caught.value.field == "a"


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"x"', b"{", b"\xff", b"[" * 9999])
async def test_json_that_is_no_object_is_refused(body):
    with pytest.raises(InvalidRequest, match="The body"):
        await read_json(a_request(body, kind=JSON))


async def test_json_under_another_name_is_not_read():
    with pytest.raises(UnsupportedBody):
        await read_json(a_request(b"{}", kind="text/plain"))


async def test_a_body_is_read_to_its_bound():
    whole = b"x" * LARGEST_BODY
    assert await read_body(a_request([whole[:9], whole[9:]])) == whole


async def test_a_body_over_its_bound_is_left_unread():
    request = a_request([b"x" * LARGEST_BODY, b"x", b"x" * LARGEST_BODY])
    with pytest.raises(BodyTooLarge):
        await read_body(request)


@pytest.mark.parametrize("announced", [str(LARGEST_BODY + 1), "9" * 5000])
async def test_a_body_that_announces_more_is_not_read_at_all(announced):
    async def never() -> AsyncGenerator[bytes, None]:
        raise AssertionError
        yield b""

    request = a_request(content_length=announced)
    request.stream = never  # type: ignore[method-assign]  # nobody may read
    with pytest.raises(BodyTooLarge):
        await read_body(request)


@pytest.mark.parametrize("announced", ["x", "-1", "", "5"])
async def test_any_other_announcement_is_left_to_the_server(announced):
    assert await read_body(a_request(b"a=1", content_length=announced)) == b"a=1"


async def test_a_client_that_goes_away_leaves_nothing_half_read():
    async def gone() -> Any:
        return {"type": "http.disconnect"}

    request = Request({"type": "http", "headers": []}, gone)
    with pytest.raises(InvalidRequest):
        await read_body(request)
