"""Parts of the pages that wait for an answer: whom we wrote to, from whom, and what now."""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.errors import AppError, TooManyRequests
from latchstring.base.mailbox import Mailbox
from latchstring.domain.identities.identifier import EMAIL, SMS, Identifier, phone_identifier
from latchstring.web.http.answers import retry_headers
from latchstring.web.pages import views, wording
from latchstring.web.pages.desk import Desk, SignIn

PATHS: dict[str, str] = {EMAIL: "email", SMS: "phone"}
"""The last folder of each connection's identify page."""


def identifier_of(sign_in: SignIn) -> Identifier | None:
    """Return whom the person said they are; a phone number's region is read from it again."""
    request = sign_in.request
    if request.identifier is None or request.challenged_connection is None:
        return None
    if request.challenged_connection == SMS:
        try:
            return phone_identifier(request.identifier, None, allow_examples=True)
        except AppError:  # libphonenumber's data moved on since
            return None
    return Identifier(request.challenged_connection, request.identifier)


def sender_of(desk: Desk, connection: str) -> str:
    """Return whom the message comes from, as the person will see it."""
    if connection == SMS:
        return desk.settings.sms.from_
    return Mailbox.parse(desk.settings.mail_sender).address


def resend_of(desk: Desk, sign_in: SignIn) -> views.Resend:
    """Return the send-again form and when it opens."""
    opens = desk.resend_opens(sign_in)
    wait = max(opens - desk.clock.now(), timedelta(0))
    return views.Resend(action=f"{sign_in.url}/again", wait=wait, at=opens)


def other_way_url(desk: Desk, sign_in: SignIn, connection: str) -> str | None:
    """Return the page of another way in, where the client offers one."""
    others = [c.name for c in desk.connections_of(sign_in.client) if c.name != connection]
    return f"{sign_in.url}/{PATHS[others[0]]}" if others else None


def change_url(sign_in: SignIn, connection: str) -> str:
    """Return the page where the identifier can be corrected."""
    return f"{sign_in.url}/{PATHS[connection]}"


def not_received(
    desk: Desk, sign_in: SignIn, identifier: Identifier, *, early: bool = False
) -> views.NotReceived:
    """Return the page "Nothing arrived?"."""
    connection = identifier.connection
    return views.NotReceived(
        frame=desk.frame(sign_in.client, sign_in.browser),
        identifier=identifier.value,
        sender=sender_of(desk, connection),
        by_sms=connection == SMS,
        resend=resend_of(desk, sign_in),
        change_url=change_url(sign_in, connection),
        code_url=f"{sign_in.url}/code",
        other_way_url=other_way_url(desk, sign_in, connection),
        early=early,
    )


def slow_down(
    desk: Desk, request: Request, sign_in: SignIn, connection: str, error: TooManyRequests
) -> Response:
    """Answer with the page that says which limit was met, until when, and what works meanwhile."""
    wait = max(error.until - desk.clock.now(), timedelta(seconds=1))
    ways = []
    if sign_in.request.identifier is not None:
        ways.append(views.Way(words=wording.enter_code(), url=f"{sign_in.url}/code"))
    other = other_way_url(desk, sign_in, connection)
    if other is not None:
        words = wording.use_phone() if connection == EMAIL else wording.use_email()
        ways.append(views.Way(words=words, url=other))
    view = views.SlowDown(
        frame=desk.frame(sign_in.client, sign_in.browser),
        limit=error.limit,
        until=error.until,
        wait=wait,
        ways=tuple(ways),
    )
    response = desk.page(request, view)
    response.headers.update(retry_headers(error, desk.clock.now()))
    return response
