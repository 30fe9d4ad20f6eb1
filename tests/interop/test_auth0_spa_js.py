"""``@auth0/auth0-spa-js`` 2 in Chromium: redirect login, tokens, and signing out."""

import pytest

START = """(options) => {
  window.client = new auth0.Auth0Client({
    domain: DOMAIN,
    clientId: "acme-spa",
    authorizationParams: { redirect_uri: `${location.origin}/spa`, scope: "openid email" },
    ...options,
  });
}"""
REDIRECT = "() => window.client.loginWithRedirect({ appState: { wanted: '/cart' } })"
FINISH = "() => window.client.handleRedirectCallback()"
USER = "() => window.client.getUser()"
AFRESH = "() => window.client.getTokenSilently({ cacheMode: 'off' })"
REFUSED = """() => window.client.getTokenSilently({ cacheMode: "off" })
  .then(() => "a token", (refused) => refused.error)"""
ABOUT = """async (token) => {
  const headers = { Authorization: `Bearer ${token}` };
  return (await fetch(`https://${DOMAIN}/userinfo`, { headers })).json();
}"""
LOGOUT = "to => window.client.logout({ logoutParams: { returnTo: to } })"


class SpaPage:
    """The application's page, driven by its SDK."""

    def __init__(self, window, app: str) -> None:
        self.window = window
        self.address = f"{app}/spa"

    def open(self, **options):
        self.window.goto(self.address)
        return self.resume(**options)

    def resume(self, **options):
        self.window.page.evaluate(START, options)
        return self

    def run(self, script: str):
        return self.window.page.evaluate(script)

    def about(self, token: str):
        """Return what user info says to the page."""
        return self.window.page.evaluate(ABOUT, token)

    def sign_in(self, world, who: str, **options):
        """Go through the redirect login; return what the SDK hands back of the application's."""
        self.open(**options).run(REDIRECT)
        self.window.give_email(who).shows("Check your email").enter(world.code_for(who))
        self.window.page.wait_for_url(f"{self.address}?*")
        return self.resume(**options).run(FINISH)


@pytest.fixture
def spa(window, world):
    return SpaPage(window, world.app)


def test_the_redirect_login_signs_in_and_the_token_is_good_at_userinfo(world, spa, alice):
    assert spa.sign_in(world, alice)["appState"] == {"wanted": "/cart"}

    user = spa.run(USER)
    assert (user["email"], user["email_verified"]) == (alice, True)
    assert spa.run("() => window.client.isAuthenticated()")
    token = spa.run("() => window.client.getTokenSilently()")
    assert spa.about(token)["email"] == alice


def test_a_token_comes_silently_through_a_frame_on_the_same_site(world, window, alice):
    near = SpaPage(window, world.near)
    near.sign_in(world, alice)
    first = near.run("() => window.client.getTokenSilently()")
    near.open()  # what was held in memory is gone

    token = near.run(AFRESH)

    assert token != first
    assert near.about(token)["email"] == alice


def test_a_token_comes_through_a_frame_to_another_site_where_the_browser_lets_it(
    world, spa, alice, third_party_cookies
):
    spa.sign_in(world, alice)

    told = spa.run(REFUSED)

    assert told == ("a token" if third_party_cookies else "login_required")


def test_a_token_comes_silently_by_a_refresh_token_on_any_site(world, spa, alice):
    spa.sign_in(world, alice, useRefreshTokens=True)
    first = spa.run("() => window.client.getTokenSilently()")

    token = spa.run(AFRESH)

    assert token != first
    assert spa.about(token)["email"] == alice


def test_signing_out_ends_the_session(world, window, alice):
    near = SpaPage(window, world.near)
    near.sign_in(world, alice)

    window.page.evaluate(LOGOUT, near.address)

    window.page.wait_for_url(near.address)
    near.resume()
    assert not near.run("() => window.client.isAuthenticated()")
    assert near.run(REFUSED) == "login_required"
