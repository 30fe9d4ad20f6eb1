"""Slow places never hold up the rest."""

from latchstring.base.ids import MessageId
from latchstring.domain.delivery.lanes import Lanes, lane_of
from latchstring.domain.delivery.message import Channel
from tests.support.delivery import a_message


def ids(prefix, count):
    return [MessageId(f"{prefix}{number}") for number in range(count)]


def test_there_is_room_until_the_fast_places_are_taken():
    lanes = Lanes(fast=2, slow=2)
    for message in ids("a", 2):
        lanes.enter(message, "example.com", 0)
    assert lanes.room == 0
    lanes.leave(MessageId("a0"))
    assert lanes.room == 1


def test_what_is_slow_makes_room():
    lanes = Lanes(fast=2, slow=2, slow_after=2)
    for message in ids("a", 2):
        lanes.enter(message, "tarpit.example", 0)
    lanes.age(1.9)
    assert lanes.room == 0
    lanes.age(2)
    assert lanes.room == 2


def test_a_lane_fills_half_of_the_slow_places_and_no_more():
    lanes = Lanes(fast=4, slow=4)
    for message in ids("a", 2):
        lanes.enter(message, "tarpit.example", 0)
    assert lanes.admits("tarpit.example")
    lanes.age(5)
    assert not lanes.admits("tarpit.example")
    assert lanes.admits("example.com")
    lanes.leave(MessageId("a1"))
    assert lanes.admits("tarpit.example")


def test_the_longer_the_line_the_longer_it_waits():
    lanes = Lanes(slow=4)
    turns = [lanes.turn_away("tarpit.example") for _ in range(1000)]
    assert turns[0] < 1.1
    assert turns == sorted(turns)
    assert turns[-1] == 10
    assert lanes.turn_away("example.com") < 1.1
    lanes.enter(MessageId("a"), "tarpit.example", 0)
    assert lanes.turn_away("tarpit.example") < 1.1


def test_slow_places_run_out():
    lanes = Lanes(fast=3, slow=1)
    for message in ids("a", 3):
        lanes.enter(message, f"{message}.example", 0)
    lanes.age(9)
    assert lanes.room == 1


def test_leaving_twice_is_nothing():
    lanes = Lanes()
    lanes.leave(MessageId("a"))
    assert lanes.room == 16


def test_a_lane_is_a_domain_or_the_gateway():
    assert lane_of(a_message(recipient="bob@example.org")) == "example.org"
    assert lane_of(a_message(channel=Channel.SMS)) == "sms"
