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
    found = spa.run("""async () => {
      const token = await window.client.getTokenSilently();
      const answer = await fetch(`https://${DOMAIN}/userinfo`, {
        headers: { Authorization: `Bearer ${token}` },
      });
      return answer.json();
    }""")

    assert found["email"] == alice
