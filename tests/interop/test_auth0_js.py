"""``auth0-js`` 10 in Chromium: the embedded login of old, and silent tokens."""

from typing import Any

import pytest

from tests.support.browsing import Window
from tests.support.interop import World
from tests.support.interop_visitor import THE_LINKS_BUTTON


class ClassicPage:
    """The application's page, driven by its SDK."""

    def __init__(self, world: World, window: Window, origin: str) -> None:
        self._world = world
        self._window = window
        self.address = f"{origin}/classic"
        window.goto(self.address)

    def call(self, name: str, **options: Any) -> dict[str, Any]:
        """Call the SDK; return what it gives its callback."""
        return self._window.page.evaluate("([name, o]) => call(name, o)", [name, options])

    def leave(self, name: str, **options: Any) -> None:
        """Call what leaves the page."""
        self._window.page.evaluate("([name, o]) => { call(name, o); }", [name, options])

    def is_back(self) -> None:
        """Wait until the server has sent the browser back with an answer."""
        self._window.page.wait_for_url(f"{self.address}#*")

    def sign_in(self, **who: str) -> None:
        """Have a code sent, and sign in with it."""
        connection = "sms" if "phoneNumber" in who else "email"
        code = self.start(**who)
        self.leave("passwordlessLogin", connection=connection, verificationCode=code, **who)
        self.is_back()

    def start(self, **who: str) -> str:
        """Have a code sent; return it."""
        connection = "sms" if "phoneNumber" in who else "email"
        began = self.call("passwordlessStart", connection=connection, send="code", **who)
        assert began["refused"] is None
        return self._world.code_for(next(iter(who.values())))

    def parsed(self) -> dict[str, Any]:
        """Return what the SDK makes of the address, once it has checked the ID token."""
        parsed = self.call("parseHash")
        assert parsed["refused"] is None, parsed
        return parsed["result"]

    def person(self, token: str) -> dict[str, Any]:
        """Return what user info says to the SDK."""
        return self._window.page.evaluate("token => userInfo(token)", token)["result"]


@pytest.fixture
def classic(world, window, origin):
    return ClassicPage(world, window, origin)


@pytest.mark.parametrize("kind", ["email", "phoneNumber"])
def test_a_code_signs_in_on_the_applications_own_page(classic, alice, number, kind):
    who = {kind: alice if kind == "email" else number}

    classic.sign_in(**who)

    tokens = classic.parsed()
    assert tokens["idTokenPayload"]["sub"].startswith("email|" if kind == "email" else "sms|")
    assert classic.person(tokens["accessToken"])["sub"] == tokens["idTokenPayload"]["sub"]


def test_another_site_is_told_where_third_party_cookies_are_blocked(world, chromium, alice):
    with chromium.open(third_party_cookies=False) as window:
        far = ClassicPage(world, window, world.app)

        far.sign_in(email=alice)

        refused = far.call("parseHash")["refused"]
        assert refused["error"] == "invalid_request"
        assert refused["errorDescription"] == "No verifier returned from client."


def test_a_wrong_code_is_told_to_the_page(classic, window, alice):
    window.expected.append("status of 40[13]")
    code = classic.start(email=alice)
    wrong = f"{(int(code) + 1) % 10 ** len(code):0{len(code)}d}"

    answer = classic.call(
        "passwordlessLogin", connection="email", verificationCode=wrong, email=alice
    )

    assert answer["refused"]["code"] == "access_denied"


def test_a_code_is_checked_and_then_signs_in_by_a_redirect(classic, window, alice):
    code = classic.start(email=alice)

    classic.leave("passwordlessVerify", connection="email", verificationCode=code, email=alice)
    window.press(THE_LINKS_BUTTON)
    classic.is_back()

    assert classic.parsed()["idTokenPayload"]["email"] == alice


def test_whoever_is_signed_in_gets_tokens_silently_on_the_same_site(world, window, alice):
    near = ClassicPage(world, window, world.near)
    near.sign_in(email=alice)
    window.goto(near.address)

    tokens = near.call("checkSession")

    assert tokens["refused"] is None
    assert tokens["result"]["idTokenPayload"]["email"] == alice


def test_whoever_is_not_signed_in_is_told_so_silently(classic):
    assert classic.call("checkSession")["refused"]["code"] == "login_required"


def test_signing_out_ends_the_session(classic, window, alice):
    classic.sign_in(email=alice)

    window.page.evaluate("to => webAuth.logout({ returnTo: to })", classic.address)

    window.page.wait_for_url(classic.address)
    assert classic.call("checkSession")["refused"]["code"] == "login_required"
