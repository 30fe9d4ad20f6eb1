"""The program keeps the rules, whatever people, time and crashes do, beside a plain model."""

import asyncio
import os
import shutil
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from latchstring.base.settings import LimitSettings, Rate
from tests.conftest import FULL
from tests.model.rules import PAGE_LIFETIME, Code, Page, Rules, way_in
from tests.support.clock import FixedClock
from tests.support.house import START_OF_TIME
from tests.support.places import ALL, PLAIN, POSTGRESQL, SQLITE, here
from tests.support.world import CRASHED, ChallengeRow, UserRow, World

ALICE, BOB, MALLORY = "alice@example.com", "bob@example.com", "mallory@example.com"
TEXTED, NEIGHBOR, ABROAD = "+14155550100", "+14155550123", "+33639980001"
SPELLED = {
    ALICE: ["Alice@EXAMPLE.com ", ALICE],
    BOB: [BOB],
    MALLORY: ["mallory@example.COM"],
    TEXTED: ["+1 (415) 555-0100", "0014155550100"],
    NEIGHBOR: [NEIGHBOR],
    ABROAD: [ABROAD],
}

people = st.sampled_from([*[ALICE] * 6, BOB, BOB, MALLORY, TEXTED, TEXTED, NEIGHBOR, ABROAD])
clients = st.sampled_from(["acme-web", "acme-spa"])
names = st.sampled_from(["laptop", "phone", "library"])
addresses = st.sampled_from(["192.0.2.1", "2001:db8::7", "2001:db8::1:2:3:4"])
picks = st.just(0) | st.integers(0, 30)
kinds = st.sampled_from(["right", "wrong", "any", "any of anybody", "nonsense"])
fuses = st.just(0) | st.just(0) | st.integers(0, 16)
spaces = st.sampled_from(["{}", " {}\n", "Your code is {}", "\u200b{}\u00a0"])
waits = st.sampled_from([0.001, 1, 5, 30, 59, 60, 61, 120, 300, 599, 600, 1799, 3600])
long_waits = st.sampled_from([7200, 86400, 90000, 7 * 86400, 31 * 86400, 181 * 86400])

email_settings = st.fixed_dictionaries(
    {},
    optional={
        "live": st.integers(1, 5),
        "max_attempts": st.integers(1, 5),
        "code_length": st.sampled_from([6, 7, 8, 12]),
        "code_lifetime": st.sampled_from([60, 300, 600]),
        "link_lifetime": st.sampled_from([60, 600, 3600]),
        "sign_up": st.booleans(),
        "send": st.sampled_from(["both", "link", "code"]),
        "other_browser": st.sampled_from(["confirm", "code", "deny"]),
    },
)
sms_settings = st.fixed_dictionaries(
    {},
    optional={
        "live": st.integers(1, 5),
        "code_lifetime": st.sampled_from([60, 300]),
        "sign_up": st.booleans(),
    },
)

STEPS: dict[tuple[str, int], dict[str, st.SearchStrategy[Any]]] = {
    ("ask_on_a_page", 4): {
        "name": names,
        "client": clients,
        "person": people,
        "address": addresses,
        "times": st.sampled_from([1, 1, 1, 2]),
        "fuse": fuses,
    },
    ("ask_at_the_api", 4): {
        "client": clients,
        "person": people,
        "send": st.sampled_from(["link", "code", "both"]),
        "address": addresses,
        "fuse": fuses,
    },
    ("answer_at_the_api", 4): {
        "client": clients,
        "person": people,
        "kind": kinds,
        "pick": picks,
        "address": addresses,
        "dress": spaces,
        "fuse": fuses,
    },
    ("answer_on_a_page", 5): {
        "name": names,
        "kind": kinds,
        "pick": picks,
        "address": addresses,
        "dress": spaces,
        "fuse": fuses,
    },
    ("answer_many_times_at_once", 1): {
        "pick": picks,
        "kind": kinds,
        "count": st.integers(2, 6),
        "address": addresses,
    },
    ("press_a_link", 4): {
        "name": names,
        "pick": picks,
        "look_first": st.booleans(),
        "fuse": fuses,
    },
    ("read_the_code_behind_a_link", 1): {"name": names, "pick": picks},
    ("say_that_nobody_asked", 1): {"pick": picks, "fuse": fuses},
    ("come_back_with_a_session", 1): {"name": names},
    ("change_mail", 2): {"values": email_settings},
    ("change_texts", 1): {"values": sms_settings},
    ("administer", 2): {
        "pick": picks,
        "act": st.sampled_from(["block", "unblock", "unblock", "delete", "void"]),
        "fuse": fuses,
    },
    ("wait", 4): {"seconds": waits},
    ("wait_long", 1): {"seconds": long_waits},
    ("purge", 1): {},
    ("restart", 1): {},
}
"""What can happen, how often in proportion, and with what."""

steps = st.one_of(
    [
        st.tuples(st.just(name), st.fixed_dictionaries(arguments))
        for (name, weight), arguments in STEPS.items()
        for _ in range(weight)
    ]
)


class SigningIn(RuleBasedStateMachine):
    """Does each act to the model and to the program, and compares what came of it."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.folder = Path(tempfile.mkdtemp(prefix="latchstring-model-", dir=memory))
        self.subjects: set[str] = set()

    def run(self, coroutine):
        return self.runner.run(coroutine)

    @initialize(
        starts=st.integers(4, 20),
        per_address=st.integers(6, 30),
        wrong=st.integers(4, 25),
        per_day=st.integers(2, 8),
        per_month=st.integers(3, 12),
    )
    def begin(self, starts, per_address, wrong, per_day, per_month):
        hour, day = timedelta(hours=1), timedelta(days=1)
        limits = {
            "starts_per_identifier": (starts, hour),
            "starts_per_address": (per_address, hour),
            "wrong_answers_per_address": (wrong, day),
            "sms_per_number_block": (5, hour),
            "sms_per_installation": (9, day),
        }
        self.model = Rules(
            now=START_OF_TIME,
            settings={
                "email": {
                    "live": 5,
                    "max_attempts": 3,
                    "code_length": 6,
                    "code_lifetime": 600,
                    "link_lifetime": 600,
                    "sign_up": True,
                    "send": "both",
                    "other_browser": "confirm",
                },
                "sms": {
                    "live": 5,
                    "max_attempts": 3,
                    "code_length": 6,
                    "code_lifetime": 600,
                    "link_lifetime": 600,
                    "sign_up": True,
                    "send": "code",
                    "other_browser": "confirm",
                    "prefixes": ("+1", "+44", "+49"),
                },
            },
            limits=limits,
            per_day=per_day,
            per_month=per_month,
        )
        told: dict[str, Any] = {name: Rate(*limit) for name, limit in limits.items()}
        told["wrong_answers_per_identifier_per_day"] = per_day
        told["wrong_answers_per_identifier_per_month"] = per_month
        self.clock = FixedClock(START_OF_TIME)
        self.world = World(self.folder, self.clock, LimitSettings(**told))
        self.run(self.world.open())

    @rule(step=steps)
    def step(self, step):
        name, arguments = step
        getattr(self, name)(**arguments)

    def teardown(self) -> None:
        if hasattr(self, "world"):
            on_sqlite = here().kind == SQLITE
            damage = self.run(self.world.rows("damage", str)) if on_sqlite else ["ok"]
            self.run(self.world.close())
            assert damage == ["ok"]
        self.runner.close()
        here().close()
        shutil.rmtree(self.folder)

    # --- people ---------------------------------------------------------------------------------

    def ask_on_a_page(self, name, client, person, address, times, fuse):
        page = self.waiting_page(name)
        if page is None or page.client != client:
            page_id = self.run(self.world.visit(name, client))
            page = Page(browser=name, client=client, until=self.model.now + PAGE_LIFETIME)
            self.model.pages[page_id] = page
        send = self.model.settings[way_in(person)]["send"]
        starts = page.starts
        for _ in range(times):
            self.start(
                person, page.client, send, address=address, browser=name, starts=starts, fuse=fuse
            )

    def ask_at_the_api(self, client, person, send, address, fuse):
        send = send if way_in(person) == "email" else "code"
        self.start(person, client, send, address=address, browser=None, starts=0, fuse=fuse)

    def start(self, person, client, send, *, address, browser, starts, fuse):
        page = self.world.browser(browser).page if browser else None
        self.world.fuse.left = max(0, fuse)
        real = self.run(
            self.world.attempt(
                self.world.start(
                    self.spelled(person),
                    client,
                    send=send,
                    address=address,
                    browser=browser,
                    starts=starts,
                )
            )
        )
        if real == CRASHED:
            assert self.run(self.world.delivered()) == []
            self.model.crash_while_asking(person)
            return
        outcome, challenge_id = real
        now = self.model.now
        code = Code(
            id=challenge_id,
            person=person,
            client=client,
            address=None,
            page=page,
            send=send,
            length=0,
            tries=0,
            asked_at=now,
            code_until=now,
            link_until=now,
            decoy=False,
            goes_back=False,
        )
        counted = network(address)
        assert outcome == self.model.start(code, browser=browser, address=counted, starts=starts)
        self.read_mail(code if outcome[0] == "started" else None)

    def read_mail(self, code):
        messages = self.run(self.world.delivered())
        if code is None or code.decoy:
            assert messages == []
            return
        ((recipient, text, link),) = messages
        assert recipient == code.person
        assert (bool(text), bool(link)) == (code.send != "link", code.send != "code")
        assert text == "" or len(text) == code.length
        code.text, code.link = text, link

    def answer_at_the_api(self, *, client, person, kind, pick, address, dress, fuse):
        right = self.right_codes()
        if kind == "right" and right:
            code = self.chosen(right, pick)
            person, client = code.person, code.client
        text = self.text(person, client, kind, pick)
        how = {"dress": dress, "address": address, "fuse": fuse}
        self.answer(person, client, text, browser=None, **how)

    def answer_on_a_page(self, name, kind, pick, address, dress, fuse):
        page = self.waiting_page(name)
        if page is None or not page.person:
            return
        text = self.text(page.person, page.client, kind, pick)
        how = {"dress": dress, "address": address, "fuse": fuse}
        self.answer(page.person, page.client, text, browser=name, **how)

    def answer_many_times_at_once(self, pick, kind, count, address):
        read = [code for code in self.model.codes if code.text]
        if not read:
            return
        code = self.chosen(read, pick)
        text = self.text(code.person, code.client, kind, pick)

        async def together():
            one = self.world.answer
            return await asyncio.gather(
                *(
                    one(code.person, code.client, text, address=address, browser=None)
                    for _ in range(count)
                )
            )

        outcomes = self.run(together())
        assert sum(outcome[0] == "accepted" for outcome in outcomes) <= 1
        expected = [
            self.model.answer(
                code.person,
                code.client,
                text,
                browser=None,
                address=self.counted(code.client, address),
            )
            for _ in range(count)
        ]
        # They are all alike; only one file answers in the order in which it was asked.
        assert Counter(outcomes) == Counter(expected)
        assert here().kind != SQLITE or outcomes == expected

    def answer(self, person, client, text, *, dress, address, browser, fuse):
        before = self.world.browser(browser).session if browser else None
        self.world.fuse.left = max(0, fuse)
        outcome = self.run(
            self.world.attempt(
                self.world.answer(
                    self.spelled(person),
                    client,
                    dress.format(text),
                    address=address,
                    browser=browser,
                )
            )
        )
        if outcome == CRASHED:
            return
        counted = self.counted(client, address) if browser is None else network(address)
        expected = self.model.answer(person, client, text, browser=browser, address=counted)
        assert outcome == expected
        if outcome[0] == "accepted" and browser:
            self.signed_in(browser, person, before, self.world.browser(browser).page)

    def press_a_link(self, name, pick, look_first, fuse):
        code = self.a_link(pick)
        if code is None:
            return
        way = self.model.look(code, name)
        if look_first:
            assert self.run(self.world.look(code.link, name)) == way
        before = self.world.browser(name).session
        self.world.fuse.left = max(0, fuse)
        outcome = self.run(self.world.attempt(self.world.press(code.link, name)))
        if outcome == CRASHED:
            return
        assert outcome == self.model.press(code, name)
        if outcome[0] == "accepted":
            page = code.page if way[0] == "continue" else None
            self.signed_in(name, code.person, before, page)

    def signed_in(self, name, person, before, page_id):
        """Whoever started it here goes back to the application, once."""
        state = self.world.browser(name)
        assert state.session
        self.model.sign_in(name, person, state.session, before)
        page = self.model.pages.get(page_id or "")
        if page is None:
            return
        assert self.run(self.world.resume(name, page_id))
        page.done = True

    def read_the_code_behind_a_link(self, name, pick):
        code = self.a_link(pick)
        if code is None:
            return
        outcome, text = self.run(self.world.show(code.link, name))
        assert outcome == self.model.show(code, name)
        assert not (code.text and text) or code.text == text
        code.text = code.text or text

    def say_that_nobody_asked(self, pick, fuse):
        code = self.a_link(pick)
        if code is None:
            return
        self.world.fuse.left = max(0, fuse)
        if self.run(self.world.attempt(self.world.void(code.link))) != CRASHED:
            self.model.disown(code)

    def come_back_with_a_session(self, name):
        token = self.world.browser(name).session
        assert self.run(self.world.is_signed_in(token)) == self.model.is_signed_in(token)

    # --- administrators, time, trouble ----------------------------------------------------------

    def change_mail(self, values):
        self.run(self.world.connections.change("email", values))
        self.model.settings["email"].update(values)

    def change_texts(self, values):
        self.run(self.world.connections.change("sms", values))
        self.model.settings["sms"].update(values)

    def administer(self, pick, act, fuse):
        if not self.model.people:
            return
        person = self.chosen(sorted(self.model.people), pick)
        doing, users = self.world, self.world.users
        acts = {
            "block": (users.block, self.model.block),
            "unblock": (users.unblock, self.unblock),
            "delete": (users.delete, self.model.delete),
            "void": (users.void_codes, self.model.void),
        }
        really, by_the_rules = acts[act]
        doing.fuse.left = max(0, fuse)
        if self.run(doing.attempt(really(person))) != CRASHED:
            by_the_rules(person)

    def unblock(self, person):
        self.model.people[person].blocked = False

    def wait(self, seconds):
        self.clock.advance(seconds)
        self.model.now = self.clock.now()

    def wait_long(self, seconds):
        self.wait(seconds)

    def purge(self):
        self.run(self.world.purge())
        self.model.purge()

    def restart(self):
        self.run(self.world.close())
        self.run(self.world.open())
        self.model.restart()

    # --- what holds after every step ------------------------------------------------------------

    @invariant()
    def everything_agrees(self):
        if hasattr(self, "world"):
            self.the_same_codes_are_live()
            self.the_same_people_have_accounts()
            self.nothing_succeeds_twice_and_nothing_counts_below_zero()
            self.the_guess_budgets_agree()
            self.the_limits_agree()

    def the_same_codes_are_live(self):
        rows = self.run(self.world.rows("challenges", ChallengeRow))
        found = {row.id: (row.ended_by or "", row.wrong, row.decoy) for row in rows}
        assert found == {
            code.id: (code.ended, None if code.ended else code.wrong, code.decoy)
            for code in self.model.codes
        }

    def the_same_people_have_accounts(self):
        rows = {row.identifier: row for row in self.run(self.world.rows("users", UserRow))}
        assert rows.keys() == self.model.people.keys()
        for name, person in self.model.people.items():
            row = rows[name]
            if not person.subject:
                assert row.subject not in self.subjects
                person.subject = row.subject
                self.subjects.add(row.subject)
            assert (row.subject, row.blocked) == (person.subject, person.blocked)
            assert row.sign_ins == person.sign_ins
        subjects = [row.subject for row in rows.values()]
        assert len(set(subjects)) == len(subjects)

    def nothing_succeeds_twice_and_nothing_counts_below_zero(self):
        assert all(code.successes <= 1 for code in self.model.codes)
        assert not any(code.decoy and code.successes for code in self.model.codes)
        (lowest,) = self.run(self.world.rows("lowest", int))
        assert lowest is None or lowest >= 0

    def the_guess_budgets_agree(self):
        for person in {person for _, person, _ in self.model.guesses}:
            for kind in ("stranger", "known"):
                expected = tuple(self.model.wrong_within(person, kind, days) for days in (1, 30))
                assert self.run(self.world.guesses(person, kind)) == expected

    def the_limits_agree(self):
        for (name, key), (used, until) in self.model.windows.items():
            if until > self.model.now:
                assert self.run(self.world.window(name, key)) == (used, until)

    # --- choosing -------------------------------------------------------------------------------

    def text(self, person: str, client: str, kind: str, pick: int) -> str:
        """A code to type: right, wrong, or one that was right somewhere, some time."""
        mine = [c for c in self.model.codes if c.text and c.person == person]
        right = [c for c in self.model.live(person) if c.text and c.client == client]
        pools = {"right": right, "any": mine, "any of anybody": self.model.codes}
        texts = [code.text for code in pools.get(kind, []) if code.text]
        if texts:
            return self.chosen(texts, pick)
        if kind == "nonsense":
            return self.chosen(["", "0", "x", "9" * 40, "\x00", "' or 1=1 --"], pick)
        return f"{pick:05}"  # five digits are never a code

    def right_codes(self) -> list[Code]:
        """Codes that somebody has read and that still work."""
        return [code for p in SPELLED for code in self.model.live(p) if code.text]

    def waiting_page(self, name: str) -> Page | None:
        """The sign-in that waits in a browser."""
        page = self.model.pages.get(self.world.browser(name).page or "")
        return page if page and self.model.waits(page) else None

    def a_link(self, pick: int) -> Code | None:
        links = [code for code in self.model.codes if code.link]
        links.sort(key=lambda code: (not code.ended, code.link_until > self.model.now))
        return self.chosen(links, pick) if links else None

    def spelled(self, person: str) -> str:
        """An address or a number as somebody might type it."""
        ways = SPELLED[person]
        return ways[len(self.model.codes) % len(ways)]

    @staticmethod
    def chosen(items, pick):
        """The newest come first: most of what happens, happens to them."""
        return items[-1 - pick % len(items)]

    @staticmethod
    def counted(client: str, address: str) -> str | None:
        return None if client == "acme-web" else network(address)


def network(address: str) -> str:
    """What an address counts as: a subscriber has a whole IPv6 network."""
    return "2001:db8::/64" if ":" in address else address


EXAMPLES = (
    {SQLITE: 200, POSTGRESQL: 60, PLAIN: 40} if FULL else {SQLITE: 40, POSTGRESQL: 8, PLAIN: 5}
)


@pytest.mark.at(*ALL)
@pytest.mark.parametrize("_round", range(10 if FULL else 1))
def test_the_program_keeps_the_rules_as_plainly_told(_round):
    run_state_machine_as_test(
        SigningIn,
        settings=settings(
            max_examples=EXAMPLES[here().kind],
            stateful_step_count=60,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            # Making a failure of thousands of steps small takes longer than the time-out allows.
            phases=tuple(Phase) if FULL else (Phase.explicit, Phase.reuse, Phase.generate),
        ),
    )
