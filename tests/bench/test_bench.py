"""The bench runs, measures every line and prints its tables."""

import subprocess
import sys
from pathlib import Path

from bench.codes import Codes
from bench.figures import milliseconds, spread
from bench.sinks import GatewaySink, MailSink

ROOT = Path(__file__).resolve().parents[2]


def test_a_short_run_prints_a_line_for_each_variant_and_the_ratio(tmp_path: Path):
    command = [sys.executable, "-m", "bench", "--seconds", "0.5", "--rounds", "1", "--users", "2"]
    done = subprocess.run(
        [*command, "--cold-starts", "0", "--folder", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")]
    named = {row[0].removeprefix("| "): row for row in rows}
    for variant in ("full", "lean"):
        rate, server, floor, ratio = named[variant][2:6]
        assert float(rate) > 0
        assert float(ratio.strip("*")) > float(server) / float(floor) * 0.9
    assert {"floor", "mail: render", "ID token: sign, RS256", "memory (PSS), idle"} <= set(named)
    assert "0 errors" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_figure_comes_with_its_spread():
    assert spread([3.0, 1.0, 2.0]) == "2.00 (1.00 to 3.00)"
    assert spread([1.5], 1) == "1.5"


def test_percentiles_are_those_of_the_nearest_rank():
    assert milliseconds([n / 1000 for n in range(100)]) == "50.0/95.0/99.0"


class Wire:
    """The other end of a sink's connection."""

    def __init__(self):
        self.said = b""

    def write(self, data: bytes) -> None:
        self.said += data


async def test_the_mail_sink_reads_the_code_out_of_a_mail_in_pieces():
    codes, wire = Codes(), Wire()
    sink = MailSink(codes)
    sink.connection_made(wire)  # type: ignore[arg-type]  # all of a transport that it uses
    expected = codes.expect("alice@example.com")
    for piece in (
        b"EHLO x\r\nMAIL FROM:<login@acme.example>\r\nRCPT TO:<alice@ex",
        b"ample.com>\r\nDATA\r\nFrom: Acme\r\nSubject: 012345 is your code\r\n\r\nHello\r\n.",
        b"\r\nQUIT\r\n",
    ):
        sink.data_received(piece)
    assert await expected == "012345"
    assert [line[:3] for line in wire.said.splitlines()] == [
        b"220", b"250", b"250", b"250", b"250", b"354", b"250", b"221",
    ]  # fmt: skip


async def test_the_gateway_sink_reads_the_code_out_of_a_text_in_pieces():
    codes, wire = Codes(), Wire()
    sink = GatewaySink(codes)
    sink.connection_made(wire)  # type: ignore[arg-type]  # all of a transport that it uses
    expected = codes.expect("+4915100000000")
    body = b'{"recipient":"+4915100000000","body":"Hello\\n@host #012345","sender":"Acme"}'
    sink.data_received(b"POST /sms HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body))
    assert wire.said == b""
    sink.data_received(body)
    assert await expected == "012345"
    assert wire.said.startswith(b"HTTP/1.1 200 ")
