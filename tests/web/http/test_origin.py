"""Who asks, and what is believed about it."""

from ipaddress import ip_network

import pytest
from starlette.requests import Request

from latchstring.web.http.language import Languages
from latchstring.web.http.origin import OriginReader, device_of

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"), ip_network("127.0.0.1/32"))


def a_request(peer: str | None, *headers: tuple[str, str]) -> Request:
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    client = (peer, 1) if peer is not None else None
    return Request({"type": "http", "headers": raw, "client": client})


def ip_of(peer: str | None, *forwarded: str) -> str:
    reader = OriginReader(PROXIES, Languages(frozenset({"en"})))
    headers = [("X-Forwarded-For", value) for value in forwarded]
    return reader.read(a_request(peer, *headers), "req_1").ip


@pytest.mark.parametrize(
    ("peer", "forwarded", "ip"),
    [
        ("192.0.2.7", (), "192.0.2.7"),
        ("192.0.2.7", ("203.0.113.9",), "192.0.2.7"),
        ("10.1.2.3", (), "10.1.2.3"),
        ("10.1.2.3", ("203.0.113.9",), "203.0.113.9"),
        ("10.1.2.3", ("198.51.100.1, 203.0.113.9",), "203.0.113.9"),
        ("10.1.2.3", ("203.0.113.9, 10.7.7.7",), "203.0.113.9"),
        ("10.1.2.3", ("198.51.100.1, 203.0.113.9, 10.7.7.7, 10.8.8.8",), "203.0.113.9"),
        ("10.1.2.3", ("203.0.113.9", "10.7.7.7"), "203.0.113.9"),
        ("10.1.2.3", ("10.9.9.9, 10.7.7.7",), "10.9.9.9"),
        ("10.1.2.3", ("nonsense",), "10.1.2.3"),
        ("10.1.2.3", ("203.0.113.9, nonsense",), "10.1.2.3"),
        ("10.1.2.3", ("nonsense, 203.0.113.9",), "203.0.113.9"),
        ("10.1.2.3", (" , ,",), "10.1.2.3"),
        ("fd00::1", ("2001:db8::7",), "2001:db8::7"),
        ("::ffff:10.1.2.3", ("::ffff:203.0.113.9",), "203.0.113.9"),
        ("::ffff:192.0.2.7", (), "192.0.2.7"),
        ("10.1.2.3", ("fe80::1%eth0",), "fe80::1%eth0"),
        (None, (), "127.0.0.1"),
        ("testclient", (), "127.0.0.1"),
        ("/run/latchstring.sock", ("203.0.113.9",), "127.0.0.1"),
    ],
)
def test_a_client_is_found_behind_configured_proxies_only(peer, forwarded, ip):
    assert ip_of(peer, *forwarded) == ip


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_limits_count_by_a_subscriber_s_network(ip, network):
    reader = OriginReader((), Languages(frozenset({"en"})))
    assert reader.read(a_request(ip), "req_1").network == network


def test_device_language_and_request_id_travel_along():
    reader = OriginReader((), Languages(frozenset({"en", "de"})))
    request = a_request(
        "192.0.2.7",
        ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
        ("Accept-Language", "en"),
        ("X-Request-Language", "de"),
    )
    origin = reader.read(request, "req_1")
    assert (origin.device, origin.language, origin.request_id) == (
        "Firefox on Linux",
        "de",
        "req_1",
    )


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        ("", None),
        ("curl/8.0", None),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36", "Chrome on Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 15) SamsungBrowser/28", "Samsung Internet on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) CriOS/140", "Chrome on iPhone"),
        ("Mozilla/5.0 (Macintosh) Version/18.0 Safari/605.1.15", "Safari on Mac"),
        ("Something/1.0 (Windows NT 10.0)", "Windows"),
        ("Firefox/140.0", "Firefox"),
        ("x" * 600 + "Firefox/140.0", None),
        ("<script>alert(1)</script>", None),
    ],
)
def test_a_device_is_told_in_words_of_ours(agent, device):
    assert device_of(agent) == device
