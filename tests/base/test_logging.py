"""Logs that a machine can read and that name nobody."""

import errno
import io
import json

import pytest
import structlog

from latchstring.base import logging


@pytest.fixture(autouse=True)
def _as_before():
    yield
    structlog.reset_defaults()


def test_a_line_is_json_with_level_and_time(capsys):
    logging.configure("json", "info")
    structlog.get_logger().info("started", port=8000)

    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["level"], line["port"]) == ("started", "info", 8000)
    assert line["timestamp"].endswith("Z")


def test_lines_below_the_level_are_not_written(capsys):
    logging.configure("json", "warning")
    structlog.get_logger().info("started")

    assert capsys.readouterr().err == ""


def test_a_line_for_people_names_the_event(capsys):
    logging.configure("console", "info")
    structlog.get_logger().info("started")

    assert "started" in capsys.readouterr().err


def test_a_newline_in_a_value_does_not_forge_a_line(capsys):
    logging.configure("json", "info")
    structlog.get_logger().info("refused", detail='x\n{"event": "forged"}')

    assert len(capsys.readouterr().err.splitlines()) == 1


class FullDisk(io.StringIO):
    """A file on a disk without space."""

    def write(self, _text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    def flush(self) -> None:
        self.write("")


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_line_that_cannot_be_written_is_lost_and_nothing_else(monkeypatch, log_format):
    monkeypatch.setattr("sys.stderr", FullDisk())
    logging.configure(log_format, "info")

    structlog.get_logger().info("started")
    logging.get_logger().exception("crashed")


@pytest.mark.parametrize(
    ("identifier", "shown"),
    [
        ("jane@example.com", "j•••@example.com"),
        ("@example.com", "•••@example.com"),
        ("+447700900123", "•••123"),
    ],
)
def test_an_identifier_is_shown_only_in_part(identifier, shown):
    assert logging.masked(identifier) == shown
