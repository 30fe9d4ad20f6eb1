"""Reading the body of a start, member by member."""

from collections.abc import Mapping

import pytest

from latchstring.base.errors import InvalidRequest
from latchstring.base.settings import Send
from latchstring.web.auth0.start_body import param, read

GOOD = {"client_id": "acme-web", "connection": "email", "email": "alice@example.com"}


def refused(members: Mapping[str, object]) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        read({**GOOD, **members}).identifier(allow_examples=True)
    return caught.value


def test_a_body_is_what_its_members_say():
    body = read({**GOOD, "client_secret": "s", "send": "both", "authParams": {"state": "x"}})
    assert (body.caller.client_id, body.caller.secret, body.connection) == (
        "acme-web",
        "s",
        "email",
    )
    assert (body.send, body.auth_params) == (Send.BOTH, {"state": "x"})
    assert body.identifier(allow_examples=True).value == "alice@example.com"


@pytest.mark.parametrize("nothing", [None, ""])
def test_null_and_empty_are_absent(nothing):
    body = read({**GOOD, "client_secret": nothing, "send": nothing})
    assert (body.caller.secret, body.send) == (None, None)
    assert read({**GOOD, "authParams": None}).auth_params == {}
    assert refused({"client_id": nothing}).field == "client_id"
    assert refused({"connection": nothing}).field == "connection"
    assert refused({"email": nothing}).field == "email"


@pytest.mark.parametrize("member", ["client_id", "client_secret", "connection", "email", "send"])
@pytest.mark.parametrize("value", [7, True, ["x"], {"x": "y"}, "x" * 2049, "a\0b"])
def test_a_member_that_is_no_short_text_is_refused_by_its_name(member, value):
    error = refused({member: value})
    assert error.field == member
    assert str(error)


def test_a_missing_property_is_named_as_auth0_names_it():
    assert str(refused({"client_id": None})) == "Missing required property: client_id"
    assert str(refused({"connection": None})) == "Missing required property: connection"
    assert str(refused({"email": None})) == "Missing required property: email"
    sms = {"connection": "sms", "email": None}
    assert str(refused(sms)) == "Missing required property: phone_number"


def test_a_number_out_of_shape_is_told_the_pattern():
    error = refused({"connection": "sms", "phone_number": "07700900123"})
    assert error.field == "phone_number"
    assert str(error) == r"String does not match pattern: ^\+[0-9]{1,15}$"


def test_a_number_is_read_as_e164():
    body = read({"client_id": "x", "connection": "sms", "phone_number": "+447700900123"})
    assert body.identifier(allow_examples=True).region == "GB"


@pytest.mark.parametrize("send", ["LINK", "sms", "code,link", "x"])
def test_another_way_to_send_is_refused(send):
    assert refused({"send": send}).field == "send"


@pytest.mark.parametrize("send", ["link", "both"])
def test_a_text_message_carries_no_link(send):
    error = refused({"connection": "sms", "phone_number": "+447700900123", "send": send})
    assert error.field == "send"
    assert "code only" in str(error)


@pytest.mark.parametrize("params", ["", "x", 7, [], True])
def test_parameters_that_are_no_object_are_refused(params):
    error = refused({"authParams": params})
    assert (error.field, str(error)) == ("authParams", "authParams must be an object")


@pytest.mark.parametrize("value", [None, ""])
def test_a_parameter_that_is_empty_is_absent(value):
    assert param({"state": value}, "state") is None
    assert param({}, "state") is None


@pytest.mark.parametrize("value", [7, [], {}, True, "x" * 2049, "a\nb", "a\x7f", "a\0"])
def test_a_parameter_that_is_no_line_is_refused(value):
    with pytest.raises(InvalidRequest, match=r"authParams\.state") as caught:
        param({"state": value}, "state")
    assert caught.value.field == "authParams"


def test_a_secret_is_not_shown_where_a_body_is():
    assert "hush" not in repr(read({**GOOD, "client_secret": "hush"}))
