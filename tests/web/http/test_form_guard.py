"""Only our own pages may post our forms."""

import pytest
from starlette.requests import Request

from latchstring.base.secrets import Keyring
from latchstring.web.http.form_guard import ForeignForm, FormGuard
from latchstring.web.http.parameters import Parameters

ORIGIN = "https://auth.acme.example"
OLD, NEW = b"o" * 32, b"n" * 32


@pytest.fixture
def guard() -> FormGuard:
    return FormGuard(Keyring({1: OLD, 2: NEW}), ORIGIN)


def check(guard: FormGuard, token: str | None, binding: str = "browser", **headers: str) -> None:
    raw = [(name.replace("_", "-").encode(), v.encode()) for name, v in headers.items()]
    request = Request({"type": "http", "headers": raw})
    form = Parameters({"csrf": (token,)} if token is not None else {})
    guard.check(request, form, binding)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": ORIGIN},
        {"sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "same-origin", "origin": "null"},
    ],
)
def test_our_own_page_s_form_is_taken(guard, headers):
    check(guard, guard.token("browser"), **headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "null"},
        {"origin": "https://evil.test"},
        {"origin": ORIGIN + ":443"},
        {"origin": ORIGIN.upper()},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site", "origin": ORIGIN},
        {"sec_fetch_site": "none"},
        {"sec_fetch_site": ""},
    ],
)
def test_a_form_from_elsewhere_is_refused_whatever_it_brings(guard, headers):
    with pytest.raises(ForeignForm):
        check(guard, guard.token("browser"), **headers)


@pytest.mark.parametrize("token", [None, "", "2", "2.", "x.y", "3.AAAA", "2.é", "-1.x", "²."])
def test_a_form_without_our_token_is_refused(guard, token):
    with pytest.raises(ForeignForm):
        check(guard, token)


def test_a_token_is_for_one_binding_only(guard):
    with pytest.raises(ForeignForm):
        check(guard, guard.token("another"))


def test_a_token_of_an_older_key_still_counts(guard):
    check(guard, FormGuard(Keyring({1: OLD}), ORIGIN).token("browser"))


def test_a_token_of_a_key_that_is_gone_does_not(guard):
    with pytest.raises(ForeignForm):
        check(FormGuard(Keyring({2: NEW}), ORIGIN), FormGuard(Keyring({1: OLD}), ORIGIN).token("b"))
