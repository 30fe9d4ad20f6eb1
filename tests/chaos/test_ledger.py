"""The check at the end of each run notices what must never happen."""

import json

import pytest

from chaos.figures import Figure
from chaos.ledger import OK, START, VERIFY, Ledger, check
from chaos.messages import Messages
from chaos.wire import Answer, NoAnswer

YES = Answer(OK, {}, b"{}", 0.01)
CUT = NoAnswer("reset", was_sent=True)


@pytest.fixture
def messages(tmp_path):
    return Messages(tmp_path / "messages.jsonl")


def arrive(messages, to, *, id_="one", code="123456", digest="same"):
    entry = {
        "kind": "mail",
        "at": 1.0,
        "to": to,
        "id": id_,
        "code": code,
        "link": "",
        "digest": digest,
    }
    with messages.path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")


def ask(ledger, kind, person, outcome=YES, code=""):
    ledger.close(ledger.open(kind, person, code=code), outcome)


def broken(figures: list[Figure]) -> list[str]:
    return [each.text for each in figures if not each.holds]


def test_a_run_in_which_all_is_well_says_so(messages):
    ledger = Ledger()
    ask(ledger, START, "alice")
    arrive(messages, "alice")
    ask(ledger, VERIFY, "alice", code="123456")

    assert broken(check(ledger, messages, {"alice": 1})) == []


def test_an_acknowledged_send_without_a_message_is_lost(messages):
    ledger = Ledger()
    ask(ledger, START, "alice")

    assert broken(check(ledger, messages, {})) == ["acknowledged sends lost: 1 of 1 (alice)"]


def test_a_second_acknowledgment_wants_a_second_message_and_not_a_copy(messages):
    ledger = Ledger()
    ask(ledger, START, "alice")
    ask(ledger, START, "alice")
    arrive(messages, "alice")
    arrive(messages, "alice")

    assert len(broken(check(ledger, messages, {}))) == 1


def test_a_send_that_was_not_acknowledged_may_be_lost(messages):
    ledger = Ledger()
    ask(ledger, START, "alice", CUT)

    assert broken(check(ledger, messages, {})) == []


def test_who_is_excused_may_have_none(messages):
    ledger = Ledger()
    ask(ledger, START, "alice")

    assert broken(check(ledger, messages, {}, excused={"alice"})) == []


def test_copies_of_a_message_must_not_differ(messages):
    arrive(messages, "alice")
    arrive(messages, "alice", digest="other")

    assert len(broken(check(Ledger(), messages, {}))) == 1


def test_a_message_sent_again_under_another_id_was_asked_for_by_nobody(messages):
    ledger = Ledger()
    ask(ledger, START, "alice")
    arrive(messages, "alice")
    arrive(messages, "alice", id_="two", code="654321")

    assert broken(check(ledger, messages, {})) == ["messages nobody asked for: 1 (alice)"]


def test_a_start_without_an_answer_may_have_sent_a_message(messages):
    ledger = Ledger()
    ask(ledger, START, "alice", CUT)
    ask(ledger, START, "alice", Answer(503, {}, b"{}", 0.01))
    arrive(messages, "alice")
    arrive(messages, "alice", id_="two", code="654321")

    assert broken(check(ledger, messages, {})) == []


def test_a_start_that_was_refused_sends_nothing(messages):
    ledger = Ledger()
    ask(ledger, START, "alice", Answer(429, {}, b"{}", 0.01))
    arrive(messages, "alice")

    assert broken(check(ledger, messages, {})) == ["messages nobody asked for: 1 (alice)"]


def test_who_was_asked_for_past_the_ledger_has_one_message(messages):
    arrive(messages, "blasted")
    arrive(messages, "blasted")
    assert broken(check(Ledger(), messages, {})) == []

    arrive(messages, "blasted", id_="two", code="654321")
    assert len(broken(check(Ledger(), messages, {}))) == 1


def test_two_successes_with_one_code_are_one_too_many(messages):
    ledger = Ledger()
    ask(ledger, START, "alice")
    arrive(messages, "alice")
    ask(ledger, VERIFY, "alice", code="123456")
    ask(ledger, VERIFY, "alice", code="123456")

    assert len(broken(check(ledger, messages, {"alice": 2}))) == 1


def test_a_success_with_a_code_that_nobody_was_sent_is_wrong(messages):
    ledger = Ledger()
    ask(ledger, VERIFY, "mallory", code="000000")

    assert len(broken(check(ledger, messages, {"mallory": 1}))) == 1


def test_a_success_that_consumed_nothing_is_wrong(messages):
    ledger = Ledger()
    ask(ledger, START, "alice")
    arrive(messages, "alice")
    ask(ledger, VERIFY, "alice", code="123456")

    assert len(broken(check(ledger, messages, {}))) == 1


def test_a_code_may_be_consumed_for_an_answer_that_was_lost_on_its_way(messages):
    ledger = Ledger()
    ask(ledger, START, "alice")
    ask(ledger, START, "alice")
    arrive(messages, "alice")
    arrive(messages, "alice", id_="two", code="654321")
    ask(ledger, VERIFY, "alice", CUT, code="123456")
    ask(ledger, VERIFY, "alice", code="654321")

    assert broken(check(ledger, messages, {"alice": 2})) == []


def test_a_line_that_is_not_whole_yet_is_read_later(messages):
    with messages.path.open("w", encoding="utf-8") as file:
        file.write('{"kind": "mail", "at"')
    messages.refresh()
    assert messages.all == []

    messages.path.write_text("", encoding="utf-8")
    arrive(messages, "alice")
    messages.refresh()
    assert [message.to for message in messages.all] == ["alice"]
