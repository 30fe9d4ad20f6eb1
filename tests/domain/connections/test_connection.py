"""A way in is always within its bounds."""

from datetime import timedelta

import pytest

from latchstring.base.errors import InvalidRequest
from latchstring.base.settings import ConnectionSettings, OtherBrowser, Send
from latchstring.domain.connections.connection import Connection


def test_a_connection_is_what_its_settings_say():
    settings = ConnectionSettings(code_length=8, live=2, other_browser=OtherBrowser.DENY)
    connection = Connection.of("email", settings)
    assert (connection.name, connection.code_length, connection.live) == ("email", 8, 2)
    assert connection.other_browser is OtherBrowser.DENY
    assert connection.send is Send.BOTH


def test_what_is_stored_comes_back_the_same():
    sms = Connection.from_values("sms", {"countries": ["US"], "code_lifetime": 300})
    assert Connection.from_stored("sms", sms.as_stored()) == sms
    assert sms.as_stored() == {
        "send": "code",
        "code_length": 6,
        "code_lifetime": 300,
        "live": 5,
        "max_attempts": 3,
        "sign_up": True,
        "countries": ["US"],
    }


def test_a_row_of_another_version_is_read_as_far_as_it_is_known():
    found = Connection.from_stored("email", {"live": 2, "invented_later": 1, "countries": ["US"]})
    assert found == Connection.of("email", ConnectionSettings(live=2))


def test_a_change_replaces_what_it_names():
    before = Connection.of("email", ConnectionSettings(live=2))
    after = before.changed({"code_lifetime": 300})
    assert (after.live, after.code_lifetime) == (2, timedelta(seconds=300))


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"code_lifetime": 601}, "code_lifetime"),
        ({"live": 0}, "live"),
        ({"liv": 1}, "liv"),
        ({"countries": ["US"]}, "countries"),
        ({"sign_up": "yes"}, "sign_up"),
    ],
)
def test_a_change_out_of_bounds_is_refused_with_its_name(values, field):
    with pytest.raises(InvalidRequest) as caught:
        Connection.of("email", ConnectionSettings()).changed(values)
    assert caught.value.field == field


def test_sms_without_a_country_is_refused():
    with pytest.raises(InvalidRequest, match="without a country there is no SMS"):
        Connection.from_values("sms", {})
