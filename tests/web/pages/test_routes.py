"""The pages' paths."""

import re

import pytest

from tests.support.house import ORIGIN
from tests.support.refusals import assert_refused_page


async def test_the_first_path_leads_to_the_help(house):
    page = await house.browser().get("/")
    assert (page.status, page.url) == (200, ORIGIN + "/help")
    assert page.heading


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/sign-in",
        "/sign-in/auth_x/other",
        "/sign-in/auth_x/code/more",
        "/static/",
        "/static/../pages.css",
        "/l/x/y",
        "/index.php",
        "/%2e%2e/etc/passwd",
        "/signed-in",
    ],
)
async def test_a_path_of_nobody_is_a_page_that_says_so(house, path, log):
    page = await house.browser().get(path)
    assert_refused_page(page, 404, log)


async def test_any_method_on_a_path_of_nobody_is_not_found(house):
    async with house.http() as http:
        for method in ("POST", "PUT", "OPTIONS", "HEAD"):
            assert (await http.request(method, "/nothing")).status_code == 404


async def test_a_file_is_served_under_its_hash_alone(house):
    page = await house.browser().get("/help")
    paths = re.findall(r'"(/static/[^"]+)"', page.response.text)
    assert paths
    async with house.http() as http:
        for path in paths:
            answer = await http.get(path)
            assert answer.status_code == 200
            assert "immutable" in answer.headers["cache-control"]
        assert (await http.get("/static/pages.000000000000.css")).status_code == 404


@pytest.mark.parametrize("action", ["continue", "again"])
async def test_opening_a_form_s_address_leads_to_the_page_it_stands_on(house, action):
    browser = house.browser()
    page = await browser.authorize()
    opened = await browser.get(f"{page.url}/{action}")
    assert (opened.status, opened.url) == (200, page.url)


async def test_opening_a_press_s_address_leads_to_the_link(house):
    await house.start(send="link")
    link = await house.link()
    for action in ("/code", "/not-me"):
        assert (await house.browser().get(link + action)).url == link


@pytest.mark.parametrize("path", ["status", "nothing-arrived"])
async def test_posting_to_a_page_without_a_form_is_refused(house, path, log):
    browser = house.browser()
    page = await browser.authorize()
    answer = await browser.post(page, f"{page.url}/{path}")
    assert_refused_page(answer, 405, log)
    assert answer.response.headers["allow"] == "GET"


async def test_an_address_with_strange_characters_leads_nowhere_else(house):
    async with house.http() as http:
        answer = await http.get("/l/%0d%0aSet-Cookie:%20a=b/code")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/l/%0D%0ASet-Cookie%3A%20a%3Db"
