"""Flows that count what comes of them; made only where somebody asked for metrics."""

from collections.abc import Awaitable
from typing import Any, TypeVar, cast

import msgspec

from latchstring.base.errors import AppError, TooManyRequests, Unavailable
from latchstring.db.database import Database, HasLoad
from latchstring.domain.challenges.refusal import (
    CodeExpired,
    LinkRefused,
    TooManyTries,
    WrongCode,
)
from latchstring.domain.delivery.message import State
from latchstring.domain.delivery.verdict import Report
from latchstring.domain.notices.notice import Notice, Outcome
from latchstring.domain.notices.notice import State as Standing
from latchstring.flows.accept_challenge import VerifiedUser
from latchstring.flows.deliver_messages import DeliverMessages
from latchstring.flows.follow_link import FollowLink, Press, Pressed
from latchstring.flows.issue_tokens import Tokens
from latchstring.flows.notify_logout import NotifyLogout
from latchstring.flows.redeem_code import RedeemCode, RedeemRequest
from latchstring.flows.start_passwordless import AlreadyStarted, Started, StartPasswordless
from latchstring.flows.start_request import StartRequest
from latchstring.flows.verify_passwordless import VerifyPasswordless, VerifyRequest
from latchstring.flows.watch_outbox import WatchOutbox
from latchstring.main.crowd import Crowd
from latchstring.main.surfaces import Flows
from latchstring.main.tally import Tally
from latchstring.web.http.application import Application
from latchstring.web.http.busy import BusyAnswers

Result = TypeVar("Result")

OUTCOMES: dict[type[Exception], str] = {
    TooManyRequests: "limited",
    Unavailable: "unavailable",
    WrongCode: "wrong",
    CodeExpired: "expired",
    TooManyTries: "too_many_tries",
    LinkRefused: "refused",
    AppError: "refused",
    Exception: "crashed",
}
DONE = "done"
RETRIED = "retried"


class Meter(msgspec.Struct, frozen=True):
    """Puts a tally wherever there is something to count."""

    tally: Tally = msgspec.field(default_factory=Tally)

    def counted(self, flows: Flows) -> Flows:
        """Return the flows; starts and verifies count what came of them."""
        tally = self.tally
        return msgspec.structs.replace(
            flows,
            start=cast("StartPasswordless", _Start(flows.start, tally)),
            verify=cast("VerifyPasswordless", _Verify(flows.verify, tally)),
            redeem=cast("RedeemCode", _Redeem(flows.redeem, tally)),
            follow_link=cast("FollowLink", _FollowLink(flows.follow_link, tally)),
        )

    def watch_work(self, worker: DeliverMessages, notify: NotifyLogout, database: Database) -> None:
        """Count what is done beside requests."""
        self.watch_deliveries(worker)
        self.watch_notices(notify)
        self.watch_database(database)

    def watch_deliveries(self, worker: DeliverMessages) -> None:
        """Count what comes of messages."""
        report, tally = worker.report, self.tally

        def count(found: Report) -> None:
            state = RETRIED if found.state is State.QUEUED else found.state.value
            tally.count("deliveries", found.message.channel.value, state)
            report(found)

        worker.report = count

    def watch_notices(self, notify: NotifyLogout) -> None:
        """Count what comes of telling applications that somebody signed out."""
        report, tally = notify.report, self.tally

        def count(notice: Notice, outcome: Outcome) -> None:
            if outcome.tried:
                again = outcome.state is Standing.WAITING
                tally.count("logout_notices", RETRIED if again else outcome.state.value)
            report(notice, outcome)

        notify.report = count

    def watch_database(self, database: Database) -> None:
        """Tell how much there is to do for the database."""
        if isinstance(database, HasLoad):
            self.tally.gauge("database_working", lambda: database.load.working)
            self.tally.gauge("database_waiting", lambda: database.load.waiting)

    def watch_outbox(self, watch: WatchOutbox) -> None:
        """Tell what was seen of the outbox."""
        self.tally.gauge("outbox_queued", lambda: watch.queued)
        self.tally.gauge("outbox_oldest_age_seconds", lambda: watch.oldest_seconds)

    def watch_requests(self, application: Application, crowd: Crowd, busy: BusyAnswers) -> None:
        """Count requests and refusals, and tell how many are here."""
        tally = self.tally
        application.observer = tally
        busy.on_refusal = lambda: tally.count("busy")
        tally.gauge("connections", lambda: len(crowd.connections))
        tally.gauge("requests_at_work", lambda: len(crowd.tasks))


class _Start(msgspec.Struct, frozen=True):
    flow: StartPasswordless
    tally: Tally

    async def __call__(self, request: StartRequest) -> Started | AlreadyStarted:
        labels = ("starts", request.connection.name)
        return await _noted(self.tally, labels, self.flow(request))


class _Verify(msgspec.Struct, frozen=True):
    flow: VerifyPasswordless
    tally: Tally

    async def __call__(self, request: VerifyRequest) -> VerifiedUser:
        return await _noted(self.tally, ("verifies", "code"), self.flow(request))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else the flow knows
        return getattr(self.flow, name)


class _Redeem(msgspec.Struct, frozen=True):
    flow: RedeemCode
    tally: Tally

    async def __call__(self, request: RedeemRequest) -> Tokens:
        return await _noted(self.tally, ("verifies", "code"), self.flow(request))


class _FollowLink(msgspec.Struct, frozen=True):
    flow: FollowLink
    tally: Tally

    async def press(self, press: Press) -> Pressed:
        return await _noted(self.tally, ("verifies", "link"), self.flow.press(press))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else the flow can do
        return getattr(self.flow, name)


async def _noted(tally: Tally, labels: tuple[str, str], doing: Awaitable[Result]) -> Result:
    try:
        result = await doing
    except Exception as error:
        kind = next(kind for kind in type(error).__mro__ if kind in OUTCOMES)
        tally.count(*labels, OUTCOMES[kind])
        raise
    tally.count(*labels, DONE)
    return result
