"""Ids that sort by the time they were made."""

from latchstring.base.ids import new_id


def test_an_id_says_what_it_is_of_and_never_repeats():
    ids = {new_id("usr") for _ in range(1000)}

    assert len(ids) == 1000
    assert all(found.startswith("usr_") and len(found) == 36 for found in ids)


def test_a_later_id_sorts_after_an_earlier_one():
    made = [new_id("evt") for _ in range(1000)]

    assert made == sorted(made)
