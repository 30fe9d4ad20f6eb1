"""What a sign-in message says, in the outbox and back."""

import json

import pytest

from latchstring.base.settings import Send
from latchstring.domain.delivery.message import Channel
from latchstring.domain.delivery.sign_in import SignIn, template_for
from tests.support.delivery import a_sign_in


def test_it_survives_the_outbox():
    content = a_sign_in(send=Send.LINK, color="#123456")
    assert SignIn.from_inputs(json.loads(json.dumps(content.as_inputs()))) == content


@pytest.mark.parametrize(
    "inputs", [{}, {"send": "both"}, a_sign_in().as_inputs() | {"send": "pigeon"}]
)
def test_anything_else_in_the_outbox_is_an_error(inputs):
    with pytest.raises(ValueError):  # noqa: PT011 - msgspec's own words
        SignIn.from_inputs(inputs)


@pytest.mark.parametrize(
    ("channel", "send", "template"),
    [
        (Channel.EMAIL, Send.BOTH, "sign_in"),
        (Channel.EMAIL, Send.LINK, "sign_in_link"),
        (Channel.EMAIL, Send.CODE, "sign_in_code"),
        (Channel.SMS, Send.CODE, "sign_in_code"),
        (Channel.SMS, Send.BOTH, "sign_in_code"),
    ],
)
def test_the_template_follows_what_is_sent(channel, send, template):
    assert template_for(channel, send) == template
