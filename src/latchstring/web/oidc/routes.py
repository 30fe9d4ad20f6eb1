"""Which path is whose: one surface for browsers, one for applications."""

from collections.abc import Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.clock import Clock
from latchstring.domain.keys.signer import Signer
from latchstring.flows.authorize import Authorize
from latchstring.flows.describe_user import DescribeUser
from latchstring.flows.fetch_request_object import FetchRequestObject
from latchstring.flows.find_session import FindSession
from latchstring.flows.grant_scope import GrantScope
from latchstring.flows.introspect_token import IntrospectToken
from latchstring.flows.push_request import PushRequest
from latchstring.flows.resume_authorization import ResumeAuthorization
from latchstring.flows.revoke_token import RevokeToken
from latchstring.flows.sign_out import SignOut
from latchstring.flows.sign_out_everywhere import SignOutEverywhere
from latchstring.flows.start_device import StartDevice
from latchstring.web.http.cookies import Cookies
from latchstring.web.http.form_guard import FormGuard
from latchstring.web.http.surface import Handler, Methods, Surface, WrongMethod
from latchstring.web.oidc import (
    authorize,
    device,
    introspect,
    logout,
    par,
    registration,
    resume,
    revoke,
    v2_logout,
)
from latchstring.web.oidc.answer import Respond
from latchstring.web.oidc.checks import Examine
from latchstring.web.oidc.client_authentication import Authenticate, Clients, Prove
from latchstring.web.oidc.discovery import KeySet, discovery
from latchstring.web.oidc.errors import OAuthErrors, PageErrors, crashed
from latchstring.web.oidc.leaving import Leaving
from latchstring.web.oidc.pages import Pages
from latchstring.web.oidc.ticket import TakeTicket
from latchstring.web.oidc.token import Grant, TokenEndpoint
from latchstring.web.oidc.userinfo import UserInfo


class BrowserParts(msgspec.Struct, frozen=True, kw_only=True):
    """What the addresses that people's browsers visit are made of."""

    issuer: str
    clients: Clients
    signer: Signer
    cookies: Cookies
    form_guard: FormGuard
    pages: Pages
    find_session: FindSession
    grant_scope: GrantScope
    push: PushRequest
    authorize: Authorize
    resume: ResumeAuthorization
    sign_out: SignOut
    sign_out_everywhere: SignOutEverywhere
    logout_urls: tuple[str, ...] = ()
    """Where ``/v2/logout`` may lead that names no application."""

    confirm_logout: bool = False
    take_ticket: TakeTicket | None = None
    """Who takes ``login_ticket``, where somebody gives them out."""

    fetch_object: FetchRequestObject | None = None
    """Who fetches request objects; nobody where applications may not register themselves."""


class ApplicationParts(msgspec.Struct, frozen=True, kw_only=True):
    """What the addresses that applications call are made of."""

    issuer: str
    clients: Clients
    signer: Signer
    clock: Clock
    grants: Mapping[str, Grant]
    """By ``grant_type``; what is in here is what discovery advertises."""

    grant_scope: GrantScope
    push: PushRequest
    describe_user: DescribeUser
    start_device: StartDevice
    introspect: IntrospectToken
    revoke: RevokeToken
    prove: Prove
    registering: registration.RegistrationEndpoint | None = None
    """Nothing where applications may not register themselves."""


def browser_surface(parts: BrowserParts) -> Surface:
    """Return ``/authorize`` and ``/oidc/logout``: pages and redirects that no script may read."""
    respond = Respond(parts.issuer, parts.pages)
    asking = authorize.AuthorizeEndpoint(
        clients=parts.clients,
        cookies=parts.cookies,
        find_session=parts.find_session,
        authorize=parts.authorize,
        push=parts.push,
        examine=Examine(issuer=parts.issuer, signer=parts.signer, grant_scope=parts.grant_scope),
        respond=respond,
        take_ticket=parts.take_ticket,
        fetch_object=parts.fetch_object,
    )
    resuming = resume.ResumeEndpoint(
        clients=parts.clients,
        cookies=parts.cookies,
        find_session=parts.find_session,
        resume=parts.resume,
        respond=respond,
        pages=parts.pages,
    )
    leaving = Leaving(
        cookies=parts.cookies,
        find_session=parts.find_session,
        sign_out=parts.sign_out,
        sign_out_everywhere=parts.sign_out_everywhere,
        form_guard=parts.form_guard,
        pages=parts.pages,
    )
    signing_out = logout.LogoutEndpoint(
        issuer=parts.issuer, clients=parts.clients, signer=parts.signer, leaving=leaving
    )
    as_auth0 = v2_logout.V2LogoutEndpoint(
        clients=parts.clients,
        leaving=leaving,
        logout_urls=parts.logout_urls,
        asks=parts.confirm_logout,
    )
    return Surface(
        name="oidc-browser",
        routes={
            authorize.PATH: _not_for_head({"GET": asking.get, "POST": asking.post}),
            logout.PATH: _not_for_head({"GET": signing_out.get, "POST": signing_out.post}),
            logout.CONFIRM: {"POST": signing_out.confirm},
            v2_logout.PATH: _not_for_head({"GET": as_auth0.get}),
            v2_logout.CONFIRM: {"POST": as_auth0.confirm},
        },
        prefixes={resume.RESUME: _not_for_head({"GET": resuming.get})},
        on_error=PageErrors(parts.pages),
        on_crash=parts.pages.crashed,
    )


def application_surface(parts: ApplicationParts) -> Surface:
    """Return token, userinfo, discovery and keys; pages of a client's origins may call them."""
    authenticate = Authenticate(parts.clients, parts.prove)
    describing = UserInfo(parts.issuer, parts.clients, parts.signer, parts.describe_user)
    examine = Examine(issuer=parts.issuer, signer=parts.signer, grant_scope=parts.grant_scope)
    registering = parts.registering
    configuration = discovery(parts.issuer, parts.grants, registering=registering is not None)
    routes: dict[str, dict[str, Handler]] = {
        par.PATH: {"POST": par.PushEndpoint(authenticate, examine, parts.push)},
        "/oauth/token": {"POST": TokenEndpoint(authenticate, parts.grants)},
        device.PATH: {
            "POST": device.DeviceEndpoint(
                issuer=parts.issuer,
                authenticate=authenticate,
                grant_scope=parts.grant_scope,
                start=parts.start_device,
            )
        },
        introspect.PATH: {
            "POST": introspect.IntrospectionEndpoint(parts.issuer, authenticate, parts.introspect)
        },
        revoke.PATH: {"POST": revoke.RevocationEndpoint(authenticate, parts.revoke)},
        "/userinfo": {"GET": describing, "POST": describing},
        "/.well-known/openid-configuration": {"GET": configuration},
        "/.well-known/oauth-authorization-server": {"GET": configuration},
        "/.well-known/jwks.json": {"GET": KeySet(parts.signer)},
    }
    cors_paths = frozenset(routes)
    published = frozenset(path for path in routes if path.startswith("/.well-known/"))
    prefixes: dict[str, dict[str, Handler]] = {}
    if registering is not None:
        routes[registration.PATH] = {"POST": registering.post}
        prefixes[registration.PREFIX] = {
            "GET": registering.get,
            "PUT": registering.put,
            "DELETE": registering.delete,
        }
    return Surface(
        name="oidc",
        routes=routes,
        prefixes=prefixes,
        on_error=OAuthErrors(parts.clock),
        on_crash=crashed,
        may_read=lambda origin: any(
            client.accepts_origin(origin) for client in parts.clients().values()
        ),
        cors_paths=cors_paths - published,
        public_paths=published,
        always=published,
    )


def _not_for_head(methods: Methods) -> Methods:
    """Keep HEAD away from addresses whose GET acts: mail scanners and previews send it."""

    async def guarded(request: Request) -> Response:
        if request.method == "HEAD":
            raise WrongMethod(", ".join(methods))
        return await methods["GET"](request)

    return {**methods, "GET": guarded}
