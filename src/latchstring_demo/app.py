"""The demo application's five addresses, on Authlib's client for Starlette."""

from authlib.integrations.starlette_client import OAuth, OAuthError
from httpx2 import HTTPError
from joserfc.errors import JoseError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from latchstring_demo.discovery import Unreachable, discover
from latchstring_demo.guard import OwnHost
from latchstring_demo.pages import Pages
from latchstring_demo.people import People, Person
from latchstring_demo.problems import Problem, explain
from latchstring_demo.settings import DemoSettings

SCOPE = "openid profile email phone"


class Demo:
    """An application that knows its people only through the sign-in server."""

    def __init__(self, settings: DemoSettings) -> None:
        """Register the client; the server is asked only when somebody signs in."""
        self._settings = settings
        self._pages = Pages(settings)
        self._people = People()
        self._client = OAuth().register(
            "latchstring",
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            server_metadata_url=settings.discovery,
            client_kwargs={
                "scope": SCOPE,
                "code_challenge_method": "S256",
                "token_endpoint_auth_method": "client_secret_basic"
                if settings.client_secret
                else "none",
                # A proxy from the environment has no business between two local processes.
                "trust_env": False,
                "timeout": 10,
            },
        )

    async def home(self, request: Request) -> Response:
        """Show who is signed in, or the button."""
        if "state" in request.query_params:
            return await self._signed_out(request)
        person = self._people.find(request.session.get("person"))
        if person is None:
            return self._pages.welcome(signed_out=bool(request.session.pop("signed_out", False)))
        return self._pages.profile(person)

    async def login(self, request: Request) -> Response:
        """Send the browser to the server; also the address a third party starts a sign-in at."""
        issuer = request.query_params.get("iss", self._settings.issuer)
        if issuer != self._settings.issuer:
            return self._pages.problem(Problem.FOREIGN_ISSUER, detail=issuer)
        wishes = {}
        if hint := request.query_params.get("login_hint"):
            wishes["login_hint"] = hint
        await discover(self._client, self._settings.issuer)
        redirect: Response = await self._client.authorize_redirect(
            request, f"{self._settings.base_url}/callback", **wishes
        )
        return redirect

    async def callback(self, request: Request) -> Response:
        """Turn the code into tokens, check them, and remember who it is."""
        issuer = request.query_params.get("iss", self._settings.issuer)
        if issuer != self._settings.issuer:  # RFC 9207: an answer from another server
            return self._pages.problem(Problem.FOREIGN_ISSUER, detail=issuer)
        await discover(self._client, self._settings.issuer)
        try:
            token = await self._client.authorize_access_token(request)
            userinfo = await self._client.userinfo(token=token)
        except OAuthError as error:
            if error.error == "mismatching_state" and "person" in request.session:
                return RedirectResponse("/", 303)  # the back button, after it worked
            raise
        if userinfo["sub"] != token["userinfo"]["sub"]:  # OpenID Core 5.3.2: somebody else's
            return self._pages.problem(Problem.UNPROVEN, detail="userinfo is about another subject")
        request.session.clear()
        person = Person(dict(token["userinfo"]), dict(userinfo), token["id_token"])
        request.session["person"] = self._people.remember(person)
        return RedirectResponse("/", 303)

    async def logout(self, request: Request) -> Response:
        """Forget the person here, then have the server forget them (RP-initiated logout)."""
        person = self._people.forget(request.session.get("person"))
        request.session.clear()
        if person is None:
            return RedirectResponse("/", 303)
        await discover(self._client, self._settings.issuer)
        redirect: Response = await self._client.logout_redirect(
            request,
            post_logout_redirect_uri=f"{self._settings.base_url}/",
            id_token_hint=person.id_token,
            client_id=self._settings.client_id,
        )
        redirect.status_code = 303
        return redirect

    async def _signed_out(self, request: Request) -> Response:
        try:
            await self._client.validate_logout_response(request)
        except OAuthError:
            return RedirectResponse("/", 303)
        request.session["signed_out"] = True
        return RedirectResponse("/", 303)

    async def failed(self, _request: Request, error: Exception) -> Response:
        """Show what went wrong in words, and the way to try again."""
        problem, detail = explain(error)
        return self._pages.problem(problem, detail=detail)

    async def lost(self, _request: Request, _error: Exception) -> Response:
        """Show that there is no such page."""
        return self._pages.problem(Problem.NO_SUCH_PAGE)


def build(settings: DemoSettings) -> Starlette:
    """Return the application for these settings."""
    demo = Demo(settings)
    return Starlette(
        routes=[
            Route("/", demo.home),
            Route("/login", demo.login, methods=["GET", "POST"]),
            Route("/callback", demo.callback),
            Route("/logout", demo.logout, methods=["POST"]),
        ],
        middleware=[
            Middleware(OwnHost, settings=settings),
            Middleware(
                SessionMiddleware,
                secret_key=settings.session_secret,
                session_cookie="demo_session",
                max_age=None,
            ),
        ],
        exception_handlers={
            404: demo.lost,
            OAuthError: demo.failed,
            HTTPError: demo.failed,
            JoseError: demo.failed,
            Unreachable: demo.failed,
        },
    )
