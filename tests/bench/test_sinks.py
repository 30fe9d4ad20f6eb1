"""The sinks find the code, however its bytes arrive."""

from bench.codes import Codes
from bench.sinks import CodeSink, MailSink


class Wire:
    """The other end of a sink's connection."""

    def __init__(self):
        self.said = b""

    def write(self, data: bytes) -> None:
        self.said += data


async def test_the_code_is_read_out_of_a_subject_that_arrives_in_pieces():
    codes, wire = Codes(), Wire()
    sink = MailSink(codes)
    sink.connection_made(wire)  # type: ignore[arg-type]  # all of a transport that it uses
    expected = codes.expect("alice@example.com")
    for piece in (
        b"EHLO x\r\nMAIL FROM:<login@acme.example>\r\nRCPT TO:<alice@ex",
        b"ample.com>\r\nDATA\r\nFrom: Acme\r\nSubject: 012345 is your code\r\n\r\n999999\r\n.",
        b"\r\nQUIT\r\n",
    ):
        sink.data_received(piece)
    assert await expected == "012345"
    assert [line[:3] for line in wire.said.splitlines()] == [
        b"220", b"250", b"250", b"250", b"250", b"250", b"354", b"250", b"221",
    ]  # fmt: skip


async def test_the_code_is_read_out_of_a_line_of_the_text():
    codes = Codes()
    sink = MailSink(codes)
    sink.connection_made(Wire())  # type: ignore[arg-type]  # all of a transport that it uses
    expected = codes.expect("alice@example.com")
    sink.data_received(b"RCPT TO:<alice@example.com>\r\nDATA\r\n")
    sink.data_received(b"Subject: Sign-In Code\r\n\r\nHello!\r\n\r\n012345\r\n\r\nBye\r\n.\r\n")
    assert await expected == "012345"


async def test_bare_codes_are_lines_and_those_that_nobody_expects_are_counted():
    codes = Codes()
    sink = CodeSink(codes)
    expected = codes.expect("alice@example.com")
    sink.data_received(b"bob@example.com 111111\nalice@exam")
    assert not expected.done()
    sink.data_received(b"ple.com 012345\n")
    assert await expected == "012345"
    assert codes.received == 2
