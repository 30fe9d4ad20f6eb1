"""A sample of every hosted page in every state worth looking at, and a renderer for them."""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from latchstring.web.http.frame import Page
from latchstring.web.http.render import Renderer
from latchstring.web.http.sentence import gettext
from latchstring.web.http.static import StaticFiles
from latchstring.web.pages import device_wording, views, wording
from latchstring.web.pages.auth0_pages import BrowserCheck, CodeConfirm

AT = datetime(2026, 11, 23, 14, 35, tzinfo=UTC)
TEN_MINUTES = timedelta(minutes=10)
ALICE = "alice@example.com"
LONG_ADDRESS = f"{'l' * 64}@{'.'.join(['d' * 61] * 3)}.example"
REQUEST_ID = "req_01jdc5v7k3qhx2m9"

ACME = views.Brand(
    name="Acme",
    color="#7a2fd0",
    terms_url="https://acme.example/terms",
    privacy_url="https://acme.example/privacy",
    support_email="help@acme.example",
)
FRAME = views.Frame(brand=ACME, csrf="form-token", help_url="/help?client_id=acme-web")
PLAIN = views.Frame(brand=views.Brand(name="Acme"))
HOSTILE_NAME = '<img src=x onerror="1">🦊 "שלום"'
HOSTILE = views.Frame(brand=views.Brand(name=HOSTILE_NAME, color="#ffffff"))

COUNTRIES = (
    views.Country(code="DE", name="Germany", prefix="+49"),
    views.Country(code="GB", name="United Kingdom", prefix="+44"),
    views.Country(code="US", name="United States", prefix="+1"),
)
OPEN = views.Resend(action="/signin/again", wait=timedelta(0), at=AT)
WAITING = views.Resend(action="/signin/again", wait=timedelta(seconds=30), at=AT)
CONTINUE_AS = views.ContinueAs(identifier=ALICE, action="/signin/continue")

SIGN_IN_EMAIL = views.SignInEmail(
    frame=FRAME,
    action="/signin/email",
    phone_url="/signin/phone",
)

SIGN_IN_PHONE = views.SignInPhone(
    frame=FRAME,
    action="/signin/phone",
    countries=COUNTRIES,
    selected="GB",
    email_url="/signin/email",
)

CHECK_EMAIL = views.CheckEmail(
    frame=FRAME,
    action="/signin/code",
    identifier=ALICE,
    sender="login@auth.acme.example",
    code_length=6,
    lifetime=TEN_MINUTES,
    link_lifetime=TEN_MINUTES,
    sent=views.Sent.BOTH,
    resend=WAITING,
    change_url="/signin/email",
    other_way_url="/signin/phone",
)

CHECK_PHONE = views.CheckPhone(
    frame=FRAME,
    action="/signin/code",
    identifier="+44 7700 900123",
    sender="Acme",
    code_length=6,
    lifetime=timedelta(minutes=5),
    resend=WAITING,
    change_url="/signin/phone",
    other_way_url="/signin/email",
)

NOT_RECEIVED = views.NotReceived(
    frame=FRAME,
    identifier=ALICE,
    sender="login@auth.acme.example",
    by_sms=False,
    resend=OPEN,
    change_url="/signin/email",
    code_url="/signin/code",
    other_way_url="/signin/phone",
)

LINK_CONFIRM = views.LinkConfirm(
    frame=FRAME,
    identifier="a•••@example.com",
    action="/l/token",
    code_action="/l/token/code",
    refuse_action="/l/token/refuse",
)


CODE_CONFIRM = CodeConfirm(
    frame=FRAME,
    identifier="a•••@example.com",
    action="/passwordless/verify_redirect?client_id=acme-web",
)

SIGN_IN_PAGES: dict[str, Page] = {
    "sign-in-email": SIGN_IN_EMAIL,
    "sign-in-email-existing-users-only": replace(SIGN_IN_EMAIL, sign_up=False, phone_url=None),
    "sign-in-email-error": replace(SIGN_IN_EMAIL, value="alice@", error=wording.bad_email()),
    "sign-in-email-suggestion": replace(
        SIGN_IN_EMAIL, value="alice@gmial.com", suggestion="alice@gmail.com"
    ),
    "sign-in-email-continue-as": replace(SIGN_IN_EMAIL, continue_as=CONTINUE_AS),
    "sign-in-email-plain-brand": replace(SIGN_IN_EMAIL, frame=PLAIN),
    "sign-in-email-hostile-brand": replace(
        SIGN_IN_EMAIL, frame=HOSTILE, value='"><script>1</script>'
    ),
    "sign-in-phone": SIGN_IN_PHONE,
    "sign-in-phone-error": replace(
        SIGN_IN_PHONE, value="12345", error=wording.bad_phone("the United Kingdom")
    ),
    "sign-in-phone-one-country": replace(SIGN_IN_PHONE, countries=COUNTRIES[1:2], email_url=None),
    "check-email": replace(
        CHECK_EMAIL,
        delivery=wording.delivery(wording.Delivery.HANDED_OVER),
        status_url="/signin/status",
    ),
    "check-email-code": replace(
        CHECK_EMAIL,
        sent=views.Sent.CODE,
        resend=OPEN,
        mail_app=views.MailApp(name="Gmail", url="https://mail.google.com/"),
    ),
    "check-email-link": replace(
        CHECK_EMAIL,
        sent=views.Sent.LINK,
        mail_app=views.MailApp(name="Gmail", url="https://mail.google.com/"),
    ),
    "check-email-link-error": replace(
        CHECK_EMAIL, sent=views.Sent.LINK, error=wording.wrong_code()
    ),
    "check-email-error": replace(CHECK_EMAIL, error=wording.wrong_code(tries_left=2)),
    "check-email-notice": replace(CHECK_EMAIL, notice=wording.sent_again(ALICE)),
    "check-email-long-address": replace(CHECK_EMAIL, identifier=LONG_ADDRESS, code_length=10),
    "check-phone": replace(
        CHECK_PHONE, delivery=wording.delivery(wording.Delivery.QUEUED), status_url="/signin/status"
    ),
    "check-phone-error": replace(CHECK_PHONE, error=wording.wrong_length(6, 5), resend=OPEN),
    "not-received": replace(NOT_RECEIVED, delivery=wording.delivery(wording.Delivery.HANDED_OVER)),
    "not-received-sms": replace(
        NOT_RECEIVED, by_sms=True, identifier="+44 7700 900123", sender="Acme"
    ),
    "not-received-early": replace(NOT_RECEIVED, early=True, resend=WAITING),
    "too-many-tries": views.TooManyTries(
        frame=FRAME,
        resend=WAITING,
        identifier=ALICE,
        by_sms=False,
        change_url="/signin/email",
        other_way_url="/signin/phone",
    ),
    "choose-account": views.ChooseAccount(
        frame=FRAME, identifier=ALICE, action="/signin/continue", other_url="/signin/new"
    ),
    "signed-in-elsewhere": views.SignedInElsewhere(frame=FRAME),
}

AUTH0_PAGES: dict[str, Page] = {
    "code-confirm": CODE_CONFIRM,
    "code-confirm-switch": replace(CODE_CONFIRM, signed_in_as="bob@example.com"),
}

BROWSER_CHECK = BrowserCheck(
    frame=FRAME,
    page="https://acme.example/co#origin=https%3A%2F%2Fauth.acme.example",
    co_id="a-public-id",
    action="/co/continue?client_id=acme-web",
)
"""Not among the others, since it loads the application's page in a frame."""

LINK_PAGES: dict[str, Page] = {
    "link-continue": views.LinkContinue(frame=FRAME, action="/l/token"),
    "link-confirm": LINK_CONFIRM,
    "link-confirm-no-code": replace(LINK_CONFIRM, code_action=None),
    "link-confirm-switch": replace(LINK_CONFIRM, signed_in_as="bob@example.com"),
    "link-confirm-in-app": replace(LINK_CONFIRM, in_app_browser=True),
    "link-show-code": views.LinkShowCode(
        frame=FRAME,
        identifier="a•••@example.com",
        action="/l/token/code",
        refuse_action="/l/token/refuse",
    ),
    "link-code": views.LinkCode(frame=FRAME, code="482913", lifetime=TEN_MINUTES),
    "link-code-long": views.LinkCode(frame=FRAME, code="482913706154", lifetime=TEN_MINUTES),
    "link-denied": views.LinkDenied(frame=FRAME, start_url="https://acme.example/login"),
    "link-used": views.LinkUsed(frame=FRAME, start_url="https://acme.example/login"),
    "link-used-signed-in": views.LinkUsed(frame=FRAME, continue_url="/l/token/continue"),
    "link-expired": views.LinkExpired(
        frame=FRAME, expired_at=AT, lifetime=TEN_MINUTES, again_action="/signin/again"
    ),
    "link-expired-elsewhere": views.LinkExpired(
        frame=FRAME, expired_at=AT, lifetime=TEN_MINUTES, start_url="https://acme.example/login"
    ),
    "link-replaced": views.LinkReplaced(frame=FRAME),
    "link-unknown": views.LinkUnknown(frame=views.Frame()),
    "link-voided": views.LinkVoided(frame=FRAME),
}

DEVICE_CODE = views.DeviceCode(frame=FRAME, action="/activate", example="BDWP-HQPK")

DEVICE_CONFIRM = views.DeviceConfirm(
    frame=FRAME,
    code="WDJB-MJHT",
    sign_in_action="/activate/id/sign-in",
    allow_action="/activate/id/allow",
    deny_action="/activate/id/deny",
    other_action="/activate/id/other",
    identifier=ALICE,
)

DEVICE_PAGES: dict[str, Page] = {
    "device-code": replace(DEVICE_CODE, frame=views.Frame(csrf="form-token")),
    "device-code-filled": replace(DEVICE_CODE, value="WDJB-MJHT"),
    "device-code-error": replace(DEVICE_CODE, value="WDJB-MJHT", error=device_wording.unknown()),
    "device-code-no-code": replace(
        DEVICE_CODE, value="1234", error=device_wording.no_code("BDWP-HQPK")
    ),
    "device-confirm": DEVICE_CONFIRM,
    "device-confirm-signed-out": replace(DEVICE_CONFIRM, identifier=None),
    "device-confirm-hostile-brand": replace(DEVICE_CONFIRM, frame=HOSTILE, identifier=LONG_ADDRESS),
    "device-confirm-third-party": replace(
        DEVICE_CONFIRM,
        may_know=device_wording.may_know("openid profile email phone offline_access"),
        may_do=("calendar:read", "calendar:write"),
        api_name="Acme Calendar",
    ),
    "device-connected": views.DeviceConnected(frame=FRAME),
    "device-denied": views.DeviceDenied(frame=FRAME),
    "device-expired": views.DeviceExpired(frame=FRAME, start_url="/activate"),
}

NOTICE_PAGES: dict[str, Page] = {
    "slow-down": views.SlowDown(
        frame=FRAME,
        limit="starts_per_identifier",
        until=AT,
        wait=timedelta(minutes=11, seconds=20),
        ways=(
            views.Way(words=wording.enter_code(), url="/signin/code"),
            views.Way(words=wording.use_phone(), url="/signin/phone"),
        ),
    ),
    **{
        f"slow-down-{limit}": views.SlowDown(frame=FRAME, limit=limit, until=AT, wait=TEN_MINUTES)
        for limit in (
            "resend_after",
            "starts_per_address",
            "wrong_answers_per_address",
            "device_code_guesses_per_address",
            "sms_per_number_block",
            "sms_per_installation",
            "another",
        )
    },
    "page-expired": views.PageExpired(frame=FRAME, start_url="https://acme.example/login"),
    "page-expired-no-way": views.PageExpired(frame=FRAME),
    "cookies-needed": views.CookiesNeeded(frame=FRAME),
    "sign-out-confirm": views.SignOutConfirm(
        frame=FRAME,
        action="/oidc/logout",
        identifier=ALICE,
        fields=(("state", "abc"),),
        stay_url="https://acme.example/",
    ),
    "sign-out-confirm-nobody": views.SignOutConfirm(frame=views.Frame(), action="/oidc/logout"),
    "signed-out": views.SignedOut(frame=FRAME, return_url="https://acme.example/"),
    "signed-out-here": views.SignedOut(frame=views.Frame()),
    "error": views.ErrorPage(
        sentence=gettext("The application asked for something it may not have.")
    ),
    "developer-error": views.DeveloperError(
        frame=FRAME,
        summary="This redirect_uri is not registered for the client acme-web.",
        parameter="redirect_uri",
        came="http://127.0.0.1:9100/callback/",
        registered=("http://127.0.0.1:9100/callback", "https://acme.example/callback"),
        command='latchstring clients set acme-web --add-callback "http://127.0.0.1:9100/callback/"',
    ),
    "developer-error-nothing-near": views.DeveloperError(
        summary="The request names no client.", parameter="client_id", came=""
    ),
    "not-found": views.NotFound(),
    "server-error": views.ServerError(),
    "help": views.Help(frame=FRAME),
    "help-alone": views.Help(),
}

CONSENT = views.Consent(
    frame=FRAME,
    identifier=ALICE,
    allow_action="/signin/allow",
    deny_action="/signin/deny",
    other_url="/signin",
    may_know=device_wording.may_know("openid profile email phone offline_access"),
)

AUTHORIZE_PAGES: dict[str, Page] = {
    "consent": CONSENT,
    "consent-one": replace(CONSENT, may_know=device_wording.may_know("openid")),
    "consent-api": replace(
        CONSENT,
        identifier=LONG_ADDRESS,
        may_do=("read:letters", "a-scope-that-is-longer-than-any-page-is-wide:" * 2),
        api_name="Acme's letters",
    ),
    "consent-api-nothing": replace(CONSENT, api_name=HOSTILE_NAME),
    "consent-hostile": replace(CONSENT, frame=views.Frame(brand=HOSTILE.brand, csrf="form-token")),
    "post-back": views.PostBack(
        frame=PLAIN,
        action="/callback",
        fields=(("code", "a-code"), ("state", '"><script>1</script>')),
    ),
}

PAGES: dict[str, Page] = (
    SIGN_IN_PAGES | LINK_PAGES | DEVICE_PAGES | NOTICE_PAGES | AUTHORIZE_PAGES | AUTH0_PAGES
)


def a_renderer(*, secure: bool = False) -> Renderer:
    return Renderer(static=StaticFiles(), secure=secure)


def html(view: Page, renderer: Renderer, *, language: str = "en") -> str:
    response = renderer.page(view, request_id=REQUEST_ID, language=language)
    return bytes(response.body).decode()
