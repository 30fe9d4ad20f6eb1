"""Sign people in with Latchstring from Flask, by Authlib's client."""

import os
import secrets

from authlib.integrations.flask_client import OAuth, OAuthError
from flask import Flask, redirect, render_template_string, session, url_for
from werkzeug import Response

PAGE = """<!doctype html>
<title>Flask example</title>
{% if person %}
<h1>Hello, {{ person.name }}</h1>
<p>Your address is {{ person.email }}.</p>
<form method="post" action="/logout"><button>Sign out</button></form>
{% else %}
<h1>Hello, stranger</h1>
<p><a href="/login">Sign in</a></p>
{% endif %}
"""

app = Flask(__name__)
# Without a secret of its own, whoever is signed in is forgotten with the next start.
app.secret_key = os.environ.get("SESSION_SECRET") or secrets.token_hex()
app.config["SESSION_COOKIE_SAMESITE"] = "Lax"

latchstring = OAuth(app).register(
    "latchstring",
    server_metadata_url=os.environ["ISSUER"] + ".well-known/openid-configuration",
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256"},
)


@app.get("/")
def home() -> str:
    """Say who is signed in, or offer to."""
    return render_template_string(PAGE, person=session.get("person"))


@app.get("/login")
def login() -> Response:
    """Send the browser to Latchstring."""
    return latchstring.authorize_redirect(url_for("callback", _external=True))


@app.get("/callback")
def callback() -> Response:
    """Exchange the code for tokens; Authlib checks state, nonce and the ID token."""
    token = latchstring.authorize_access_token()
    session.clear()
    session["person"] = {name: token["userinfo"][name] for name in ("sub", "name", "email")}
    session["id_token"] = token["id_token"]
    return redirect("/")


@app.post("/logout")
def logout() -> Response:
    """Forget the person here, and have Latchstring forget them."""
    id_token = session.get("id_token")
    session.clear()
    if id_token is None:
        return redirect("/")
    return latchstring.logout_redirect(url_for("home", _external=True), id_token_hint=id_token)


@app.errorhandler(OAuthError)
def refused(error: OAuthError) -> tuple[str, int]:
    """Say why there was no sign-in, such as that the person did not want it."""
    return render_template_string("<h1>Not signed in</h1><p>{{ why }}</p>", why=str(error)), 400


if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", "3000")))
