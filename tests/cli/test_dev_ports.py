"""A port that is taken is never shared and never waited for."""

import socket

import pytest

from latchstring.base.errors import Unavailable
from latchstring.cli.dev_ports import listen_near, port_of


def test_a_taken_port_leads_to_the_next_free_one():
    with listen_near(30000) as first, listen_near(port_of(first)) as second:
        assert port_of(second) > port_of(first)
        assert second.getsockname()[0] == "127.0.0.1"


def test_a_port_taken_on_every_address_counts_as_taken():
    with socket.socket() as world:
        world.bind(("0.0.0.0", 0))  # noqa: S104 - that somebody does is the point
        world.listen()
        taken: int = world.getsockname()[1]
        with listen_near(taken) as sock:
            assert port_of(sock) != taken


def test_a_port_just_left_is_free_at_once():
    with listen_near(31000) as sock:
        port = port_of(sock)
        caller = socket.create_connection(("127.0.0.1", port))
        answered, _ = sock.accept()
        answered.close()
        caller.close()
    with listen_near(port) as again:
        assert port_of(again) == port


def test_no_port_left_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("latchstring.cli.dev_ports.ATTEMPTS", 1)
    with listen_near(32000) as only, pytest.raises(Unavailable, match="--port"):
        listen_near(port_of(only))
