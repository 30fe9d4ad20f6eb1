"""The rules of signing in, in plain Python: what a reader of the documentation would expect.

Nothing here knows of databases, digests or concurrency, and nothing is imported from the program.
The state machine beside it does the same to this model and to the real thing and compares.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any

Outcome = tuple[Any, ...]
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
PAGE_LIFETIME = timedelta(minutes=30)
LONG = 10
FAR_PAST = datetime.min.replace(tzinfo=UTC)


@dataclass(eq=False)
class Code:
    """One request for a message: its code and its link."""

    id: str
    person: str
    client: str
    address: str | None
    page: str | None
    send: str
    length: int
    tries: int
    asked_at: datetime
    code_until: datetime
    link_until: datetime
    decoy: bool
    goes_back: bool
    text: str = ""
    """The digits, once somebody has read them."""

    link: str = ""
    wrong: int = 0
    ended: str = ""
    successes: int = 0

    def fits(self, client: str, text: str) -> bool:
        """Whether somebody who has read the code typed it, into the right application."""
        return self.text == text != "" and self.client == client and not self.decoy


@dataclass(eq=False)
class Person:
    """A user."""

    subject: str = ""
    blocked: bool = False
    sign_ins: int = 0
    strangers_before: datetime = FAR_PAST


@dataclass(eq=False)
class Session:
    """A signed-in browser."""

    person: Person
    seen: datetime
    idle_until: datetime
    until: datetime
    ended: bool = False


@dataclass(eq=False)
class Page:
    """A hosted sign-in that waits in one browser."""

    browser: str
    client: str
    until: datetime
    person: str = ""
    starts: int = 0
    done: bool = False


@dataclass(eq=False)
class Rules:
    """Everything that matters, and what each act does to it."""

    now: datetime
    settings: dict[str, dict[str, Any]]
    limits: dict[str, tuple[int, timedelta]]
    per_day: int
    per_month: int
    codes: list[Code] = field(default_factory=list)
    people: dict[str, Person] = field(default_factory=dict)
    pages: dict[str, Page] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    known: dict[tuple[str, str], datetime] = field(default_factory=dict)
    guesses: list[tuple[datetime, str, str]] = field(default_factory=list)
    windows: dict[tuple[str, str], tuple[int, datetime]] = field(default_factory=dict)
    texts_in_hand: int = 0

    # --- asking ---------------------------------------------------------------------------------

    def start(
        self, code: Code, *, browser: str | None, address: str, starts: int | None
    ) -> Outcome:
        """Somebody asks for a message; the terms are those of this moment."""
        settings, kind = self.settings[way_in(code.person)], self.kind(browser, code.person)
        if not code.person.startswith(settings.get("prefixes", "")):
            return ("refused",)
        if not code.page and settings["other_browser"] == "deny" and code.send == "link":
            return ("refused",)
        page = self.pages.get(code.page or "")
        twice = page and (page.starts != starts or not self.waits(page))
        no_text = self._take_text() if way_in(code.person) == "sms" else None
        limit = None if twice else self._limit(code, kind, address) or no_text
        if twice or limit:
            if way_in(code.person) == "sms" and no_text is None:
                self.texts_in_hand += 1
            return limit or ("twice",)
        self._issue(code, settings, long=self._is_used_up(code.person, kind))
        if page:
            page.starts, page.person = page.starts + 1, code.person
            page.until = max(page.until, code.code_until + MINUTE, code.link_until + MINUTE)
        return ("started", code.length)

    def crash_while_asking(self, person: str) -> None:
        """Nothing comes of it; only the right to a text that was taken stays in hand."""
        if way_in(person) == "sms" and self._take_text() is None:
            self.texts_in_hand += 1

    def restart(self) -> None:
        """What was in hand is lost until its window ends."""
        self.texts_in_hand = 0

    def _take_text(self) -> Outcome | None:
        """All processes share the installation's texts, and each takes the right to some ahead."""
        key = ("sms_per_installation", "")
        if self.windows.get(key, (0, self.now))[1] <= self.now:
            self.texts_in_hand = 0
        if self.texts_in_hand:
            self.texts_in_hand -= 1
            return None
        until = self._spend(*key)
        return ("limit", key[0], until) if until else None

    def _limit(self, code: Code, kind: str, address: str) -> Outcome | None:
        before = dict(self.windows)
        for name, key in self._counted_at_a_start(code, kind, address):
            until = self._spend(name, key)
            if until:
                self.windows = before
                return ("limit", name, until)
        return None

    def _counted_at_a_start(self, code: Code, kind: str, address: str) -> list[tuple[str, str]]:
        keys = [("starts_per_identifier", f"{kind} {code.person}")]
        if code.client != "acme-web" or code.page:
            keys.append(("starts_per_address", address))
            code.address = address
        if way_in(code.person) == "sms":
            keys.append(("sms_per_number_block", code.person[:-4]))
        return keys

    def _issue(self, code: Code, settings: dict[str, Any], *, long: bool) -> None:
        code.length = max(settings["code_length"], LONG) if long else settings["code_length"]
        code.tries = settings["max_attempts"]
        code.asked_at = self.now
        code.code_until = self.now + timedelta(seconds=settings["code_lifetime"])
        code.link_until = self.now + timedelta(seconds=settings["link_lifetime"])
        code.decoy = not self.is_welcome(code.person)
        self.codes.append(code)
        open_codes = [c for c in self.codes if c.person == code.person and not c.ended]
        for old in open_codes[: -settings["live"]]:
            old.ended = "superseded"

    # --- answering ------------------------------------------------------------------------------

    def answer(
        self, person: str, client: str, text: str, *, browser: str | None, address: str | None
    ) -> Outcome:
        """Somebody types a code; ``address`` unless the application proved its secret."""
        until = address and self._spend("wrong_answers_per_address", address)
        if until:
            return ("limit", "wrong_answers_per_address", until)
        outcome = self._answer(person, client, text, self.kind(browser, person))
        if address and not self._was_a_guess:
            self._give_back([("wrong_answers_per_address", address)])
        return outcome

    def _answer(self, person: str, client: str, text: str, kind: str) -> Outcome:
        used_up = self._is_used_up(person, kind)
        live = [c for c in self.live(person) if not used_up or c.length >= LONG]
        fits = [c for c in live if c.fits(client, text)]
        self._was_a_guess = False
        if fits and self.is_welcome(person):
            return self._succeed(fits[-1])
        mine = [c for c in self.codes if c.person == person and c.fits(client, text)]
        old = [c for c in mine if c.ended or c.code_until <= self.now]
        if old:
            left = max((c.tries - c.wrong for c in live), default=None)
            return ("wrong", left) if old[-1].ended else ("expired",)
        self._was_a_guess = True
        if not live:
            return ("too many",) if self.unanswered(person) else ("wrong", None)
        self.guesses.append((whole_hour(self.now), person, kind))
        for code in live:
            code.wrong += 1
        left = max(c.tries - c.wrong for c in live)
        return ("wrong", left) if left else ("too many",)

    # --- links ----------------------------------------------------------------------------------

    def look(self, code: Code, browser: str) -> Outcome:
        """What a link offers in a browser."""
        if code.ended or code.link_until <= self.now:
            return ("over", code.ended or "expired")
        page = self.pages.get(code.page or "")
        if page and page.browser == browser and self.waits(page):
            return ("continue", "live")
        policy = self.settings[way_in(code.person)]["other_browser"]
        return ({"confirm": "confirm", "code": "code", "deny": "denied"}[policy], "live")

    def press(self, code: Code, browser: str) -> Outcome:
        """Somebody presses the button of a link's page."""
        way, state = self.look(code, browser)
        if way == "over":
            return ("refused", state)
        if way in ("code", "denied"):
            return ("refused", "denied")
        return self._succeed(code) if self.is_welcome(code.person) else ("refused", "unknown")

    def show(self, code: Code, browser: str) -> Outcome:
        """Somebody wants to read the code behind a link."""
        way, state = self.look(code, browser)
        if way in ("over", "denied"):
            return ("refused", state if way == "over" else "denied")
        somebody_waits = code.page is not None or code.send != "link" or way == "code"
        works = code.code_until > self.now and code.wrong < code.tries
        return ("code",) if somebody_waits and works else ("refused", "no code")

    def disown(self, code: Code) -> None:
        """Somebody says, on a link's page, that they did not ask; an old link ends nothing."""
        if not code.ended and code.link_until > self.now:
            self.void(code.person)

    def void(self, person: str) -> None:
        """Nobody asked for these."""
        self._end(person, "voided")

    # --- success --------------------------------------------------------------------------------

    def _succeed(self, code: Code) -> Outcome:
        code.successes += 1
        self._end(code.person, "used")
        if code.address is not None:
            self._give_back([("starts_per_address", code.address)])
        created = code.person not in self.people
        # Whoever comes back after a deletion is somebody new: the browsers of before are strangers.
        person = self.people.setdefault(code.person, Person(strangers_before=self.now))
        person.sign_ins += 1
        return ("accepted", created)

    def sign_in(self, browser: str, person: str, token: str, previous: str | None) -> None:
        """The browser that succeeded is signed in, and known from now on."""
        if previous in self.sessions:
            self.sessions[previous].ended = True
        self.sessions[token] = Session(
            self.people[person], self.now, self.now + 3 * DAY, self.now + 7 * DAY
        )
        self.known[browser, person] = self.now.replace(microsecond=0)

    def is_signed_in(self, token: str | None) -> bool:
        """Whether a cookie is worth anything; looking keeps the session alive."""
        found = self.sessions.get(token or "")
        if found is None or found.ended or found.person not in self.people.values():
            return False
        if found.person.blocked or self.now >= min(found.idle_until, found.until):
            return False
        if self.now - found.seen >= timedelta(minutes=5):
            found.seen, found.idle_until = self.now, self.now + 3 * DAY
        return True

    # --- administrators and time ----------------------------------------------------------------

    def block(self, person: str) -> None:
        """Shut a user out; their browsers are strangers when they come back."""
        self.people[person].blocked = True
        self.people[person].strangers_before = self.now
        self._end_sessions(person)
        self._end(person, "voided")

    def delete(self, person: str) -> None:
        """Remove a user."""
        self._end_sessions(person)
        self._end(person, "voided")
        del self.people[person]

    def purge(self) -> None:
        """Forget what expired a day ago; it changes no answer but that old codes become strange."""
        a_day_ago = self.now - DAY
        self.codes = [c for c in self.codes if max(c.code_until, c.link_until) >= a_day_ago]

    # --- questions ------------------------------------------------------------------------------

    def live(self, person: str) -> list[Code]:
        """The codes that an answer could fit."""
        return [c for c in self.unanswered(person) if c.wrong < c.tries]

    def unanswered(self, person: str) -> list[Code]:
        """The codes that are neither over nor expired."""
        mine = [c for c in self.codes if c.person == person and not c.ended]
        return [c for c in mine if c.code_until > self.now]

    def is_welcome(self, person: str) -> bool:
        """Whether a success would sign them in."""
        known = self.people.get(person)
        return self.settings[way_in(person)]["sign_up"] if known is None else not known.blocked

    def kind(self, browser: str | None, person: str) -> str:
        """Whose budget is spent."""
        known, since = self.people.get(person), self.known.get((browser or "", person))
        if known is None or since is None or self.now - since >= timedelta(days=180):
            return "stranger"
        forgotten = since + timedelta(seconds=1) <= known.strangers_before
        return "stranger" if forgotten else "known"

    def wrong_within(self, person: str, kind: str, days: float) -> int:
        """Wrong answers of late; they are counted by the hour and stay up to an hour longer."""
        gone = FAR_PAST if days == inf else self.now - timedelta(days=days, hours=1)
        return sum(1 for at, *who in self.guesses if who == [person, kind] and at > gone)

    def waits(self, page: Page) -> bool:
        """Whether the hosted sign-in still waits for its answer."""
        return not page.done and self.now < page.until

    # --- small parts ----------------------------------------------------------------------------

    def _is_used_up(self, person: str, kind: str) -> bool:
        day, month = (self.wrong_within(person, kind, days) for days in (1, 30))
        return day >= self.per_day or month >= self.per_month

    def _end(self, person: str, why: str) -> None:
        for code in self.codes:
            if code.person == person and not code.ended:
                code.ended = why

    def _end_sessions(self, person: str) -> None:
        for session in self.sessions.values():
            if session.person is self.people[person]:
                session.ended = True

    def _spend(self, name: str, key: str) -> datetime | None:
        allowed, window = self.limits[name]
        used, until = self.windows.get((name, key), (0, self.now))
        if until <= self.now:
            used, until = 0, self.now + window
        if used >= allowed:
            return until
        self.windows[name, key] = used + 1, until
        return None

    def _give_back(self, keys: list[tuple[str, str]]) -> None:
        for key in keys:
            used, until = self.windows.get(key, (0, self.now))
            if used and until > self.now:
                self.windows[key] = used - 1, until

    _was_a_guess = False


def way_in(person: str) -> str:
    """An address or a number."""
    return "email" if "@" in person else "sms"


def whole_hour(moment: datetime) -> datetime:
    """The hour that a moment lies in."""
    return moment.replace(minute=0, second=0, microsecond=0)
