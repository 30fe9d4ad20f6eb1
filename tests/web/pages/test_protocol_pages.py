"""Pages that the protocol surface asks for."""

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.origin import Origin
from latchstring.web.http.sentence import gettext
from latchstring.web.oidc.pages import DeveloperDetail
from latchstring.web.pages.protocol_pages import ProtocolPages
from tests.support.house import CALLBACK, LOGIN, House, Page
from tests.support.refusals import assert_refused_page

SENTENCE = gettext("This can't be done.")
DETAIL = DeveloperDetail(
    summary="This redirect_uri is not registered.",
    parameter="redirect_uri",
    came="https://acme.example/other",
    registered=(CALLBACK,),
)


def a_request() -> Request:
    request = Request({"type": "http", "headers": [], "state": {}, "path": "/"})
    request.state.origin = Origin(ip="192.0.2.7", request_id="req_1")
    return request


def shown(response: Response) -> Page:
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    body = bytes(response.body)
    found = httpx2.Response(
        response.status_code, content=body, headers={**headers, "X-Request-Id": "req_1"}
    )
    return Page(found)


@pytest.fixture
def pages(house: House) -> ProtocolPages:
    desk = house.application.fallback.on_error.desk  # type: ignore[attr-defined]  # the pages' own
    return ProtocolPages(desk)


@pytest.fixture
def acme(house: House):
    return house.installation.configuration.current.clients["acme-web"]


async def test_an_error_is_one_sentence_without_details(pages, acme):
    page = shown(pages.error(a_request(), SENTENCE, status=400, client=acme, developer=DETAIL))
    assert_refused_page(page, 400)
    assert "This can't be done." in page.text
    assert "acme.example/other" not in page.text
    assert LOGIN in page.response.text


async def test_an_error_of_no_application_leads_nowhere(pages):
    page = shown(pages.error(a_request(), SENTENCE, status=404))
    assert_refused_page(page, 404)
    assert LOGIN not in page.response.text


async def test_a_developer_sees_what_came_and_what_would_have_been_right(pages, acme):
    draws = ProtocolPages(pages.desk, for_developers=True)
    page = shown(draws.error(a_request(), SENTENCE, status=400, client=acme, developer=DETAIL))
    assert page.status == 400
    assert "https://acme.example/other" in page.text.replace(" ", "")
    assert "latchstring clients set acme-web" in page.text


@pytest.mark.parametrize(
    "detail",
    [
        DeveloperDetail(summary="No client.", parameter="client_id", came="nobody"),
        DeveloperDetail(summary="No address.", parameter="redirect_uri", came=""),
    ],
)
async def test_where_no_command_helps_none_is_shown(pages, acme, detail):
    draws = ProtocolPages(pages.desk, for_developers=True)
    for client in (acme, None):
        page = shown(
            draws.error(a_request(), SENTENCE, status=400, client=client, developer=detail)
        )
        assert detail.summary in page.text
        assert "latchstring clients set" not in page.text


async def test_a_sign_in_that_is_over_leads_back_where_a_way_is_known(pages, acme):
    assert LOGIN in shown(pages.sign_in_over(a_request(), client=acme)).response.text
    assert LOGIN not in shown(pages.sign_in_over(a_request(), client=None)).response.text


async def test_whoever_is_signed_out_is_told_and_led_back(pages, acme):
    url = "https://acme.example/bye"
    page = shown(pages.signed_out(a_request(), client=acme, return_url=url))
    assert url in page.response.text
    assert page.status == 200
    assert shown(pages.signed_out(a_request(), client=None, return_url=None)).heading


async def test_a_bug_of_ours_is_told_with_its_reference(pages):
    assert_refused_page(shown(pages.crashed(a_request())), 500)


@pytest.mark.parametrize("asked", [{"client_id": "acme-web"}, {}])
async def test_signing_out_is_asked_before_it_is_done(house, asked):
    browser = house.browser()
    page = await browser.ask()
    await browser.post(page, code=await house.code())
    response = await browser.http.get("/oidc/logout", params=asked)
    page = Page(response)
    assert page.status == 200
    assert "alice@example.com" in page.text
    assert page.csrf
    page = await browser.post(page)
    assert (await browser.authorize(prompt="none")).query["error"] == "login_required"


async def test_a_redirect_address_of_nobody_s_is_a_page_and_no_redirect(house, log):
    page = await house.browser().authorize(redirect_uri="https://evil.example/")
    assert_refused_page(page, 400, log)
    assert page.left_for == ""
    assert "evil" not in page.text
