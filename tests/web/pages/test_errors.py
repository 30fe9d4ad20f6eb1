"""The pages' dialect: words, never codes."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest
from starlette.requests import Request

from latchstring.base.errors import (
    AppError,
    ChallengeRefused,
    ClientRefused,
    Forbidden,
    InvalidRequest,
    NotFound,
    TooManyRequests,
    Unavailable,
)
from latchstring.base.origin import Origin
from latchstring.flows.resume_authorization import AuthorizationOver, FindAuthorization
from latchstring.web.http.form_guard import ForeignForm
from latchstring.web.http.parameters import BodyTooLarge, HeadersTooLarge, UnsupportedBody
from latchstring.web.http.surface import WrongMethod
from latchstring.web.pages.desk import CookieMissing
from latchstring.web.pages.errors import PageErrors, status_of
from tests.support.house import LOGIN, START_OF_TIME, House, Page
from tests.support.refusals import assert_refused_page

LIMIT = TooManyRequests("starts_per_address", allowed=50, until=START_OF_TIME + timedelta(hours=1))
ERRORS: list[tuple[AppError, int]] = [
    (InvalidRequest(), 400),
    (BodyTooLarge(), 413),
    (HeadersTooLarge(), 431),
    (UnsupportedBody(), 415),
    (WrongMethod("GET"), 405),
    (CookieMissing(), 400),
    (AuthorizationOver(), 400),
    (ClientRefused(), 403),
    (ChallengeRefused(), 403),
    (Forbidden(), 403),
    (ForeignForm(), 403),
    (NotFound(), 404),
    (LIMIT, 429),
    (Unavailable(), 503),
    (AppError(), 500),
]


def a_request() -> Request:
    request = Request({"type": "http", "headers": [], "state": {}, "path": "/"})
    request.state.origin = Origin(ip="192.0.2.7", request_id="req_1")
    return request


def errors_of(house: House) -> PageErrors:
    handler = house.application.fallback.on_error
    assert isinstance(handler, PageErrors)
    return handler


@pytest.mark.parametrize(("error", "status"), ERRORS, ids=lambda found: type(found).__name__)
async def test_every_error_is_a_page_in_words(house, error, status):
    answer = errors_of(house)(a_request(), error)
    assert answer.status_code == status == status_of(error)
    page = Page(httpx2.Response(status, content=bytes(answer.body)))
    assert page.heading
    assert "req_1" in page.text
    assert "_" not in page.text.replace("req_1", "")


async def test_a_private_detail_is_not_shown(house):
    answer = errors_of(house)(a_request(), InvalidRequest(detail="the reason why"))
    assert "the reason" not in bytes(answer.body).decode()


async def test_a_limit_says_when_to_come_back(house):
    answer = errors_of(house)(a_request(), LIMIT)
    assert int(answer.headers["retry-after"]) in (3600, 3601)
    assert "10:30" in bytes(answer.body).decode()


async def test_trouble_of_ours_says_when_to_come_back(house, monkeypatch):
    async def fail(*_: object) -> Any:
        raise Unavailable(detail="disk full")

    browser = house.browser()
    page = await browser.authorize()
    monkeypatch.setattr(FindAuthorization, "__call__", fail)
    page = await browser.get(page.url)
    assert_refused_page(page, 503)
    assert page.response.headers["retry-after"] == "2"
    assert "disk" not in page.text


async def test_a_bug_of_ours_is_a_page_with_its_reference(house, monkeypatch, log):
    async def crash(*_: object) -> Any:
        message = "secret reason"
        raise RuntimeError(message)

    browser = house.browser()
    page = await browser.authorize()
    monkeypatch.setattr(FindAuthorization, "__call__", crash)
    page = await browser.get(page.url)
    assert_refused_page(page, 500, log)
    assert "secret" not in page.text


async def test_a_sign_in_that_is_over_leads_back_to_the_application(house):
    browser = house.browser()
    page = await browser.authorize()
    house.clock.advance(31 * 60)
    page = await browser.get(page.url)
    assert_refused_page(page, 400)
    assert LOGIN in page.response.text


async def test_a_sign_in_of_nobody_s_leads_nowhere(house):
    browser = house.browser()
    await browser.authorize()
    page = await browser.get("/sign-in/auth_00000000000000000000000000")
    assert_refused_page(page, 400)
    assert LOGIN not in page.response.text


async def test_a_browser_without_cookies_is_told_so(house):
    page = await house.browser().get((await house.browser().authorize()).url)
    assert_refused_page(page, 400)
    assert "cookie" in page.text.lower()
