"""The supervisor by itself: what it does where a process can't be started, or does not end."""

import asyncio
import dataclasses
import errno
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from latchstring.base.errors import Unavailable
from latchstring.main import supervision
from latchstring.main.departure import SIGNALS
from latchstring.main.supervision import Supervisor
from tests.support.administration import some_settings

SERVES = """
import os, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
os.write(int(sys.argv[1]), b'[true, "", null]\\n')
while True:
    signal.pause()
"""
NEVER_BEGINS = """
import pathlib, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path({deaf!r}).touch()
while True:
    time.sleep(60)
"""
SERVES_LATE = """
import os, pathlib, signal, sys, time
told = []
signal.signal(signal.SIGTERM, lambda *_: told.append(1))
pathlib.Path({listens!r}).touch()
while not told:
    time.sleep(0.01)
os.write(int(sys.argv[1]), b'[true, "", null]\\n')
time.sleep(0.2)
"""
PATIENCE = 10

spawn = asyncio.create_subprocess_exec


class Machine:
    """Starts a program of the test's instead of a server process, where there is room."""

    def __init__(self, program: str) -> None:
        self.program = program
        self.refusals: list[BaseException] = []
        self.started: list[asyncio.subprocess.Process] = []

    async def spawn(self, *words: str, **how) -> asyncio.subprocess.Process:
        if self.started and self.refusals:
            raise self.refusals.pop(0)
        self.started.append(await spawn(sys.executable, "-c", self.program, words[-1], **how))
        return self.started[-1]


@pytest.fixture
def machine(monkeypatch) -> Iterator[Machine]:
    found = Machine(SERVES)
    monkeypatch.setattr(asyncio, "create_subprocess_exec", found.spawn)
    monkeypatch.setattr(supervision, "_FIRST_WAIT", 0.05)
    yield found
    for process in found.started:
        if process.returncode is None:
            process.kill()


@pytest.fixture
async def supervisor(tmp_path):
    settings = dataclasses.replace(some_settings(tmp_path), workers=2, drain_seconds=0)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        yield Supervisor(settings, listener)
    for number in SIGNALS:
        asyncio.get_running_loop().remove_signal_handler(number)


async def until(condition) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - it is no event of ours
            await asyncio.sleep(0.01)


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def test_where_there_is_no_room_for_a_process_it_tries_again(supervisor, machine):
    numbers = (errno.EAGAIN, errno.ENOMEM, errno.EMFILE)
    machine.refusals = [OSError(number, os.strerror(number)) for number in numbers]
    machine.refusals.append(RuntimeError("can't start new thread"))
    with capture_logs() as logs:
        running = asyncio.create_task(supervisor.run())
        await until(lambda: len(machine.started) == 2 or running.done())
        await until(lambda: [each["event"] for each in logs].count("process_ready") == 2)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(running, PATIENCE)

    waits = [each["again_in"] for each in logs if each["event"] == "process_ended"]
    assert waits == [0.05, 0.1, 0.2, 0.4]
    reasons = [each["reason"] for each in logs if each["event"] == "process_not_started"]
    assert reasons[0] == "[Errno 11] Resource temporarily unavailable"
    assert len(reasons) == 4


async def test_a_process_that_was_not_started_leaves_no_file_open(supervisor, machine):
    machine.started.append(await spawn("true"))
    machine.refusals = [OSError(errno.EAGAIN, "no room") for _ in range(5)]
    before = open_files()
    for _ in range(5):
        with pytest.raises(OSError, match="no room"):
            await supervisor._start(1)

    assert open_files() == before
    await machine.started[0].wait()


async def test_where_not_even_the_first_can_be_started_it_says_why(supervisor, machine):
    machine.started.append(await spawn("true"))
    machine.refusals = [OSError(errno.ENOMEM, "Cannot allocate memory")]

    with pytest.raises(Unavailable, match=r"cannot be started: .*Cannot allocate memory"):
        await supervisor.run()
    await machine.started[0].wait()


@pytest.mark.parametrize("first", [True, False])
async def test_who_is_told_to_stop_and_still_begins_is_killed_in_the_end(
    supervisor, machine, monkeypatch, tmp_path, first
):
    deaf = tmp_path / "deaf"
    never_begins = NEVER_BEGINS.format(deaf=str(deaf))
    monkeypatch.setattr(supervision, "_FINISH_SECONDS", 0.5)
    machine.program = never_begins if first else SERVES
    running = asyncio.create_task(supervisor.run())
    await until(lambda: machine.started)
    machine.program = never_begins
    await until(deaf.exists)
    began = time.monotonic()

    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(running, PATIENCE)

    assert 0.4 < time.monotonic() - began < 5
    assert machine.started[-1].returncode == -signal.SIGKILL


async def test_who_begins_to_serve_after_the_word_may_finish(supervisor, machine, tmp_path):
    listens = tmp_path / "listens"
    machine.program = SERVES_LATE.format(listens=str(listens))
    running = asyncio.create_task(supervisor.run())
    await until(listens.exists)

    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(running, PATIENCE)

    assert machine.started[0].returncode == 0
