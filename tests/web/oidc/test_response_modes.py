"""How answers and refusals travel: query, fragment, form and message."""

import json
import re

import pytest

from tests.support.provider import CALLBACK, CHALLENGE, ISSUER, a_client, fragment, query, where

SPA = "acme-spa"


def message(response) -> dict:
    """What the page posts, as a script's reader would have it."""
    assert response.status_code == 200
    found = re.search(r"const message = (.*);", response.text)
    assert found is not None
    posted = json.loads(found[1])
    assert posted.keys() == {"type", "response"}
    assert posted["type"] == "authorization_response"
    return posted["response"]


async def test_a_code_travels_in_a_fragment_where_that_is_asked_for(browser):
    await browser.sign_in()

    response = await browser.authorize(response_mode="fragment")

    assert response.headers["location"].startswith(f"{CALLBACK}#")
    assert fragment(response).keys() == {"code", "state", "iss"}
    assert fragment(response)["iss"] == ISSUER


async def test_a_code_travels_in_a_form_where_that_is_asked_for(browser, provider):
    await browser.sign_in()

    await browser.authorize(response_mode="form_post")

    seen = provider.pages.seen
    assert (seen["action"], seen["client"].client_id) == (CALLBACK, "acme-web")
    assert seen["fields"].keys() == {"code", "state", "iss"}
    assert (seen["fields"]["state"], seen["fields"]["iss"]) == ("s 1&", ISSUER)


async def test_a_code_travels_in_a_message_where_that_is_asked_for(browser):
    await browser.sign_in()

    response = await browser.authorize(response_mode="web_message", prompt="none")

    answer = message(response)
    assert answer.keys() == {"code", "state", "iss"}
    assert (answer["state"], answer["iss"]) == ("s 1&", ISSUER)
    assert 'postMessage(message, "https://app.test")' in response.text


@pytest.mark.parametrize("mode", ["query", "fragment", "form_post", "web_message"])
async def test_o10_a_refusal_travels_as_the_answer_would_and_names_us(browser, provider, mode):
    response = await browser.authorize(response_mode=mode, prompt="none")

    readers = {"query": query, "fragment": fragment, "web_message": message}
    told = readers[mode](response) if mode in readers else provider.pages.seen["fields"]
    assert told.keys() == {"error", "error_description", "state", "iss"}
    assert (told["error"], told["state"], told["iss"]) == ("login_required", "s 1&", ISSUER)


@pytest.mark.parametrize("mode", ["query", "fragment", "form_post", "web_message"])
async def test_the_answer_after_a_sign_in_travels_as_it_was_asked_for(browser, provider, mode):
    waiting = where(await browser.authorize(response_mode=mode))
    provider.clock.advance(20)
    await browser.sign_in()

    response = await browser.http.get(waiting.replace("/sign-in/", "/authorize/resume/"))

    readers = {"query": query, "fragment": fragment, "web_message": message}
    told = readers[mode](response) if mode in readers else provider.pages.seen["fields"]
    assert told.keys() == {"code", "state", "iss"}


async def test_a_message_goes_to_the_bare_origin_that_sdks_name(browser, provider):
    await browser.sign_in()
    for uri in ("https://app.test", "https://app.test/"):
        response = await browser.authorize(response_mode="web_message", redirect_uri=uri)
        assert message(response)["code"]
        assert 'postMessage(message, "https://app.test")' in response.text

        elsewhere = await browser.authorize(redirect_uri=uri)
        assert elsewhere.status_code == 400, "a redirect still needs a registered callback"


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.test",
        "https://app.test.evil.test",
        "https://app.test@evil.test",
        "https://evil.test\\@app.test",
        "https://app.test//",
        "https://app.test/other",
        "http://app.test",
        "null",
        "",
    ],
)
async def test_a_02_a_message_goes_to_no_other_origin(browser, uri):
    await browser.sign_in()

    response = await browser.authorize(response_mode="web_message", redirect_uri=uri)

    assert response.status_code == 400
    assert "postMessage" not in response.text


async def test_a_19_the_message_page_alone_may_be_framed_and_by_its_origin_alone(browser):
    await browser.sign_in()

    response = await browser.authorize(response_mode="web_message")

    policy = response.headers["content-security-policy"]
    assert "frame-ancestors https://app.test" in policy
    assert "default-src 'none'" in policy
    assert "x-frame-options" not in response.headers
    nonce = re.search(r"'nonce-([\w-]+)'", policy)
    assert nonce is not None
    assert f'<script nonce="{nonce[1]}">' in response.text
    assert response.headers["cache-control"] == "no-store"


async def test_nothing_that_came_ends_the_messages_script(browser):
    state = "</script><script>alert(1)</script>\u2028&'\""
    await browser.sign_in()

    response = await browser.authorize(response_mode="web_message", state=state)

    assert response.text.count("<script") == 1
    assert response.text.count("</script>") == 1
    assert message(response)["state"] == state


async def test_the_message_page_sets_no_cookie_and_needs_none(browser):
    response = await browser.authorize(response_mode="web_message", prompt="none")

    assert message(response)["error"] == "login_required"
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize("mode", ["form_post", "web_message"])
async def test_an_installed_application_takes_no_form_and_no_message(browser, provider, mode):
    scheme = "com.acme.app:/cb"
    provider.clients[SPA] = a_client(SPA, secret_digest=None, callbacks=(scheme,), native=True)

    response = await browser.authorize(client_id=SPA, redirect_uri=scheme, response_mode=mode)

    assert response.headers["location"].startswith(f"{scheme}?error=invalid_request&")


async def test_a_client_that_lost_its_origin_meanwhile_is_told_nothing(browser, provider):
    origin = "https://app.test"
    waiting = where(await browser.authorize(response_mode="web_message", redirect_uri=origin))
    provider.clients["acme-web"] = a_client(web_origins=())
    provider.clock.advance(20)
    await browser.sign_in()

    response = await browser.http.get(waiting.replace("/sign-in/", "/authorize/resume/"))

    assert (response.status_code, response.text) == (400, "sign-in over")


async def test_a_wrong_challenge_is_refused_in_every_mode_alike(browser):
    response = await browser.authorize(
        response_mode="web_message", code_challenge=CHALLENGE[:10], redirect_uri="https://app.test"
    )

    assert message(response)["error"] == "invalid_request"
