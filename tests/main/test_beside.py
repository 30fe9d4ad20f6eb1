"""What a server process tells its supervisor, and goes on telling."""

import asyncio
import errno
import os
import socket

import pytest

from latchstring.main import beside, counting
from latchstring.main.departure import Departure
from latchstring.main.orders import Word
from latchstring.main.serving import Process
from latchstring.main.tally import Tally
from tests.support.administration import some_settings

PATIENCE = 10


@pytest.fixture
async def channel():
    """A process's end of the channel, and what arrives at the other."""
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_unix_connection(sock=theirs)
    yield beside._Supervisor(*await asyncio.open_unix_connection(sock=ours)), reader
    writer.close()


async def test_out_of_file_numbers_it_reports_again_when_there_are_some(
    tmp_path, channel, monkeypatch
):
    monkeypatch.setattr(beside, "_REPORT_SECONDS", 0.01)
    snapshot, failures = Tally.snapshot, [OSError(errno.EMFILE, os.strerror(errno.EMFILE))] * 3

    def failing_at_first(self):
        if failures:
            raise failures.pop()
        return snapshot(self)

    monkeypatch.setattr(Tally, "snapshot", failing_at_first)
    supervisor, heard = channel
    meter = counting.Meter()
    process = Process(departure=Departure(), meter=meter, number=0)
    async with asyncio.timeout(PATIENCE), supervisor.company(some_settings(tmp_path), process):
        word = Word.read(await heard.readline())
        failures.append(OSError(errno.EMFILE, os.strerror(errno.EMFILE)))  # at the end as well

    assert word is not None
    assert word.numbers is not None
    assert word.numbers.gauges["open_files"] > 2
    await supervisor.close()
