"""An application as people write it for Auth0 Passwordless, with Flask.

Nothing in it knows Latchstring: what was changed for it is the value of ``AUTH0_DOMAIN``. The
hosted page signs people in by Authlib, the application's own form by auth0-python.
"""

import os
from urllib.parse import urlencode

from auth0.authentication import GetToken, Passwordless
from auth0.authentication.exceptions import Auth0Error
from auth0.authentication.token_verifier import AsymmetricSignatureVerifier, TokenVerifier
from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, render_template_string, request, session, url_for
from werkzeug import Response

DOMAIN = os.environ["AUTH0_DOMAIN"]
CLIENT_ID = os.environ["AUTH0_CLIENT_ID"]
CLIENT_SECRET = os.environ["AUTH0_CLIENT_SECRET"]

PAGE = """<!doctype html>
<title>Written for Auth0</title>
{% if problem %}<p role="alert">{{ problem }}</p>{% endif %}
{% if user %}
<h1>Hello, {{ user.name }}</h1>
<p>Your address is {{ user.email }}.</p>
<p><a href="/logout">Sign out</a></p>
{% elif email %}
<h1>Check your email</h1>
<form method="post" action="/verify">
  <label>Code <input name="code" autocomplete="one-time-code"></label> <button>Verify</button>
</form>
{% else %}
<h1>Hello, stranger</h1>
<p><a href="/login">Sign in</a></p>
<form method="post" action="/start">
  <label>Email <input name="email" type="email"></label> <button>Send me a code</button>
</form>
{% endif %}
"""

app = Flask(__name__)
app.secret_key = os.environ["APP_SECRET_KEY"]
app.config["SESSION_COOKIE_SAMESITE"] = "Lax"

auth0 = OAuth(app).register(
    "auth0",
    client_id=CLIENT_ID,
    client_secret=CLIENT_SECRET,
    client_kwargs={"scope": "openid profile email"},
    server_metadata_url=f"https://{DOMAIN}/.well-known/openid-configuration",
)
passwordless = Passwordless(DOMAIN, CLIENT_ID, client_secret=CLIENT_SECRET)
get_token = GetToken(DOMAIN, CLIENT_ID, client_secret=CLIENT_SECRET)
keys = AsymmetricSignatureVerifier(f"https://{DOMAIN}/.well-known/jwks.json")


def page(problem: str | None = None) -> str:
    """Show the one page there is."""
    return render_template_string(
        PAGE, problem=problem, user=session.get("user"), email=session.get("email")
    )


@app.get("/")
def home() -> str:
    """Say who is signed in, or offer to."""
    return page()


@app.get("/login")
def login() -> Response:
    """Sign in on the hosted page."""
    return auth0.authorize_redirect(redirect_uri=url_for("callback", _external=True))


@app.get("/callback")
def callback() -> Response:
    """Take the code that the hosted page sends people back with."""
    session["user"] = auth0.authorize_access_token()["userinfo"]
    return redirect("/")


@app.post("/start")
def start() -> Response | str:
    """Have a code mailed."""
    email = request.form["email"]
    try:
        passwordless.email(email, send="code")
    except Auth0Error as error:
        return page(error.message)
    session["email"] = email
    return redirect("/")


@app.post("/verify")
def verify() -> Response | str:
    """Exchange the typed code for tokens."""
    try:
        tokens = get_token.passwordless_login(
            session["email"], request.form["code"], "email", "openid profile email", ""
        )
    except Auth0Error as error:
        return page(error.message)
    verifier = TokenVerifier(keys, f"https://{DOMAIN}/", CLIENT_ID)
    session["user"] = verifier.verify(tokens["id_token"])
    session.pop("email")
    return redirect("/")


@app.get("/logout")
def logout() -> Response:
    """Forget the person here and at the server."""
    session.clear()
    back = {"returnTo": url_for("home", _external=True), "client_id": CLIENT_ID}
    return redirect(f"https://{DOMAIN}/v2/logout?{urlencode(back)}")


if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", "3000")))
