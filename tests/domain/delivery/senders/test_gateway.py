"""The SMS gateway over real HTTP."""

import asyncio
from datetime import timedelta

import pytest

from latchstring.domain.delivery.senders import SendError
from latchstring.domain.delivery.senders import gateway as gateway_module
from latchstring.domain.delivery.senders.gateway import GatewaySender
from tests.support.delivery import an_sms
from tests.support.gateway import Gateway, answer, listening

TOKEN = "a token for the gateway"


@pytest.fixture
async def gateway():
    return Gateway()


@pytest.fixture
async def sender(gateway):
    async with listening(gateway) as url:
        sender = GatewaySender(url, token=TOKEN, whole_seconds=2)
        yield sender
        await sender.close()


async def refusal(sender):
    with pytest.raises(SendError) as error:
        await sender.send(an_sms())
    return error.value


async def test_it_posts_what_auth0_s_gateway_gets(sender, gateway):
    sms = an_sms()
    handed = await sender.send(sms)
    (call,) = gateway.calls
    assert call.line == "POST /sms HTTP/1.1"
    assert call.body == {"recipient": "+14155550100", "body": sms.body, "sender": "Acme"}
    assert call.headers["content-type"] == "application/json"
    assert call.headers["authorization"] == f"Bearer {TOKEN}"
    assert handed.answer == "200"


async def test_without_a_token_there_is_no_authorization(gateway):
    async with listening(gateway) as url:
        sender = GatewaySender(url)
        await sender.send(an_sms())
        await sender.close()
    assert "authorization" not in gateway.calls[0].headers


async def test_letters_beyond_ascii_arrive(sender, gateway):
    sms = an_sms(language="en")
    await sender.send(sms)
    assert gateway.calls[0].body["body"] == sms.body


@pytest.mark.parametrize(
    ("status", "permanent"),
    [
        (301, True),
        (307, True),
        (400, True),
        (401, False),
        (403, False),
        (404, False),
        (405, True),
        (408, False),
        (422, True),
        (425, False),
        (429, False),
        (500, False),
        (502, False),
        (503, False),
    ],
)
async def test_what_the_message_cannot_help_is_tried_again_and_the_rest_is_final(
    sender, gateway, status, permanent
):
    gateway.answers.append(answer(status, location="http://127.0.0.1:1/elsewhere"))
    error = await refusal(sender)
    assert error.permanent is permanent
    assert error.reason == f"the gateway answered {status}"
    assert len(gateway.calls) == 1


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_every_2xx_is_sent(sender, gateway, status):
    gateway.answers.append(answer(status))
    assert (await sender.send(an_sms())).answer == str(status)


@pytest.mark.parametrize(
    ("headers", "wish"),
    [
        ({"retry_after": "30"}, timedelta(seconds=30)),
        (
            {
                "retry_after": "Mon, 23 Nov 2026 14:03:00 GMT",
                "date": "Mon, 23 Nov 2026 14:02:00 GMT",
            },
            timedelta(minutes=1),
        ),
        ({"retry_after": "Mon, 23 Nov 2026 14:03:00 GMT"}, timedelta(0)),
        ({"retry_after": "-5"}, timedelta(0)),
        ({"retry_after": "soon"}, timedelta(0)),
        ({"retry_after": "9" * 300}, timedelta(seconds=999999)),
        ({}, timedelta(0)),
    ],
)
async def test_the_gateway_s_wish_is_heard(sender, gateway, headers, wish):
    gateway.answers.append(answer(429, **headers))
    assert (await refusal(sender)).retry_after == wish


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b'{"id": "SM0123456789abcdef"}', "200 SM0123456789abcdef"),
        (b'{"message_id": "f3b0c442-98fc-1c14"}', "200 f3b0c442-98fc-1c14"),
        (b'{"id": "482913"}', "200"),
        (b'{"id": "drop table <b>"}', "200"),
        (b'{"id": 12345678}', "200"),
        (b'["id"]', "200"),
        (b"accepted", "200"),
        (b"\xff\xfe", "200"),
        (b'"' + b"x" * 20_000 + b'"', "200"),
    ],
)
async def test_of_the_answer_only_an_id_is_kept(sender, gateway, body, kept):
    gateway.answers.append(answer(200, body))
    assert (await sender.send(an_sms())).answer == kept


@pytest.fixture
def hurried(monkeypatch):
    """Wait less long for the end of an answer."""
    monkeypatch.setattr(gateway_module, "_BODY_SECONDS", 0.2)


async def test_200_stands_even_if_the_body_never_ends(sender, gateway, hurried):
    gateway.answers.append(b"HTTP/1.1 200 OK\r\n\r\n")
    gateway.drip = True
    async with asyncio.timeout(6):
        assert (await sender.send(an_sms())).answer == "200"


async def test_a_cut_body_after_200_is_still_sent(sender, gateway, hurried):
    gateway.answers.append(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
    assert (await sender.send(an_sms())).answer == "200"


async def test_gibberish_is_tried_again(sender, gateway):
    gateway.answers.append(b"SMTP? no.\r\n\r\n")
    error = await refusal(sender)
    assert not error.permanent


async def test_no_proxy_of_the_environment_sees_a_code(sender, gateway, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    await sender.send(an_sms())
    assert len(gateway.calls) == 1


async def test_a_password_in_the_url_is_in_no_error():
    sender = GatewaySender("http://ann:hunter2@127.0.0.1:1/sms?key=hunter2", whole_seconds=2)
    error = await refusal(sender)
    assert "hunter2" not in error.reason
    assert "hunter2" not in repr(sender)
    assert error.__cause__ is None
    await sender.close()
