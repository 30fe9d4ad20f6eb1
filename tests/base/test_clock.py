"""The machine's clock as rows keep it, and the one that nobody can set back."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from latchstring.base import clock as module
from latchstring.base.clock import HELD, SteadyClock, SystemClock, stamp

MILLISECOND = 1_000_000
SECOND = 1000 * MILLISECOND
HOUR = 3600 * SECOND
START = 1_795_435_200 * SECOND
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass
class Machine:
    """A machine whose wall clock anybody can set; and a database with a clock of its own."""

    steady: int = 7 * HOUR
    wall: int = START
    database: int = START

    def clock(self) -> SteadyClock:
        return SteadyClock(lambda: self.wall, lambda: self.steady)

    def passes(self, nanoseconds: int) -> None:
        self.steady += nanoseconds
        self.wall += nanoseconds
        self.database += nanoseconds

    def sampled(self, clock: SteadyClock, *, there: int = 0, back: int = 0) -> timedelta:
        """Ask the database for its time; the way there and back takes so long."""
        began = self.steady
        self.passes(there)
        milliseconds = self.database // MILLISECOND
        self.passes(back)
        return clock.follow(milliseconds, began, self.steady)


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.mark.parametrize("clock", [SystemClock(), SteadyClock()])
def test_the_time_is_aware_has_whole_milliseconds_and_is_the_machines(clock):
    before, now, after = time.time(), clock.now(), time.time()

    assert now.tzinfo is UTC
    assert now.microsecond % 1000 == 0
    assert before - 0.002 <= now.timestamp() <= after + 0.002


def test_time_passes(machine):
    clock = machine.clock()
    assert clock.now() == NOON

    machine.passes(1500 * MILLISECOND)
    assert clock.now() == NOON + timedelta(seconds=1.5)
    machine.passes(MILLISECOND - 1)
    assert clock.now() == NOON + timedelta(seconds=1.5)
    machine.passes(1)
    assert clock.now() == NOON + timedelta(seconds=1.501)


def test_without_a_clock_that_counts_sleep_another_steady_one_serves(monkeypatch):
    monkeypatch.delattr(time, "CLOCK_BOOTTIME")

    assert module._counter() is time.monotonic_ns


def test_a_clock_that_the_system_refuses_is_not_used(monkeypatch):
    def refused(_clock: int) -> int:
        raise OSError

    monkeypatch.setattr(time, "clock_gettime_ns", refused)

    assert module._counter() is time.monotonic_ns


@pytest.mark.parametrize("look", [SteadyClock.now, SteadyClock.look])
def test_a_counter_that_is_set_back_with_the_machine_takes_no_time_back(machine, look):
    clock = machine.clock()
    machine.passes(SECOND)
    told = clock.now()
    machine.steady -= HOUR
    machine.wall -= HOUR

    look(clock)

    assert clock.now() == told
    machine.passes(SECOND)
    assert clock.now() == told + timedelta(seconds=1)


def test_a_sample_during_which_the_counter_was_set_back_proves_nothing(machine):
    clock = machine.clock()
    machine.sampled(clock)
    machine.passes(SECOND)
    began = machine.steady
    machine.steady -= HOUR

    assert clock.follow(machine.database // MILLISECOND, began, machine.steady) == timedelta()
    assert clock.now() == NOON  # where the counter was seen last
    machine.passes(SECOND)
    assert machine.sampled(clock) == timedelta()
    assert abs(clock.now().timestamp() - machine.database / SECOND) <= 0.002


# --- the wall clock -------------------------------------------------------------------------------


def test_a_wall_clock_set_back_is_not_followed_and_told_once(machine):
    clock = machine.clock()
    machine.wall -= HOUR

    with capture_logs() as logs:
        for _ in range(200):
            machine.passes(SECOND)
            clock.look()

    assert clock.now() == NOON + timedelta(seconds=200)
    assert logs == [{"event": "wall_clock_went_back", "seconds": 3600, "log_level": "warning"}]


def test_a_wall_clock_that_comes_back_to_us_is_followed_again_and_told_when_it_leaves_again(
    machine,
):
    clock = machine.clock()
    with capture_logs() as logs:
        for step in (-HOUR, HOUR + SECOND, -HOUR):
            machine.wall += step
            clock.look()

    assert clock.now() == NOON + timedelta(seconds=1)
    assert [line["event"] for line in logs] == ["wall_clock_went_back"] * 2


def test_a_wall_clock_set_ahead_is_followed_once_it_has_stayed_there(machine):
    clock = machine.clock()
    machine.wall += HOUR

    with capture_logs() as logs:
        for _ in range(30):
            clock.look()
            assert clock.now() < NOON + timedelta(minutes=1)
            machine.passes(SECOND)
        clock.look()

    assert clock.now() == NOON + timedelta(hours=1, seconds=30)
    assert logs == [{"event": "wall_clock_went_ahead", "seconds": 3600, "log_level": "warning"}]


def test_a_wall_clock_set_ahead_by_mistake_and_back_within_moments_leaves_no_trace(machine):
    clock = machine.clock()
    for _ in range(3):
        machine.wall += HOUR
        for _ in range(20):
            clock.look()
            machine.passes(SECOND)
        machine.wall -= HOUR
        clock.look()

    assert clock.now() == NOON + timedelta(minutes=1)


def test_a_wall_clock_set_ahead_twice_must_stay_at_the_second_place(machine):
    clock = machine.clock()
    for _ in range(2):
        machine.wall += HOUR
        for _ in range(20):
            clock.look()
            machine.passes(SECOND)

    assert clock.now() == NOON + timedelta(seconds=40)


def test_small_steps_ahead_are_followed_at_once(machine):
    clock = machine.clock()
    machine.wall += 2 * SECOND

    clock.look()

    assert clock.now() == NOON + timedelta(seconds=2)


def test_small_steps_back_are_waited_for(machine):
    clock = machine.clock()
    clock.now()
    machine.wall -= 2 * SECOND
    clock.look()

    for _ in range(20):
        assert clock.now() == NOON
        machine.passes(100 * MILLISECOND)
    machine.passes(100 * MILLISECOND)
    assert clock.now() == NOON + timedelta(seconds=0.1)


def test_many_small_steps_back_do_not_stop_the_time_for_long(machine):
    clock = machine.clock()
    told = clock.now()
    for _ in range(60):
        machine.wall -= SECOND
        clock.look()
        assert clock.now() >= told
        told = clock.now()
        machine.passes(SECOND // 2)

    assert told >= NOON + timedelta(seconds=20)


# --- the database's clock -------------------------------------------------------------------------


def test_the_first_sample_sets_the_time_in_either_direction(machine):
    for offset in (-HOUR, HOUR):
        clock = machine.clock()
        clock.now()
        machine.database = machine.wall + offset

        assert machine.sampled(clock) == timedelta()

        assert clock.now() == NOON + timedelta(microseconds=offset // 1000)


def test_the_middle_of_the_first_round_trip_counts(machine):
    clock = machine.clock()

    machine.sampled(clock, there=30 * MILLISECOND, back=10 * MILLISECOND)

    assert abs(clock.now().timestamp() - machine.database / SECOND) <= 0.011


def test_samples_that_prove_nothing_move_nothing(machine):
    clock = machine.clock()
    machine.sampled(clock)
    anchor = clock._anchor

    for there, back in ((0, 0), (400, 0), (0, 400), (1, 3), (90_000, 0), (0, 90_000)):
        machine.sampled(clock, there=there * MILLISECOND, back=back * MILLISECOND)

    assert clock._anchor == anchor


def test_a_database_ahead_is_followed_at_once_and_a_large_step_is_told(machine):
    clock = machine.clock()
    machine.sampled(clock)

    with capture_logs() as logs:
        for step in (SECOND, HOUR):
            machine.database += step
            machine.sampled(clock)

    ahead = clock.now() - NOON - timedelta(hours=1, seconds=1)
    assert abs(ahead) <= timedelta(milliseconds=1)  # a sample is rounded
    assert logs == [{"event": "database_clock_went_ahead", "seconds": 3600, "log_level": "warning"}]


def test_a_slow_sample_moves_the_time_no_further_than_it_proves(machine):
    clock = machine.clock()
    machine.sampled(clock)
    machine.database += SECOND

    machine.sampled(clock, there=400 * MILLISECOND)

    told = clock.now()
    assert told <= datetime.fromtimestamp(machine.database / SECOND, UTC)
    assert told >= NOON + timedelta(seconds=0.999)


def test_a_database_a_little_back_is_waited_for(machine):
    clock = machine.clock()
    machine.sampled(clock)
    machine.passes(10 * SECOND)
    told = clock.now()
    machine.database -= 4 * SECOND

    assert machine.sampled(clock) == timedelta()

    for _ in range(39):
        machine.passes(100 * MILLISECOND)
        assert clock.now() == told
    machine.passes(101 * MILLISECOND)
    assert clock.now() > told
    assert abs(clock.now().timestamp() - machine.database / SECOND) <= 0.002


def test_a_database_far_back_is_not_followed_and_told_by_how_much(machine):
    clock = machine.clock()
    machine.sampled(clock)
    machine.database -= HOUR

    back = machine.sampled(clock)

    assert timedelta(minutes=59) < back <= timedelta(hours=1)
    assert clock.now() == NOON


def test_many_small_steps_of_the_database_back_are_one_large_one(machine):
    clock = machine.clock()
    machine.sampled(clock)
    clock.now()
    machine.database -= 3 * SECOND
    assert machine.sampled(clock) == timedelta()
    machine.database -= 3 * SECOND

    assert machine.sampled(clock) >= HELD
    assert clock.now() == NOON


def test_beginning_again_takes_the_databases_time_as_it_is(machine):
    clock = machine.clock()
    machine.sampled(clock)
    clock.now()

    clock.begin_again((START - HOUR) // MILLISECOND, machine.steady, machine.steady)

    assert clock.now() == NOON - timedelta(hours=1)
    machine.passes(SECOND)
    assert clock.now() == NOON - timedelta(hours=1) + timedelta(seconds=1)


def test_what_a_thread_still_tells_of_the_time_before_does_not_stop_the_new_one(machine):
    clock = machine.clock()
    machine.sampled(clock)
    clock.begin_again((START - HOUR) // MILLISECOND, machine.steady, machine.steady)
    clock._last = (START // MILLISECOND, NOON)

    assert clock.now() == NOON - timedelta(hours=1)


def test_drift_is_corrected_and_the_time_never_goes_back(machine):
    clock = machine.clock()
    machine.sampled(clock)
    told = clock.now()
    for look in range(2000):
        drift = 60_000 if look < 1000 else -60_000
        machine.passes(SECOND // 2)
        machine.database += drift
        machine.sampled(clock, there=look % 5 * MILLISECOND, back=look % 3 * MILLISECOND)
        assert clock.now() >= told
        told = clock.now()
        assert abs(told.timestamp() - machine.database / SECOND) <= 0.012


def test_a_line_of_the_log_says_when_to_the_microsecond():
    before = datetime.now(UTC)
    stamps = [datetime.fromisoformat(stamp()) for _ in range(100)]

    assert stamps == sorted(stamps)
    assert before <= stamps[0] + timedelta(microseconds=1)
    assert stamps[-1] <= datetime.now(UTC)
