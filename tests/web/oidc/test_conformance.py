"""The modules of the OpenID Foundation's basic and form post plans that concern ``/authorize``.

Each test is named after its module, so that a run of the suite can be read beside these.
"""

import json
import re
from dataclasses import replace

import pytest

from latchstring.base.ids import ClientId
from tests.support.provider import (
    CALLBACK,
    CHALLENGE,
    ISSUER,
    VERIFIER,
    Browser,
    Provider,
    a_client,
    basic,
    query,
    where,
)

SECRET_OF = basic("acme-web", "a-secret-of-at-least-32-characters!!")


@pytest.fixture(params=["query", "form_post"])
def mode(request) -> str:
    """Both plans run the same modules."""
    return str(request.param)


@pytest.fixture(autouse=True)
def _as_the_suite_registers(provider: Provider) -> None:
    """The suite's clients of the basic plan know no PKCE, and have two callbacks."""
    provider.clients["acme-web"] = a_client(
        require_pkce=False, callbacks=(CALLBACK, f"{CALLBACK}?dummy1=lorem&dummy2=ipsum")
    )


class Suite:
    """The suite's side: a browser and a server of its own."""

    def __init__(self, browser: Browser, application: Browser, mode: str) -> None:
        self.browser, self.application, self.mode = browser, application, mode
        self.provider = browser.provider

    async def ask(self, **changes: str | None):
        plain: dict[str, str | None] = {"code_challenge": None, "code_challenge_method": None}
        wanted = {"response_mode": self.mode, "scope": "openid", "nonce": "n-1"}
        return await self.browser.authorize(**plain | wanted | changes)

    async def answer(self, **changes: str | None) -> dict[str, str]:
        return self.read(await self.ask(**changes))

    def read(self, response) -> dict[str, str]:
        """What comes back at the callback."""
        if self.mode == "query":
            told = query(response)
        else:
            assert response.text == "post back"
            assert self.provider.pages.seen["action"].startswith(CALLBACK)
            told = dict(self.provider.pages.seen["fields"])
        assert told["iss"] == ISSUER
        assert told["state"] == "s 1&"
        return told

    async def after_sign_in(self, response) -> dict[str, str]:
        """Sign in on the page that came, and read what comes back."""
        waiting = where(response)
        assert waiting.startswith("/sign-in/")
        self.provider.clock.advance(5)
        await self.browser.sign_in()
        return self.read(
            await self.browser.http.get(waiting.replace("/sign-in/", "/authorize/resume/"))
        )

    async def tokens(self, answer: dict[str, str], **changes: str | None):
        return await self.application.token(code=answer["code"], code_verifier=None, **changes)

    async def refresh(self, client_id: str, token: str):
        form = {"grant_type": "refresh_token", "refresh_token": token, "scope": None}
        return await self.application.token(
            **form, client_id=client_id, redirect_uri=None, code_verifier=None
        )

    async def claims(self, answer: dict[str, str]) -> dict[str, object]:
        response = await self.tokens(answer)
        assert response.status_code == 200, response.text
        return self.provider.claims(response.json()["id_token"])


@pytest.fixture
def suite(browser, application, mode) -> Suite:
    return Suite(browser, application, mode)


async def test_oidcc_server(suite):
    claims = await suite.claims(await suite.after_sign_in(await suite.ask()))

    assert claims["nonce"] == "n-1"


async def test_oidcc_response_type_missing(suite):
    await suite.browser.sign_in()

    assert (await suite.answer(response_type=None))["error"] in (
        "invalid_request",
        "unsupported_response_type",
    )


async def test_oidcc_ensure_registered_redirect_uri(suite):
    response = await suite.ask(redirect_uri=f"{CALLBACK}/other")

    assert (response.status_code, "location" in response.headers) == (400, False)


async def test_oidcc_redirect_uri_query_ok(suite):
    await suite.browser.sign_in()
    registered = f"{CALLBACK}?dummy1=lorem&dummy2=ipsum"

    answer = await suite.answer(redirect_uri=registered)

    assert (await suite.tokens(answer, redirect_uri=registered)).status_code == 200
    if suite.mode == "query":
        assert (answer["dummy1"], answer["dummy2"]) == ("lorem", "ipsum")
    else:
        assert suite.provider.pages.seen["action"] == registered


@pytest.mark.parametrize(
    "tail", ["?dummy1=lorem", "?foo=bar", "?dummy1=lorem&dummy2=ipsum&foo=bar"]
)
async def test_oidcc_redirect_uri_query_mismatch_and_added(suite, tail):
    response = await suite.ask(redirect_uri=f"{CALLBACK}{tail}")

    assert (response.status_code, "location" in response.headers) == (400, False)


async def test_oidcc_redirect_uri_regfrag(suite):
    assert (await suite.ask(redirect_uri=f"{CALLBACK}#foobar")).status_code == 400


@pytest.mark.parametrize("scope", ["profile", "email", "phone"])
async def test_oidcc_scope_single(suite, scope):
    await suite.browser.sign_in()

    assert (await suite.answer(scope=f"openid {scope}"))["code"]


async def test_oidcc_scope_address_and_all(suite):
    await suite.browser.sign_in()

    tokens = await suite.tokens(await suite.answer(scope="openid profile email address phone"))

    assert tokens.json()["scope"] == "openid profile email phone"


async def test_oidcc_ensure_other_scope_order_succeeds(suite):
    await suite.browser.sign_in()

    assert "sub" in await suite.claims(await suite.answer(scope="email openid"))


@pytest.mark.parametrize("display", ["page", "popup", "touch", "wap"])
async def test_oidcc_display(suite, display):
    assert (await suite.after_sign_in(await suite.ask(display=display)))["code"]


async def test_oidcc_prompt_login(suite):
    first = await suite.claims(await suite.after_sign_in(await suite.ask()))
    suite.provider.clock.advance(1)

    second = await suite.claims(await suite.after_sign_in(await suite.ask(prompt="login")))

    assert isinstance(first["auth_time"], int)
    assert isinstance(second["auth_time"], int)
    assert second["auth_time"] > first["auth_time"]


async def test_oidcc_prompt_none_not_logged_in(suite):
    answer = await suite.answer(prompt="none")

    assert answer["error"] in ("login_required", "interaction_required")
    assert "code" not in answer


async def test_oidcc_prompt_none_logged_in(suite):
    first = await suite.claims(await suite.after_sign_in(await suite.ask()))

    second = await suite.claims(await suite.answer(prompt="none"))

    assert (second["sub"], second["auth_time"]) == (first["sub"], first["auth_time"])


async def test_oidcc_max_age_1(suite):
    first = await suite.claims(await suite.after_sign_in(await suite.ask()))
    suite.provider.clock.advance(2)

    second = await suite.claims(await suite.after_sign_in(await suite.ask(max_age="1")))

    assert isinstance(first["auth_time"], int)
    assert isinstance(second["auth_time"], int)
    assert second["auth_time"] > first["auth_time"]


async def test_oidcc_max_age_10000(suite):
    first = await suite.claims(await suite.after_sign_in(await suite.ask()))

    second = await suite.claims(await suite.answer(max_age="10000"))

    assert second["auth_time"] == first["auth_time"]


async def test_oidcc_ensure_request_with_unknown_parameter_succeeds(suite):
    assert (await suite.after_sign_in(await suite.ask(extra="foobar")))["code"]


async def test_oidcc_id_token_hint(suite):
    answer = await suite.after_sign_in(await suite.ask())
    hint = (await suite.tokens(answer)).json()["id_token"]

    again = await suite.answer(prompt="none", id_token_hint=hint)

    assert (await suite.claims(again))["sub"] == suite.provider.claims(hint)["sub"]


async def test_oidcc_login_hint(suite):
    assert (await suite.after_sign_in(await suite.ask(login_hint="alice@example.com")))["code"]
    assert (await suite.answer(login_hint="somebody"))["code"], "only a hint"


@pytest.mark.parametrize("name", ["ui_locales", "claims_locales"])
async def test_oidcc_locales(suite, name):
    assert (await suite.after_sign_in(await suite.ask(**{name: "se"})))["code"]
    assert (await suite.answer(**{name: "se fr-CA en"}))["code"]


async def test_oidcc_ensure_request_with_acr_values_succeeds(suite):
    await suite.browser.sign_in()

    claims = await suite.claims(await suite.answer(acr_values="1 2"))

    assert "acr" not in claims, "none that was not performed"


async def test_oidcc_codereuse(suite):
    await suite.browser.sign_in()
    answer = await suite.answer()
    assert (await suite.tokens(answer)).status_code == 200

    again = await suite.tokens(answer)

    assert again.json()["error"] == "invalid_grant"


async def test_oidcc_codereuse_30seconds(suite):
    await suite.browser.sign_in()
    answer = await suite.answer()
    tokens = (await suite.tokens(answer)).json()
    suite.provider.clock.advance(30)

    assert (await suite.tokens(answer)).json()["error"] == "invalid_grant"
    opened = await suite.application.http.get(
        "/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"}
    )
    assert opened.status_code == 401


async def test_oidcc_ensure_post_request_succeeds(suite):
    form = {
        "client_id": "acme-web",
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "response_mode": suite.mode,
        "scope": "openid",
        "state": "s 1&",
        "nonce": "n-1",
    }
    posted = await suite.browser.http.post("/authorize", data=form)
    assert posted.status_code == 303

    answer = await suite.after_sign_in(await suite.browser.http.get(posted.headers["location"]))

    assert (await suite.claims(answer))["nonce"] == "n-1"


async def test_oidcc_server_client_secret_post_and_basic(suite):
    await suite.browser.sign_in()
    form = {
        "grant_type": "authorization_code",
        "code": (await suite.answer())["code"],
        "redirect_uri": CALLBACK,
    }

    basically = await suite.application.http.post("/oauth/token", data=form, headers=SECRET_OF)

    assert basically.status_code == 200
    assert (await suite.tokens(await suite.answer())).status_code == 200


async def test_oidcc_unsigned_request_object_is_rejected_as_unsupported(suite):
    await suite.browser.sign_in()

    answer = await suite.answer(request="eyJhbGciOiJub25lIn0.e30.")

    assert answer["error"] == "request_not_supported"


async def test_oidcc_ensure_request_object_with_redirect_uri(suite):
    await suite.browser.sign_in()

    response = await suite.ask(
        request="eyJhbGciOiJub25lIn0.e30.", redirect_uri="https://other.test/cb"
    )

    assert (response.status_code, "location" in response.headers) == (400, False)


@pytest.mark.parametrize("prompt", [None, "consent"])
async def test_oidcc_refresh_token(suite, prompt):
    """Each client's refresh token brings the same sign-in again, and only for itself."""
    clients = suite.provider.clients
    clients["second"] = replace(clients["acme-web"], client_id=ClientId("second"))
    await suite.browser.sign_in()
    found = {}
    for client in ("acme-web", "second"):
        answer = await suite.answer(client_id=client, scope="openid offline_access", prompt=prompt)
        first = (await suite.tokens(answer, client_id=client)).json()
        before = suite.provider.claims(first["id_token"], client)
        suite.provider.clock.advance(1)

        second = await suite.refresh(client, first["refresh_token"])

        assert second.status_code == 200
        assert second.headers["content-type"] == "application/json"
        assert second.headers["cache-control"] == "no-store"
        told = found[client] = second.json()
        assert (told["token_type"], told["expires_in"] > 0) == ("Bearer", True)
        assert told["access_token"] != first["access_token"]
        assert re.fullmatch(r"[\x20-\x7e]{22,}", told["refresh_token"])
        after = suite.provider.claims(told["id_token"], client)
        same = ("iss", "sub", "aud", "auth_time")
        assert [after[name] for name in same] == [before[name] for name in same]
        assert after["iat"] > before["iat"]
        assert not {"azp", "nonce"} & after.keys()

    stolen = await suite.refresh("acme-web", found["second"]["refresh_token"])

    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")


async def test_oidcc_claims_essential(suite):
    await suite.browser.sign_in()
    claims = json.dumps({"userinfo": {"name": {"essential": True}}})

    tokens = (await suite.tokens(await suite.answer(claims=claims))).json()

    told = await suite.application.http.get(
        "/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"}
    )
    assert told.json()["name"] == "alice@example.com"


async def test_oidcc_ensure_request_without_nonce_succeeds_for_code_flow(suite):
    await suite.browser.sign_in()

    assert "nonce" not in await suite.claims(await suite.answer(nonce=None))


async def test_oidcc_ensure_request_with_valid_pkce_succeeds(suite):
    await suite.browser.sign_in()
    answer = await suite.answer(code_challenge=CHALLENGE, code_challenge_method="S256")

    response = await suite.application.token(code=answer["code"], code_verifier=VERIFIER)

    assert response.status_code == 200


@pytest.mark.parametrize("missing", ["redirect_uri", "client_id"])
async def test_what_has_nowhere_to_go_back_to_gets_a_page(suite, missing):
    response = await suite.ask(**{missing: None})

    assert (response.status_code, "location" in response.headers) == (400, False)
