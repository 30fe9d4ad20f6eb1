"""Signing out at an application's request, and nobody else's."""

import jwt
import pytest

from latchstring.domain.keys.signer import TokenKind
from latchstring.domain.sessions import store as sessions
from tests.support.forgery import forged, key_of, private_pem, public_forms
from tests.support.provider import BOB, LOGGED_OUT, ORIGIN, a_client, query, where

OUT = "/oidc/logout"


async def hint_for(browser, application) -> str:
    tokens = (await application.token(code=await browser.code())).json()
    return str(tokens["id_token"])


async def is_live(provider, session) -> bool:
    found = await provider.database.read(lambda tx: sessions.find_session(tx, session.id))
    return found is not None and found.is_live(provider.clock.now())


def wish(**changes: str | None) -> dict[str, str]:
    values = {"post_logout_redirect_uri": LOGGED_OUT, "state": "s 1&", "client_id": "acme-web"}
    return {name: text for name, text in (values | changes).items() if text is not None}


async def test_an_application_that_proves_whose_session_it_means_ends_it(
    browser, application, provider
):
    session = await browser.sign_in()
    hint = await hint_for(browser, application)

    response = await browser.http.get(OUT, params=wish(id_token_hint=hint, client_id=None))

    assert where(response) == LOGGED_OUT
    assert query(response) == {"state": "s 1&"}
    assert 'latchstring_session=""' in response.headers["set-cookie"]
    assert not await is_live(provider, session)


async def test_an_expired_hint_is_still_a_hint(browser, application, provider):
    session = await browser.sign_in()
    hint = await hint_for(browser, application)
    provider.clock.advance(2 * 24 * 3600)

    assert where(await browser.http.get(OUT, params=wish(id_token_hint=hint))) == LOGGED_OUT
    assert not await is_live(provider, session)


async def test_without_a_way_back_the_person_sees_that_it_worked(browser, application, provider):
    await browser.sign_in()
    hint = await hint_for(browser, application)

    response = await browser.http.get(OUT, params={"id_token_hint": hint})

    assert response.text == "signed out"
    assert provider.pages.seen["return_url"] == LOGGED_OUT


async def test_an_application_that_knows_the_session_s_name_ends_it(browser, application, provider):
    session = await browser.sign_in()
    sid = provider.claims(await hint_for(browser, application))["sid"]

    response = await browser.http.get(OUT, params=wish(logout_hint=sid))

    assert where(response) == LOGGED_OUT
    assert not await is_live(provider, session)


async def test_a_session_s_name_without_a_client_or_of_another_leads_to_the_question(
    browser, application, provider
):
    other = provider.browser()
    await other.sign_in()
    theirs = provider.claims(await hint_for(other, application))["sid"]
    session = await browser.sign_in()
    ours = provider.claims(await hint_for(browser, application))["sid"]

    alone = {"logout_hint": ours, "client_id": None, "post_logout_redirect_uri": None}
    for asked in (alone, {"logout_hint": theirs}, {"logout_hint": ours + "x"}):
        assert (await browser.http.get(OUT, params=wish(**asked))).text == "sign out?"
    assert await is_live(provider, session)


async def test_a_session_s_name_from_a_client_that_registered_itself_leads_to_the_question(
    browser, application, provider
):
    session = await browser.sign_in()
    sid = provider.claims(await hint_for(browser, application))["sid"]
    provider.clients["new"] = a_client("new", dynamic=True)
    asked = {"client_id": "new", "logout_hint": sid}

    assert (await browser.http.get(OUT, params=asked)).text == "sign out?"
    assert await is_live(provider, session)


async def test_without_a_hint_the_person_is_asked(browser, provider):
    session = await browser.sign_in()

    response = await browser.http.get(OUT, params=wish())

    assert response.text == "sign out?"
    assert provider.pages.seen["fields"] == wish()
    assert await is_live(provider, session)


async def test_a_hint_about_somebody_else_leads_to_the_question(browser, application, provider):
    await browser.sign_in()
    hint = await hint_for(browser, application)
    session = await browser.sign_in(BOB)

    assert (await browser.http.get(OUT, params=wish(id_token_hint=hint))).text == "sign out?"
    assert await is_live(provider, session)


async def test_a_hint_for_another_client_leads_to_the_question(browser, application, provider):
    session = await browser.sign_in()
    hint = await hint_for(browser, application)

    response = await browser.http.get(
        OUT, params={"id_token_hint": hint, "client_id": "mallory-web"}
    )

    assert response.text == "sign out?"
    assert await is_live(provider, session)


@pytest.mark.parametrize("alg", ["none", "None", "nOnE"])
async def test_j_01_an_unsigned_hint_leads_to_the_question(browser, application, provider, alg):
    await browser.sign_in()
    claims = provider.claims(await hint_for(browser, application))
    header = {"alg": alg, "typ": "JWT"}

    for bad in (forged(header, claims), forged(header | {"kid": provider.signer.key_id()}, claims)):
        response = await browser.http.get(OUT, params=wish(id_token_hint=bad))
        assert response.text == "sign out?"


async def test_j_02_a_hint_signed_with_our_public_key_as_a_secret_leads_to_the_question(
    browser, application, provider
):
    await browser.sign_in()
    claims = provider.claims(await hint_for(browser, application))
    header = {"alg": "HS256", "typ": "JWT", "kid": provider.signer.key_id()}

    for secret in public_forms(key_of(provider.signer)):
        bad = forged(header, claims, secret)
        response = await browser.http.get(OUT, params=wish(id_token_hint=bad))
        assert response.text == "sign out?"


async def test_j_05_a_logout_token_is_no_hint(browser, application, provider):
    await browser.sign_in()
    claims = provider.claims(await hint_for(browser, application))
    key = private_pem(key_of(provider.signer))

    typed = jwt.encode(
        claims,
        key,
        algorithm="RS256",
        headers={"kid": provider.signer.key_id(), "typ": "logout+jwt"},
    )

    assert (await browser.http.get(OUT, params=wish(id_token_hint=typed))).text == "sign out?"


async def test_j_05_a_logout_token_or_an_access_token_of_ours_is_no_hint(
    browser, application, provider
):
    session = await browser.sign_in()
    claims = provider.claims(await hint_for(browser, application))

    for kind in (TokenKind.LOGOUT_TOKEN, TokenKind.ACCESS_TOKEN):
        hint = provider.signer.sign(claims, kind=kind)
        assert (await browser.http.get(OUT, params=wish(id_token_hint=hint))).text == "sign out?"
    assert await is_live(provider, session)


async def test_a_hint_of_another_issuer_with_our_key_is_no_hint(browser, application, provider):
    await browser.sign_in()
    claims = provider.claims(await hint_for(browser, application))

    foreign = provider.signer.sign(claims | {"iss": "https://other.example/"})

    assert (await browser.http.get(OUT, params=wish(id_token_hint=foreign))).text == "sign out?"


async def test_the_button_on_our_own_page_signs_out(browser, provider):
    session = await browser.sign_in()
    await browser.http.get(OUT, params=wish())

    response = await press(browser)

    assert where(response) == LOGGED_OUT
    assert query(response) == {"state": "s 1&"}
    assert 'latchstring_session=""' in response.headers["set-cookie"]
    assert not await is_live(provider, session)


async def test_the_button_without_a_way_back_ends_at_a_page_that_may_be_reloaded(browser, provider):
    session = await browser.sign_in()
    await browser.http.get(OUT)

    response = await press(browser)

    assert response.headers["location"] == OUT
    assert not await is_live(provider, session)
    assert (await browser.http.get(OUT)).text == "signed out"


async def test_the_other_button_signs_out_everywhere(browser, provider):
    there = await provider.browser().sign_in()
    others = await provider.browser().sign_in(BOB)
    here = await browser.sign_in()
    await browser.http.get(OUT, params=wish())

    for csrf in ("1.x", ""):
        assert (await press(browser, everywhere="true", csrf=csrf)).status_code == 403
        await browser.http.get(OUT, params=wish())
    assert await is_live(provider, there)
    response = await press(browser, everywhere="true")

    assert where(response) == LOGGED_OUT
    assert 'latchstring_session=""' in response.headers["set-cookie"]
    assert not await is_live(provider, here)
    assert not await is_live(provider, there)
    assert await is_live(provider, others)


async def test_what_is_said_for_convenience_is_accepted(browser, application, provider):
    session = await browser.sign_in()
    parameters = wish(id_token_hint=await hint_for(browser, application))
    parameters |= {"logout_hint": "alice@example.com", "ui_locales": "de en", "unknown": "x"}

    assert where(await browser.http.get(OUT, params=parameters)) == LOGGED_OUT
    assert not await is_live(provider, session)


async def test_pressing_twice_does_no_harm(browser):
    await browser.sign_in()
    await browser.http.get(OUT, params=wish())
    await press(browser)

    assert where(await press(browser)) == LOGGED_OUT


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://mallory.test"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": ORIGIN},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_c_05_a_form_from_elsewhere_signs_nobody_out(browser, provider, headers):
    session = await browser.sign_in()
    await browser.http.get(OUT, params=wish())

    response = await press(browser, headers=headers)

    assert response.status_code == 403
    assert await is_live(provider, session)


async def test_c_05_a_form_without_its_token_signs_nobody_out(browser, provider):
    session = await browser.sign_in()
    await browser.http.get(OUT, params=wish())

    for csrf in ("", "1.x", "x", "9.AAAA", provider.form_guard.token("another session")):
        response = await press(browser, csrf=csrf)
        assert response.status_code == 403
    assert await is_live(provider, session)


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.test",
        "https://app.test//",
        "https://app.test/?x",
        "https://evil.test/",
        "https://app.test.evil.test/",
        "javascript:alert(1)",
    ],
)
async def test_a_return_address_that_is_not_registered_gets_a_page(
    browser, application, provider, uri
):
    session = await browser.sign_in()
    hint = await hint_for(browser, application)

    for proof in (None, hint):
        parameters = wish(post_logout_redirect_uri=uri, id_token_hint=proof)
        response = await browser.http.get(OUT, params=parameters)
        assert response.status_code == 400
        assert provider.pages.seen["developer"].registered == (LOGGED_OUT,)
    pressed = await press(browser, **wish(post_logout_redirect_uri=uri))
    assert pressed.status_code == 400
    assert await is_live(provider, session)


async def test_a_return_address_of_nobody_in_particular_is_dropped(browser, provider):
    await browser.sign_in()

    response = await browser.http.get(OUT, params=wish(client_id=None))

    assert response.text == "sign out?"
    assert provider.pages.seen["fields"] == {"state": "s 1&"}


async def test_somebody_who_is_not_signed_in_goes_straight_back(browser):
    assert where(await browser.http.get(OUT, params=wish())) == LOGGED_OUT
    assert (await browser.http.get(OUT)).text == "signed out"


async def test_an_application_without_return_addresses_is_no_way_back(browser, provider):
    provider.clients["acme-web"] = a_client(logout_urls=())

    await browser.http.get(OUT, params={"client_id": "acme-web"})

    assert provider.pages.seen["return_url"] is None


async def test_a_form_of_the_application_becomes_a_redirect(browser, application, provider):
    session = await browser.sign_in()
    form = wish(id_token_hint=await hint_for(browser, application))

    response = await browser.http.post(OUT, data=form)

    assert where(response) == OUT
    assert query(response) == form
    assert await is_live(provider, session)


@pytest.mark.parametrize("name", ["state", "ui_locales", "logout_hint", "id_token_hint"])
async def test_a_11_a_repeated_parameter_gets_a_page(browser, name):
    response = await browser.http.get(OUT, params=[(name, "a"), (name, "b")])

    assert response.status_code == 400


async def press(browser, headers=None, **changes: str | None):
    csrf = browser.provider.pages.seen.get("csrf")
    fields = browser.provider.pages.seen.get("fields", {})
    form = {**fields, "csrf": csrf, **changes}
    return await browser.http.post(
        "/oidc/logout/confirm",
        data={name: text for name, text in form.items() if text is not None},
        headers=headers or {"Sec-Fetch-Site": "same-origin"},
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "s\r\nSet-Cookie: x=y"},
        {"state": "s" * 4097},
        {"post_logout_redirect_uri": f"{LOGGED_OUT}\n"},
        {"client_id": "acme-web\x7f"},
        {"id_token_hint": "h" * 8193},
    ],
)
async def test_what_cannot_be_sent_on_is_refused(browser, changes):
    name = next(iter(changes))
    for answer in (
        await browser.http.get(OUT, params=wish(**changes)),
        await browser.http.post(OUT, data=wish(**changes)),
    ):
        assert answer.status_code == 400
        assert answer.text.startswith("error: The application's request is not valid.")
        assert browser.provider.pages.seen["developer"].parameter == name
