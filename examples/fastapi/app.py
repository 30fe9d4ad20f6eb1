"""Sign people in with Latchstring from FastAPI, by Authlib's client for Starlette."""

import os
import secrets
from html import escape

import uvicorn
from authlib.integrations.starlette_client import OAuth, OAuthError
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.middleware.sessions import SessionMiddleware

app = FastAPI()
# Without a secret of its own, whoever is signed in is forgotten with the next start.
app.add_middleware(
    SessionMiddleware, secret_key=os.environ.get("SESSION_SECRET") or secrets.token_hex()
)

latchstring = OAuth().register(
    "latchstring",
    server_metadata_url=os.environ["ISSUER"] + ".well-known/openid-configuration",
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256"},
)


@app.get("/")
async def home(request: Request) -> HTMLResponse:
    """Say who is signed in, or offer to."""
    person = request.session.get("person")
    if person is None:
        return HTMLResponse('<h1>Hello, stranger</h1><p><a href="/login">Sign in</a></p>')
    return HTMLResponse(
        f"<h1>Hello, {escape(person['name'])}</h1><p>Your address is {escape(person['email'])}.</p>"
        '<form method="post" action="/logout"><button>Sign out</button></form>'
    )


@app.get("/login")
async def login(request: Request) -> Response:
    """Send the browser to Latchstring."""
    return await latchstring.authorize_redirect(request, str(request.url_for("callback")))


@app.get("/callback")
async def callback(request: Request) -> Response:
    """Exchange the code for tokens; Authlib checks state, nonce and the ID token."""
    token = await latchstring.authorize_access_token(request)
    request.session.clear()
    claims = token["userinfo"]
    request.session["person"] = {name: claims[name] for name in ("sub", "name", "email")}
    request.session["id_token"] = token["id_token"]
    return RedirectResponse("/", 303)


@app.post("/logout")
async def logout(request: Request) -> Response:
    """Forget the person here, and have Latchstring forget them."""
    id_token = request.session.get("id_token")
    request.session.clear()
    if id_token is None:
        return RedirectResponse("/", 303)
    return await latchstring.logout_redirect(
        request, str(request.url_for("home")), id_token_hint=id_token
    )


@app.exception_handler(OAuthError)
async def refused(_request: Request, error: OAuthError) -> HTMLResponse:
    """Say why there was no sign-in, such as that the person did not want it."""
    return HTMLResponse(f"<h1>Not signed in</h1><p>{escape(str(error))}</p>", 400)


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ.get("PORT", "3000")))
