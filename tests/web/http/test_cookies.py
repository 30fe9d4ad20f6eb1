"""The three cookies."""

from datetime import timedelta

import pytest
from starlette.requests import Request
from starlette.responses import Response

from latchstring.web.http.cookies import Cookies

PLAIN = Cookies(secure=False, session_lifetime=timedelta(days=7), known_lifetime=timedelta(180))
SECURE = Cookies(secure=True, session_lifetime=timedelta(days=7), known_lifetime=timedelta(180))


def a_request(*cookies: str) -> Request:
    raw = [(b"cookie", value.encode("latin-1")) for value in cookies]
    return Request({"type": "http", "headers": raw})


def test_each_cookie_is_read_by_its_name():
    request = a_request("a=b; latchstring_browser=B; latchstring_session=S; latchstring_known=K")
    assert (PLAIN.browser(request), PLAIN.session(request), PLAIN.known(request)) == ("B", "S", "K")


def test_without_cookies_there_is_nobody():
    request = a_request()
    assert (PLAIN.browser(request), PLAIN.session(request), PLAIN.known(request)) == (
        None,
        None,
        "",
    )


@pytest.mark.parametrize(
    "cookies",
    [
        ["latchstring_session=S; latchstring_session=S"],
        ["latchstring_session=S; latchstring_session=T"],
        ["latchstring_session=S", "latchstring_session=T"],
        ["latchstring_session="],
        ["latchstring_session"],
        ["latchstring_session=" + "x" * 1025],
        ["latchstring_session=na\u00efve"],
        ["Latchstring_session=S"],
        ["__Host-latchstring_session=S"],
        ["latchstring_session_=S"],
    ],
)
def test_a_cookie_that_is_doubtful_is_none(cookies):
    assert PLAIN.session(a_request(*cookies)) is None


def test_over_https_only_the_name_that_nobody_else_can_set_counts():
    request = a_request("latchstring_session=planted; __Host-latchstring_session=S")
    assert SECURE.session(request) == "S"
    assert SECURE.session(a_request("latchstring_session=planted")) is None


def lines(response: Response) -> list[str]:
    return [v.decode().lower() for name, v in response.raw_headers if name == b"set-cookie"]


def test_cookies_over_https_are_bound_as_tightly_as_browsers_can():
    response = Response()
    SECURE.set_browser(response, "B")
    SECURE.set_session(response, "S")
    SECURE.set_known(response, "K")
    names = [line.partition("=")[0] for line in lines(response)]
    assert names == [
        "__host-latchstring_browser",
        "__host-latchstring_session",
        "__host-latchstring_known",
    ]
    ages = [86400, 7 * 86400, 180 * 86400]
    for line, age in zip(lines(response), ages, strict=True):
        assert {"secure", "httponly", "samesite=lax", "path=/", f"max-age={age}"} <= set(
            line.split("; ")
        )


def test_signing_out_leaves_the_browser_known():
    response = Response()
    PLAIN.clear_session(response)
    (line,) = lines(response)
    assert line.startswith('latchstring_session="";')
    assert "max-age=0" in line
    assert "secure" not in line


@pytest.mark.parametrize(
    ("secure", "cross_site", "same_site"),
    [(True, True, "none"), (True, False, "lax"), (False, True, "lax")],
)
def test_a_session_shows_on_other_sites_where_that_is_set_and_https_carries_it(
    secure, cross_site, same_site
):
    cookies = Cookies(secure, timedelta(days=7), timedelta(days=180), cross_site)
    response = Response()

    cookies.set_session(response, "token")
    cookies.clear_session(response)
    cookies.set_browser(response, "browser")

    *session, browser = response.headers.getlist("set-cookie")
    assert all(f"SameSite={same_site}" in written for written in session)
    assert "SameSite=lax" in browser
