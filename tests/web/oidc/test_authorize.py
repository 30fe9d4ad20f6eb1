"""Alice's browser at ``/authorize``, and what Mallory tries there."""

import pytest

from latchstring.db import statements
from latchstring.domain.identities import store as identities
from tests.support.provider import (
    ALICE,
    BOB,
    CALLBACK,
    ISSUER,
    a_client,
    asked,
    fragment,
    query,
    where,
)

COUNT = statements.parse("-- count --\n-- All.\nselect count(*) as n from authorization_codes")


async def test_a_stranger_is_sent_to_sign_in_and_the_browser_is_marked(browser):
    response = await browser.authorize()

    assert where(response).startswith("/sign-in/auth_")
    cookie = response.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert response.headers["cache-control"] == "no-store"


async def test_a_second_request_keeps_the_browsers_mark(browser):
    first = (await browser.authorize()).headers["set-cookie"]

    assert (await browser.authorize()).headers["set-cookie"] == first, "with a new day to live"


async def test_somebody_signed_in_gets_a_code_at_once(browser):
    await browser.sign_in()

    response = await browser.authorize()

    assert where(response) == CALLBACK
    answer = query(response)
    assert answer.keys() == {"code", "state", "iss"}
    assert (answer["state"], answer["iss"]) == ("s 1&", ISSUER)
    assert response.headers["referrer-policy"] == "same-origin"


async def test_the_answer_joins_a_query_that_the_callback_already_has(browser, provider):
    callback = f"{CALLBACK}?tenant=1"
    provider.clients["acme-web"] = a_client(callbacks=(callback,))
    await browser.sign_in()

    response = await browser.authorize(redirect_uri=callback)

    assert response.headers["location"].startswith(f"{callback}&code=")


async def test_no_state_is_made_up(browser):
    await browser.sign_in()

    assert "state" not in query(await browser.authorize(state=None))
    assert "state" not in query(await browser.authorize(state=""))


async def test_after_signing_in_the_browser_gets_its_code(browser):
    waiting = where(await browser.authorize())
    browser.provider.clock.advance(20)
    await browser.sign_in()

    response = await browser.http.get(waiting.replace("/sign-in/", "/authorize/resume/"))

    assert where(response) == CALLBACK
    assert query(response).keys() == {"code", "state", "iss"}


async def test_a_request_is_answered_once(browser, provider):
    waiting = where(await browser.authorize()).replace("/sign-in/", "/authorize/resume/")
    provider.clock.advance(20)
    await browser.sign_in()
    await browser.http.get(waiting)

    again = await browser.http.get(waiting)

    assert (again.status_code, again.text) == (400, "sign-in over")
    assert provider.pages.seen["client"].client_id == "acme-web"
    assert await provider.database.read(lambda tx: tx.one(COUNT["count"], int, {})) == 1


async def test_resuming_before_the_sign_in_leads_back_to_it(browser):
    waiting = where(await browser.authorize())

    response = await browser.http.get(waiting.replace("/sign-in/", "/authorize/resume/"))

    assert where(response) == waiting


async def test_mallory_cannot_resume_the_request_of_another_browser(browser, application):
    waiting = where(await browser.authorize()).replace("/sign-in/", "/authorize/resume/")
    browser.provider.clock.advance(20)
    await application.sign_in(BOB)

    stolen = await application.http.get(waiting)

    assert (stolen.status_code, stolen.text) == (400, "sign-in over")
    assert browser.provider.pages.seen["client"] is None


async def test_a_request_waits_half_an_hour(browser):
    waiting = where(await browser.authorize()).replace("/sign-in/", "/authorize/resume/")
    browser.provider.clock.advance(30 * 60)
    await browser.sign_in()

    assert (await browser.http.get(waiting)).text == "sign-in over"


async def test_an_invented_request_is_over(browser):
    for name in ("auth_invented", "", "../../etc/passwd", "'; drop table users"):
        response = await browser.http.get(f"/authorize/resume/{name}")
        assert response.status_code in (400, 404), name


@pytest.mark.parametrize("path", ["/authorize", "/authorize/resume/auth_x", "/oidc/logout"])
async def test_head_does_nothing(browser, path):
    await browser.sign_in()

    response = await browser.http.head(path, params=asked())

    assert response.status_code == 405
    assert await browser.provider.database.read(lambda tx: tx.one(COUNT["count"], int, {})) == 0


# -- the application's form -----------------------------------------------------------------------


async def test_a_form_becomes_a_redirect_so_that_our_cookies_come_along(browser):
    form = asked(prompt="login")

    response = await browser.http.post("/authorize", data=form)

    assert where(response) == "/authorize"
    assert query(response) == form


async def test_a_form_is_checked_before_it_is_sent_on(browser):
    refused = await browser.http.post("/authorize", data=asked(response_type="token"))
    unknown = await browser.http.post("/authorize", data=asked(client_id="nobody"))

    assert fragment(refused)["error"] == "unsupported_response_type"
    assert unknown.status_code == 400


async def test_json_is_no_form(browser):
    assert (await browser.http.post("/authorize", json=asked())).status_code == 415


# -- what the redirect URI must be ----------------------------------------------------------------


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.test/cb/",
        "https://app.test/CB",
        "https://app.test/cb?x=1",
        "https://app.test/cb#f",
        "https://app.test:443/cb",
        "https://app.test/cb%2f..%2fevil",
        "https://app.test/cb/../evil",
        "https://app.test/cb/..;/evil",
        "https://app.test/cb%252f",
        "HTTPS://app.test/cb",
        " https://app.test/cb",
    ],
)
async def test_a_01_a_redirect_uri_that_is_only_similar_gets_a_page(browser, uri):
    await assert_page(browser, redirect_uri=uri)


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.test.evil.test/cb",
        "https://appXtest/cb",
        "https://app.test@evil.test/cb",
        "https://evil.test\\@app.test/cb",
        "//app.test/cb",
    ],
)
async def test_a_02_a_redirect_uri_on_another_host_gets_a_page(browser, uri):
    await assert_page(browser, redirect_uri=uri)


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)//",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://app.test/x",
        "https://app.test/cb\0",
        "https://app.test/cb\n",
    ],
)
async def test_a_06_a_redirect_uri_with_a_dangerous_scheme_gets_a_page(browser, uri):
    await assert_page(browser, redirect_uri=uri)


async def test_a_missing_redirect_uri_gets_a_page_that_names_the_registered_ones(browser):
    await assert_page(browser, redirect_uri=None)

    developer = browser.provider.pages.seen["developer"]
    assert (developer.parameter, developer.registered) == ("redirect_uri", (CALLBACK,))


async def test_a_10_an_unknown_client_gets_a_page(browser):
    await assert_page(browser, client_id="nobody")
    await assert_page(browser, client_id=None)


async def test_a_10_another_clients_callback_gets_a_page(browser):
    await assert_page(browser, client_id="mallory-web")


@pytest.mark.parametrize("name", ["redirect_uri", "client_id", "state", "scope", "prompt"])
async def test_a_11_a_repeated_parameter_gets_a_page(browser, name):
    value = asked(prompt="login")[name]

    repeated = await browser.http.get("/authorize", params=[*asked().items(), (name, value)] * 2)
    in_both = await browser.http.post("/authorize", params={name: value}, data=asked(prompt="x"))

    for response in (repeated, in_both):
        assert response.status_code == 400
        assert "location" not in response.headers
    assert browser.provider.pages.seen["developer"].parameter == name


# -- what is told to the application --------------------------------------------------------------


async def refusal(browser, **changes: str | None) -> str:
    response = await browser.authorize(**changes)
    assert where(response) == CALLBACK
    answer = query(response)
    assert answer["iss"] == ISSUER
    assert answer["error_description"].isascii()
    assert '"' not in answer["error_description"]
    return answer["error"]


@pytest.mark.parametrize(
    ("response_type", "error"),
    [
        (None, "invalid_request"),
        ("CODE", "unsupported_response_type"),
        ("code code", "unsupported_response_type"),
        ("none", "unsupported_response_type"),
    ],
)
async def test_a_12_a_response_type_that_does_not_exist_is_refused(browser, response_type, error):
    await browser.sign_in()

    response = await browser.authorize(response_type=response_type)

    answer = query(response)
    assert (answer["error"], answer["state"], answer["iss"]) == (error, "s 1&", ISSUER)


@pytest.mark.parametrize(
    "response_type", ["token", "code token", "token code", "id_token", "id_token token", "token x"]
)
async def test_a_12_tokens_travel_for_clients_that_list_it_alone(browser, response_type):
    await browser.sign_in()

    response = await browser.authorize(response_type=response_type, nonce="n")

    answer = fragment(response)
    assert answer.keys() == {"error", "error_description", "state", "iss"}
    assert answer["error"] == "unsupported_response_type"
    assert (answer["state"], answer["iss"]) == ("s 1&", ISSUER)


@pytest.mark.parametrize("mode", ["x", "QUERY", "query.jwt", "fragment form_post"])
async def test_a_12_a_response_mode_that_does_not_exist_is_refused(browser, mode):
    assert await refusal(browser, response_mode=mode) == "invalid_request"


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"code_challenge": "a" * 10},
        {"code_challenge": "a" * 200},
        {"code_challenge": "a" * 42 + "+"},
        {"code_challenge": "a" * 42 + "é"},
    ],
)
async def test_a_14_a_public_client_needs_a_sound_s256_challenge(browser, changes):
    assert await refusal(browser, client_id="acme-spa", **changes) == "invalid_request"


async def test_o2_pkce_is_the_default_of_confidential_clients_too(browser):
    without = {"code_challenge": None, "code_challenge_method": None}

    assert await refusal(browser, **without) == "invalid_request"


async def test_a_confidential_client_goes_without_pkce_where_it_is_set_so(browser, provider):
    provider.clients["acme-web"] = a_client(require_pkce=False)
    await browser.sign_in()

    assert await browser.code(code_challenge=None, code_challenge_method=None)


async def test_a_method_without_a_challenge_is_refused_from_everyone(browser):
    assert await refusal(browser, code_challenge=None) == "invalid_request"


@pytest.mark.parametrize("name", ["request", "registration"])
async def test_request_objects_do_not_exist(browser, name):
    error = await refusal(browser, **{name: "https://app.test/object"})

    assert error == f"{name}_not_supported"


async def test_an_unknown_audience_is_denied(browser):
    assert await refusal(browser, audience="https://api.test") == "access_denied"
    assert where(await browser.authorize(audience=f"{ISSUER}userinfo")).startswith("/sign-in/")


async def test_a_connection_the_client_does_not_use_is_refused(browser, provider):
    provider.clients["acme-web"] = a_client(connections=("email",))

    assert await refusal(browser, connection="sms") == "invalid_request"
    assert where(await browser.authorize(connection="email")).startswith("/sign-in/")


async def test_a_state_that_is_too_long_is_not_sent_back(browser):
    answer = query(await browser.authorize(state="s" * 5000))

    assert answer["error"] == "invalid_request"
    assert "state" not in answer


async def test_unknown_parameters_are_ignored(browser):
    response = await browser.authorize(
        screen_hint="signup", ui_locales="de", acr_values="x", auth0Client="e30="
    )

    assert where(response).startswith("/sign-in/")


# -- who must sign in -----------------------------------------------------------------------------


async def test_a_16_prompt_none_without_a_session_needs_a_login(browser):
    assert await refusal(browser, prompt="none") == "login_required"


async def test_a_16_prompt_none_with_a_session_answers(browser):
    await browser.sign_in()

    assert await browser.code(prompt="none")


@pytest.mark.parametrize("prompt", ["none login", "create", "none none consent"])
async def test_a_16_a_senseless_prompt_is_refused(browser, prompt):
    assert await refusal(browser, prompt=prompt) == "invalid_request"


@pytest.mark.parametrize("prompt", ["login", "select_account", "login consent"])
async def test_prompt_login_wants_a_sign_in_after_the_request(browser, prompt):
    await browser.sign_in()
    browser.provider.clock.advance(20)
    waiting = where(await browser.authorize(prompt=prompt))
    resume = waiting.replace("/sign-in/", "/authorize/resume/")

    assert where(await browser.http.get(resume)) == waiting
    browser.provider.clock.advance(20)
    await browser.sign_in()
    assert where(await browser.http.get(resume)) == CALLBACK


async def test_prompt_consent_asks_nothing_of_a_first_party(browser):
    await browser.sign_in()

    assert await browser.code(prompt="consent")


@pytest.mark.parametrize(("max_age", "asks"), [("0", True), ("60", True), ("61", False)])
async def test_a_16_max_age_wants_a_recent_sign_in(browser, max_age, asks):
    await browser.sign_in()
    browser.provider.clock.advance(60)

    response = await browser.authorize(max_age=max_age)

    assert where(response).startswith("/sign-in/") is asks


async def test_a_16_max_age_zero_wants_a_fresh_sign_in_once(browser):
    waiting = where(await browser.authorize(max_age="0"))
    browser.provider.clock.advance(20)
    await browser.sign_in()
    browser.provider.clock.advance(20)

    response = await browser.http.get(waiting.replace("/sign-in/", "/authorize/resume/"))

    assert where(response) == CALLBACK


@pytest.mark.parametrize("max_age", ["-1", "abc", "1.5", "9" * 20, "\u0661"])
async def test_a_16_a_max_age_that_is_no_number_is_refused(browser, max_age):
    assert await refusal(browser, max_age=max_age) == "invalid_request"


async def test_a_named_connection_does_not_reuse_a_session_made_by_another(browser):
    await browser.sign_in(ALICE)

    assert where(await browser.authorize(connection="sms")).startswith("/sign-in/")
    assert await browser.code(connection="email")


async def id_token(browser, application) -> str:
    tokens = (await application.token(code=await browser.code())).json()
    return str(tokens["id_token"])


async def test_a_16_an_id_token_hint_for_the_same_person_is_answered(browser, application):
    await browser.sign_in()
    hint = await id_token(browser, application)
    browser.provider.clock.advance(24 * 3600)  # expired, and still good as a hint

    assert await browser.code(id_token_hint=hint, prompt="none")


async def test_a_16_an_id_token_hint_for_another_person_needs_a_login(browser, application):
    await browser.sign_in(ALICE)
    hint = await id_token(browser, application)
    await browser.sign_in(BOB)

    assert await refusal(browser, id_token_hint=hint, prompt="none") == "login_required"
    assert await refusal(browser, id_token_hint=hint) == "login_required"


@pytest.mark.parametrize("prompt", ["login", "select_account", "login consent"])
async def test_a_16_whom_a_hint_names_may_sign_in_where_another_person_is_signed_in(
    browser, application, prompt
):
    await browser.sign_in(ALICE)
    hint = await id_token(browser, application)
    await browser.sign_in(BOB)
    waiting = where(await browser.authorize(id_token_hint=hint, prompt=prompt)).rpartition("/")[2]
    browser.provider.clock.advance(1)

    still_bob = query(await browser.http.get(f"/authorize/resume/{waiting}"))
    assert still_bob.get("code") is None


async def test_a_16_whoever_else_signs_in_for_an_id_token_hint_is_not_passed_on(
    browser, application
):
    await browser.sign_in()
    hint = (await application.token(code=await browser.code())).json()["id_token"]
    browser.http.cookies.delete("latchstring_session")
    waiting = where(await browser.authorize(id_token_hint=hint)).rpartition("/")[2]
    await browser.sign_in(BOB)
    answer = query(await browser.http.get(f"/authorize/resume/{waiting}"))

    assert (answer["error"], answer["state"], answer["iss"]) == ("login_required", "s 1&", ISSUER)


async def test_a_16_whom_an_id_token_hint_names_may_sign_in_anew(browser, application):
    await browser.sign_in()
    hint = (await application.token(code=await browser.code())).json()["id_token"]
    browser.http.cookies.delete("latchstring_session")
    waiting = where(await browser.authorize(id_token_hint=hint)).rpartition("/")[2]
    await browser.sign_in()

    assert query(await browser.http.get(f"/authorize/resume/{waiting}"))["code"]


async def test_a_16_an_id_token_hint_that_is_not_ours_is_refused(browser, application):
    await browser.sign_in()
    hint = await id_token(browser, application)
    header, claims, _ = hint.split(".")

    for bad in ("x", "a.b.c", f"{header}.{claims}.", f"{header}.{claims}.AAAA", "é"):
        assert await refusal(browser, id_token_hint=bad) == "invalid_request"
    response = await browser.authorize(
        client_id="mallory-web", redirect_uri="https://mallory.test/cb", id_token_hint=hint
    )
    assert query(response)["error"] == "invalid_request"


async def test_a_blocked_user_is_nobody(browser, provider):
    session = await browser.sign_in()
    now = provider.clock.now()
    await provider.database.transact(
        lambda tx: identities.set_blocked(tx, session.user_id, blocked_at=now, now=now)
    )

    assert await refusal(browser, prompt="none") == "login_required"


# -- headers --------------------------------------------------------------------------------------


async def test_c_13_authorize_answers_no_other_origin(browser):
    for path in ("/authorize", "/authorize/resume/x", "/oidc/logout"):
        for method in ("GET", "OPTIONS"):
            response = await browser.http.request(
                method, path, params=asked(), headers={"Origin": "https://app.test"}
            )
            assert not {name for name in response.headers if name.startswith("access-control")}


async def test_c_08_a_damaged_cookie_counts_as_none(browser):
    for value in ("x", "a" * 8192, "é", "a; latchstring_session=b"):
        response = await browser.http.get(
            "/authorize",
            params=asked(prompt="none"),
            headers={"Cookie": f"latchstring_session={value}".encode()},
        )
        assert query(response)["error"] == "login_required"


async def test_a_19_every_answer_is_kept_by_nobody(browser):
    await browser.sign_in()
    for response in (
        await browser.authorize(),
        await browser.authorize(prompt="login"),
        await browser.authorize(response_type="token"),
    ):
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.content == b""


async def assert_page(browser, **changes: str | None) -> None:
    await browser.sign_in()
    response = await browser.authorize(**changes)
    assert response.status_code == 400
    assert "location" not in response.headers
    assert response.text.startswith("error: The application's request is not valid.")
