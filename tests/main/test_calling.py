"""What is counted and logged of telling applications that somebody signed out."""

from datetime import UTC, datetime

import msgspec
import pytest

from latchstring.base.ids import ClientId, SessionId, UserId
from latchstring.domain.notices.notice import Outcome, State, notice_of
from latchstring.flows.notify_logout import NotifyLogout
from latchstring.main import calling
from latchstring.main.counting import Meter
from tests.support.house import a_house

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
NOTICE = msgspec.structs.replace(
    notice_of(ClientId("acme"), SessionId("a-sid"), UserId("email|1"), now=AT), attempts=2
)


@pytest.fixture
async def notify(tmp_path):
    async with a_house(tmp_path) as house:
        installation = house.installation
        yield calling.notifier(installation, house.flows.exchange_code.issue_tokens.signer)


@pytest.mark.parametrize(
    ("state", "level", "told"),
    [
        (State.TOLD, "info", "told"),
        (State.WAITING, "warning", "retry"),
        (State.REFUSED, "warning", "refused"),
        (State.GIVEN_UP, "error", "given_up"),
        (State.VOID, "warning", "void"),
    ],
)
def test_what_came_of_it_is_logged_without_whom_it_is_about(capsys, state, level, told):
    calling.log_outcome(NOTICE, Outcome(state, AT, "the application answered 500"))

    said = capsys.readouterr().out
    for word in (level, "logout_notice", "client_id=acme", f"state={told}", "attempts=2"):
        assert word in said
    assert "email|1" not in said
    assert "a-sid" not in said


async def test_tries_are_counted_and_what_was_not_tried_is_not(notify: NotifyLogout, capsys):
    meter = Meter()
    meter.watch_notices(notify)

    for state in (State.WAITING, State.WAITING, State.GIVEN_UP, State.TOLD):
        notify.report(NOTICE, Outcome(state, AT))
    notify.report(NOTICE, Outcome(State.WAITING, AT, tried=False))

    counted = meter.tally.snapshot().counters["logout_notices"]
    assert counted == {("retried",): 2, ("given_up",): 1, ("told",): 1}
    assert capsys.readouterr().out.count("logout_notice") == 4


async def test_addresses_are_called_as_the_settings_allow(notify: NotifyLogout):
    assert notify.issuer == "http://127.0.0.1:8321/"
    assert set(notify.clients()) == {"acme-web", "acme-spa"}
