"""The demo forgets the oldest sign-in before it forgets to stay small."""

from latchstring_demo.people import KEPT, People, Person

ALICE = Person({"sub": "email|alice"}, {"sub": "email|alice"}, "a.b.c")


def test_the_oldest_goes_first():
    people = People()
    first = people.remember(ALICE)
    last = [people.remember(ALICE) for _ in range(KEPT)][-1]
    assert people.find(first) is None
    assert people.find(last) is ALICE


def test_a_forgotten_person_is_gone():
    people = People()
    key = people.remember(ALICE)
    assert people.forget(key) is ALICE
    assert people.forget(key) is None
    assert people.find(None) is None
