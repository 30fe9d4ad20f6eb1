"""Flows into surfaces, surfaces into the application."""

from collections.abc import Callable, Mapping

import msgspec

from latchstring.base.outbound import Caller
from latchstring.domain.apis.api import Api
from latchstring.domain.clients.client import Client
from latchstring.domain.identities import known_browser
from latchstring.domain.keys.signer import Signer
from latchstring.domain.sessions.session import Lifetime
from latchstring.domain.tokens import refresh
from latchstring.flows.accept_challenge import AcceptChallenge
from latchstring.flows.allowances import limit_of
from latchstring.flows.answer_device import AnswerDevice
from latchstring.flows.answer_request import AnswerRequest
from latchstring.flows.authorize import Authorize
from latchstring.flows.choose_account import ChooseAccount
from latchstring.flows.client_keys import ClientKeys
from latchstring.flows.deliver_messages import DeliverMessages
from latchstring.flows.describe_user import DescribeUser
from latchstring.flows.describe_waiting import DescribeWaiting
from latchstring.flows.end_sessions import nobody
from latchstring.flows.exchange_code import ExchangeCode
from latchstring.flows.fetch_request_object import FetchRequestObject
from latchstring.flows.find_access_token import FindAccessToken
from latchstring.flows.find_device import FindDevice
from latchstring.flows.find_session import FindSession
from latchstring.flows.follow_link import FollowLink
from latchstring.flows.grant_consent import GrantConsent
from latchstring.flows.grant_scope import GrantScope
from latchstring.flows.introspect_token import IntrospectToken
from latchstring.flows.issue_machine_token import IssueMachineToken
from latchstring.flows.issue_tokens import IssueTokens
from latchstring.flows.lease_limit import LeasedLimit
from latchstring.flows.open_session import OpenSession
from latchstring.flows.prove_client import ProveClient
from latchstring.flows.prove_writable import ProveWritable
from latchstring.flows.push_request import PushRequest
from latchstring.flows.redeem_code import RedeemCode
from latchstring.flows.redeem_device import RedeemDevice
from latchstring.flows.refresh_tokens import RefreshTokens
from latchstring.flows.register_client import RegisterClient
from latchstring.flows.resume_authorization import FindAuthorization, ResumeAuthorization
from latchstring.flows.revoke_token import RevokeToken
from latchstring.flows.sign_in_here import SignInHere
from latchstring.flows.sign_out import SignOut
from latchstring.flows.sign_out_everywhere import SignOutEverywhere
from latchstring.flows.start_device import StartDevice
from latchstring.flows.start_passwordless import StartPasswordless
from latchstring.flows.verify_passwordless import VerifyPasswordless
from latchstring.main import calling
from latchstring.main.auth0 import DropIn
from latchstring.main.installation import Installation
from latchstring.main.readiness import Readiness
from latchstring.web.auth0 import otp_grant
from latchstring.web.http import health
from latchstring.web.http.application import Application
from latchstring.web.http.cookies import Cookies
from latchstring.web.http.form_guard import FormGuard
from latchstring.web.http.language import Languages
from latchstring.web.http.origin import OriginReader
from latchstring.web.http.render import Renderer
from latchstring.web.http.static import StaticFiles
from latchstring.web.http.surface import Surface
from latchstring.web.oidc import client_credentials, code_grant, device_grant, refresh_grant
from latchstring.web.oidc import routes as oidc
from latchstring.web.oidc.registration import RegistrationEndpoint
from latchstring.web.pages import routes as pages
from latchstring.web.pages.consent import ConsentPage
from latchstring.web.pages.desk import Desk
from latchstring.web.pages.device import DevicePages
from latchstring.web.pages.enter_code import EnterCode
from latchstring.web.pages.identify import Identify
from latchstring.web.pages.magic_link import MagicLink
from latchstring.web.pages.protocol_pages import ProtocolPages


class Flows(msgspec.Struct, frozen=True, kw_only=True):
    """The corridor's verbs, made once for this process."""

    start: StartPasswordless
    verify: VerifyPasswordless
    follow_link: FollowLink
    describe_waiting: DescribeWaiting
    find_session: FindSession
    choose_account: ChooseAccount
    sign_out: SignOut
    sign_out_everywhere: SignOutEverywhere
    authorize: Authorize
    push: PushRequest
    grant_consent: GrantConsent
    find_authorization: FindAuthorization
    resume: ResumeAuthorization
    redeem: RedeemCode
    exchange_code: ExchangeCode
    start_device: StartDevice
    find_device: FindDevice
    answer_device: AnswerDevice
    redeem_device: RedeemDevice
    sign_in_here: SignInHere
    describe_user: DescribeUser
    refresh_tokens: RefreshTokens
    issue_machine_token: IssueMachineToken
    introspect: IntrospectToken
    revoke: RevokeToken
    prove_client: ProveClient
    fetch_object: FetchRequestObject
    register_client: RegisterClient
    outbound: Caller


def flows(
    installation: Installation,
    signer: Signer,
    worker: DeliverMessages,
    tell: Callable[[], None] = nobody,
) -> Flows:
    """Return the flows of an installation; ``tell`` wakes whoever tells of sign-outs."""
    settings, clock = installation.settings, installation.clock
    database, keyring = installation.database, installation.keyring
    lifetimes, limits = settings.lifetimes, settings.limits
    session_lifetime = Lifetime(lifetimes.session_idle, lifetimes.session_absolute)
    accept = AcceptChallenge(OpenSession(session_lifetime))
    code_lifetime = lifetimes.authorization_code
    per_day = limit_of("sms_per_installation", limits.sms_per_installation)
    texts = LeasedLimit(database, clock, per_day, "installation")
    verify = VerifyPasswordless(database, keyring, clock, limits, accept)
    issue_tokens = IssueTokens(
        signer,
        settings.issuer,
        lifetimes.access_token,
        keyring,
        refresh.Lifetime(lifetimes.refresh_token_idle, lifetimes.refresh_token_absolute),
    )
    answer = AnswerRequest(installation.configuration, issue_tokens, code_lifetime)
    outbound = calling.outbound(settings)
    find_token = FindAccessToken(signer, clock)
    client_keys = ClientKeys(outbound, clock)
    return Flows(
        start=StartPasswordless(database, keyring, clock, limits, worker, texts),
        verify=verify,
        follow_link=FollowLink(
            database, keyring, clock, installation.configuration, accept, code_lifetime
        ),
        describe_waiting=DescribeWaiting(database, clock),
        find_session=FindSession(database, clock, session_lifetime),
        choose_account=ChooseAccount(database, clock),
        sign_out=SignOut(database, clock, tell),
        sign_out_everywhere=SignOutEverywhere(database, clock, tell),
        authorize=Authorize(database, clock, answer),
        push=PushRequest(database, clock),
        grant_consent=GrantConsent(database, clock),
        find_authorization=FindAuthorization(database, clock),
        resume=ResumeAuthorization(database, clock, answer),
        redeem=RedeemCode(database, verify, issue_tokens),
        exchange_code=ExchangeCode(database, clock, issue_tokens),
        start_device=StartDevice(database, keyring, clock, limits),
        find_device=FindDevice(database, keyring, clock, limits),
        answer_device=AnswerDevice(database, clock),
        redeem_device=RedeemDevice(database, clock, issue_tokens),
        sign_in_here=SignInHere(database, clock),
        refresh_tokens=RefreshTokens(database, clock, keyring, issue_tokens),
        issue_machine_token=IssueMachineToken(database, clock, issue_tokens),
        introspect=IntrospectToken(database, clock, keyring, find_token),
        revoke=RevokeToken(database, clock, keyring, find_token),
        describe_user=DescribeUser(database, find_token),
        register_client=RegisterClient(database, clock, installation.configuration.refresh),
        outbound=outbound,
        prove_client=ProveClient(database, clock, settings.issuer, client_keys),
        fetch_object=FetchRequestObject(
            database=database,
            clock=clock,
            issuer=settings.issuer,
            caller=outbound,
            keys=client_keys,
        ),
    )


class Surfaces(msgspec.Struct, frozen=True):
    """Builds the application of one installation from its flows."""

    installation: Installation
    signer: Signer
    flows: Flows
    for_developers: bool = False
    is_leaving: Callable[[], bool] = lambda: False

    def application(self, *extra: Surface) -> Application:
        """Return the application; ``extra`` surfaces are for ``dev`` alone."""
        static = StaticFiles()
        desk = self._desk(static)
        surfaces = (
            health.surface(self._readiness()),
            self._pages(desk, static),
            *self._drop_in(desk).surfaces(self._may_read),
            *self._oidc(desk),
            *extra,
        )
        settings = self.installation.settings
        origins = OriginReader(settings.trusted_proxies, Languages.installed())
        return Application(surfaces, pages.not_found(desk), origins)

    def _desk(self, static: StaticFiles) -> Desk:
        settings, keyring = self.installation.settings, self.installation.keyring
        return Desk(
            settings=settings,
            clock=self.installation.clock,
            keyring=keyring,
            configuration=self.installation.configuration,
            find_authorization=self.flows.find_authorization,
            cookies=self._cookies(),
            guard=FormGuard(keyring, settings.origin),
            renderer=Renderer(static=static, secure=settings.secure),
        )

    def _cookies(self) -> Cookies:
        settings = self.installation.settings
        return Cookies(
            settings.secure,
            settings.lifetimes.session_absolute,
            known_browser.LIFETIME,
            settings.auth0.cross_site_sessions,
        )

    def _pages(self, desk: Desk, static: StaticFiles) -> Surface:
        found = self.flows
        identify = Identify(desk, found.start, found.find_session, found.choose_account)
        enter_code = EnterCode(desk, identify, found.verify, found.describe_waiting)
        link = MagicLink(desk, found.follow_link)
        devices = DevicePages(
            desk=desk,
            find=found.find_device,
            answer=found.answer_device,
            find_session=found.find_session,
            sign_in_here=found.sign_in_here,
        )
        consent = ConsentPage(
            desk=desk, find_session=found.find_session, grant_consent=found.grant_consent
        )
        sign_in = pages.sign_in_pages(identify, enter_code, consent)
        return pages.surface(desk, sign_in, link=link, devices=devices, static=static)

    def _drop_in(self, desk: Desk) -> DropIn:
        return DropIn(self.installation, self.flows, desk, self.for_developers)

    def _oidc(self, desk: Desk) -> tuple[Surface, Surface]:
        installation, found = self.installation, self.flows
        grant_scope = GrantScope(installation.configuration, installation.settings.issuer)
        drop_in = self._drop_in(desk)
        browser = oidc.BrowserParts(
            issuer=installation.settings.issuer,
            clients=self._clients,
            signer=self.signer,
            cookies=desk.cookies,
            form_guard=desk.guard,
            pages=ProtocolPages(desk, self.for_developers),
            find_session=found.find_session,
            grant_scope=grant_scope,
            push=found.push,
            take_ticket=drop_in.take_ticket(),
            fetch_object=(
                found.fetch_object if installation.settings.dynamic_registration else None
            ),
            authorize=found.authorize,
            resume=found.resume,
            sign_out=found.sign_out,
            sign_out_everywhere=found.sign_out_everywhere,
            logout_urls=installation.settings.logout_urls,
            confirm_logout=installation.settings.auth0.confirm_logout,
        )
        application = oidc.ApplicationParts(
            issuer=installation.settings.issuer,
            clients=self._clients,
            signer=self.signer,
            clock=installation.clock,
            grants={
                code_grant.GRANT_TYPE: code_grant.CodeGrant(found.exchange_code, self._apis),
                refresh_grant.GRANT_TYPE: refresh_grant.RefreshGrant(
                    found.refresh_tokens, self._apis
                ),
                device_grant.GRANT_TYPE: device_grant.DeviceCodeGrant(
                    found.redeem_device, self._apis
                ),
                client_credentials.GRANT_TYPE: client_credentials.ClientCredentialsGrant(
                    found.issue_machine_token, self._apis
                ),
                otp_grant.GRANT_TYPE: drop_in.otp_grant(),
            },
            grant_scope=grant_scope,
            push=found.push,
            describe_user=found.describe_user,
            start_device=found.start_device,
            introspect=found.introspect,
            revoke=found.revoke,
            prove=found.prove_client,
            registering=self._registering(),
        )
        return oidc.browser_surface(browser), oidc.application_surface(application)

    def _registering(self) -> RegistrationEndpoint | None:
        settings = self.installation.settings
        if not settings.dynamic_registration:
            return None
        configuration = self.installation.configuration
        return RegistrationEndpoint(
            issuer=settings.issuer,
            register=self.flows.register_client,
            connections=lambda: list(configuration.current.connections),
            caller=self.flows.outbound,
            allowed=settings.outbound.allowed_networks,
        )

    def _clients(self) -> Mapping[str, Client]:
        return self.installation.configuration.current.clients

    def _apis(self) -> Mapping[str, Api]:
        return self.installation.configuration.current.apis

    def _may_read(self, origin: str) -> bool:
        return any(client.accepts_origin(origin) for client in self._clients().values())

    def _readiness(self) -> Readiness:
        installation = self.installation
        writable = ProveWritable(installation.database)
        return Readiness((installation.configuration.refresh, writable), self.is_leaving)
