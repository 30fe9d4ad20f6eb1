"""The senders of an installation together."""

import pytest

from latchstring.domain.delivery.senders import SendError, Senders
from tests.support.delivery import FakeSender, a_mail, an_sms


async def test_each_kind_goes_to_its_sender():
    mail, sms = FakeSender(), FakeSender()
    senders = Senders(email=mail, sms=sms)
    await senders.send(a_mail())
    await senders.send(an_sms())
    assert (len(mail.parcels), len(sms.parcels)) == (1, 1)


@pytest.mark.parametrize("parcel", [a_mail(), an_sms()], ids=["email", "sms"])
async def test_a_channel_without_a_sender_is_a_final_refusal(parcel):
    with pytest.raises(SendError, match="no sender is configured") as error:
        await Senders(email=None, sms=None).send(parcel)
    assert error.value.permanent


async def test_closing_closes_both():
    mail, sms = FakeSender(), FakeSender()
    await Senders(email=mail, sms=sms).close()
    await Senders(email=None, sms=None).close()
    assert (mail.closed, sms.closed) == (True, True)
