"""Signing out as an application sees it: the modules of OpenID's two logout plans.

``oidcc-rp-initiated-logout-*`` and ``oidcc-backchannel-rp-initiated-logout``. The application's
address is on loopback with a certificate of a private authority, reached by configuration alone.
"""

from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest

from latchstring.base.settings import OutboundSettings
from latchstring.domain.notices.notice import EVENT
from latchstring.flows.notify_logout import NotifyLogout
from latchstring.flows.prepare_keys import PrepareKeys
from latchstring.main import calling
from tests.support.house import (
    CALLBACK,
    ORIGIN,
    SECRET,
    Browser,
    House,
    Page,
    a_client_settings,
    a_house,
)
from tests.support.places import AND_TWO_NODES
from tests.support.receiver import Receiver, receiving
from tests.support.tls import certificates

pytestmark = pytest.mark.at(*AND_TWO_NODES)

OUT = f"{ORIGIN}/oidc/logout"
GOODBYE = "https://rp.example/logged-out"


@dataclass
class Court:
    house: House
    receiver: Receiver
    notify: NotifyLogout

    async def sign_in(self) -> tuple[Browser, dict[str, Any]]:
        """Sign Alice in to the application and return what it got."""
        browser = self.house.browser()
        page = await browser.ask()
        page = await browser.post(page, code=await self.house.code())
        return browser, await self.tokens(page)

    async def tokens(self, page: Page) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "client_id": "acme-web",
            "client_secret": SECRET,
            "redirect_uri": CALLBACK,
            "code": page.query["code"],
        }
        async with self.house.http() as http:
            found: dict[str, Any] = (await http.post("/oauth/token", data=form)).json()
        return found

    async def is_signed_in(self, browser: Browser) -> bool:
        return "code" in (await browser.authorize(prompt="none")).query


@asynccontextmanager
async def a_court(folder, **outbound):
    made, receiver = certificates(folder), Receiver()
    async with receiving(receiver, made) as port:
        client = a_client_settings(
            require_pkce=False,
            logout_urls=(GOODBYE,),
            backchannel_logout_uri=f"https://localhost:{port}/backchannel_logout",
            backchannel_logout_session_required=True,
        )
        settings = OutboundSettings(ca_file=made.authority, **outbound)
        async with a_house(folder, clients=(client,), outbound=settings) as house:
            found = house.installation
            signer = await PrepareKeys(found.database, found.keyring, found.clock)()
            yield Court(house, receiver, calling.notifier(found, signer))


@pytest.fixture
async def court(tmp_path):
    async with a_court(tmp_path) as found:
        yield found


def out(**parameters: str) -> str:
    return f"{OUT}?{urlencode(parameters)}"


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


async def test_discovery_says_what_there_is(court):
    async with court.house.http() as http:
        document = (await http.get("/.well-known/openid-configuration")).json()

    assert document["end_session_endpoint"] == OUT
    assert document["backchannel_logout_supported"] is True
    assert document["backchannel_logout_session_supported"] is True


async def test_signing_out_ends_the_session_and_the_application_hears_of_it(court):
    browser, tokens = await court.sign_in()
    assert await court.is_signed_in(browser)

    page = await browser.get(
        out(id_token_hint=tokens["id_token"], post_logout_redirect_uri=GOODBYE, state="a-state")
    )
    await court.notify.notify_due()

    assert page.url == f"{GOODBYE}?state=a-state"
    assert (await browser.authorize(prompt="none")).query["error"] == "login_required"
    (heard,) = court.receiver.heard
    assert heard.line == "POST /backchannel_logout HTTP/1.1"
    (token,) = heard.form["logout_token"]
    async with court.house.http() as http:
        keys = jwt.PyJWKSet.from_dict((await http.get("/.well-known/jwks.json")).json())
    header = jwt.get_unverified_header(token)
    assert header["typ"] == "logout+jwt"
    told = jwt.decode(
        token,
        keys[header["kid"]],
        algorithms=["RS256"],
        audience="acme-web",
        issuer=f"{ORIGIN}/",
        options={"verify_exp": False, "verify_iat": False, "require": ["iat", "exp", "jti"]},
    )
    id_token = claims_of(tokens["id_token"])
    assert (told["sub"], told["sid"]) == (id_token["sub"], id_token["sid"])
    assert told["events"] == {EVENT: {}}
    assert "nonce" not in told


async def test_an_application_that_signed_in_twice_hears_once(court):
    browser, first = await court.sign_in()
    again = await court.tokens(await browser.authorize())
    assert claims_of(first["id_token"])["sid"] == claims_of(again["id_token"])["sid"]

    await browser.get(out(id_token_hint=again["id_token"]))
    await court.notify.notify_due()

    assert len(court.receiver.heard) == 1


async def test_a_code_that_comes_after_the_sign_out_is_worth_nothing_and_tells_nobody(court):
    browser = court.house.browser()
    page = await browser.ask()
    page = await browser.post(page, code=await court.house.code())
    leaving = await browser.get(OUT)
    await browser.post(leaving)

    assert (await court.tokens(page))["error"] == "invalid_grant"
    await court.notify.notify_due()
    assert court.receiver.connections == 0


async def test_d10_an_application_that_registered_itself_is_reached_where_a_network_is_allowed(
    tmp_path,
):
    for number, (allowed, heard) in enumerate([((), 0), ((ip_network("127.0.0.0/8"),), 1)]):
        folder = tmp_path / str(number)
        folder.mkdir()
        async with a_court(folder, allowed_networks=allowed) as court:
            known = court.house.installation.configuration.current.clients["acme-web"]
            court.notify.clients = lambda it=known: {"acme-web": replace(it, dynamic=True)}
            browser, tokens = await court.sign_in()
            await browser.get(out(id_token_hint=tokens["id_token"]))
            await court.notify.notify_due()
            assert len(court.receiver.heard) == heard


async def test_without_a_way_back_there_is_a_page(court):
    browser, tokens = await court.sign_in()

    page = await browser.get(out(id_token_hint=tokens["id_token"]))

    assert (page.status, page.heading) == (200, "You're signed out")
    assert not await court.is_signed_in(browser)


async def test_without_a_state_none_comes_back(court):
    browser, tokens = await court.sign_in()

    page = await browser.get(
        out(id_token_hint=tokens["id_token"], post_logout_redirect_uri=GOODBYE)
    )

    assert page.url == GOODBYE


@pytest.mark.parametrize("parameters", [{}, {"state": "a-state"}])
async def test_without_anything_or_with_a_state_alone_the_person_is_asked(court, parameters):
    browser, _ = await court.sign_in()

    page = await browser.get(out(**parameters))

    assert page.heading == "Sign out?"
    assert await court.is_signed_in(browser)
    assert (await browser.post(page)).heading == "You're signed out"
    assert not await court.is_signed_in(browser)


@pytest.mark.parametrize("proves", [True, False])
@pytest.mark.parametrize(
    "address", ["https://rp.example/bad", f"{GOODBYE}?query=added", "https://evil.example/"]
)
async def test_an_address_that_is_not_registered_is_an_error_and_never_a_redirect(
    court, address, proves
):
    browser, tokens = await court.sign_in()
    proof = {"id_token_hint": tokens["id_token"]} if proves else {"client_id": "acme-web"}

    page = await browser.get(out(post_logout_redirect_uri=address, state="x", **proof))

    assert (page.status, page.left_for) == (400, "")
    assert await court.is_signed_in(browser)


@pytest.mark.parametrize("kind", ["modified", "bad", "missing"])
async def test_a_hint_that_proves_nothing_leads_to_the_question_and_to_no_redirect(court, kind):
    browser, tokens = await court.sign_in()
    header, payload, signature = tokens["id_token"].split(".")
    hint = {
        "modified": f"{header}.{payload}.{signature[:-8]}AAAAAAAA",
        "bad": "not-a-token",
        "missing": None,
    }[kind]
    parameters = {"post_logout_redirect_uri": GOODBYE, "state": "x"}

    page = await browser.get(out(**parameters, **({"id_token_hint": hint} if hint else {})))
    done = await browser.post(page)

    assert page.heading == "Sign out?"
    assert (done.heading, done.left_for) == ("You're signed out", "")


async def test_the_page_offers_to_sign_out_everywhere_and_applications_hear_of_each_session(court):
    phone, on_phone = await court.sign_in()
    laptop, _ = await court.sign_in()
    page = await laptop.get(OUT)
    assert "Sign out everywhere" in page.text

    await laptop.post(page, everywhere="true")
    await court.notify.notify_due()

    assert not await court.is_signed_in(laptop)
    assert not await court.is_signed_in(phone)
    sids = {claims_of(heard.form["logout_token"][0])["sid"] for heard in court.receiver.heard}
    assert len(sids) == 2
    async with court.house.http() as http:
        bearer = {"Authorization": f"Bearer {on_phone['access_token']}"}
        assert (await http.get("/userinfo", headers=bearer)).status_code == 401
