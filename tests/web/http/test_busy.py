"""Where there is no time, each surface still says so in its own words."""

import json

import pytest

from latchstring.web.http.busy import BusyAnswers


class Steady:
    """A steady clock that stands still."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def steady() -> Steady:
    return Steady()


@pytest.fixture
def busy(house, steady) -> BusyAnswers:
    return BusyAnswers(house.application, steady)


@pytest.mark.parametrize(
    ("path", "kind", "member"),
    [
        ("/passwordless/start", "application/json", "temporarily_unavailable"),
        ("/oauth/token", "application/json", "temporarily_unavailable"),
        ("/authorize", "text/html", None),
        ("/sign-in/x/code", "text/html", None),
        ("/l/secret-token", "text/html", None),
        ("/no-such-page", "text/html", None),
    ],
)
async def test_each_surface_speaks_its_own_dialect(busy, log, path, kind, member):
    found = busy(path)

    headers = found.headers.lower()
    assert b"content-type: " + kind.encode() in headers
    assert b"retry-after: " in headers
    assert b"x-request-id: req_" in headers
    assert b"content-length: %d\r\n" % len(found.body) in headers
    assert headers.endswith(b"\r\n\r\n")
    if member:
        assert json.loads(found.body)["error"] == member
    assert "secret" not in repr(log)


@pytest.mark.parametrize(
    "path",
    [
        "/livez",
        "/readyz",
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/.well-known/jwks.json",
    ],
)
async def test_what_others_decide_by_is_never_refused(busy, path):
    assert busy(path) is None


async def test_an_answer_is_written_once_a_second(busy, steady, log):
    first = busy("/sign-in/x/code")
    assert busy("/l/token") is first

    steady.now += 1

    assert busy("/l/token") is not first
    assert [line["event"] for line in log] == ["refused", "busy", "refused"]
    assert log[1]["refused"] == 2
