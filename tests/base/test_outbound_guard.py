"""Which URLs of others we call, and which addresses."""

from ipaddress import ip_address, ip_network

import pytest

from latchstring.base.outbound_guard import fault_of_url, is_reachable

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "https://127.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[::1]/",
        "https://[::]/",
        "https://0/",
        "https://0.0.0.0/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://localhost/",
        "https://localhost./",
        "https://LOCALHOST/",
        "https://inner.localhost/",
        "https://10.1.2.3/",
        "https://172.16.0.1/",
        "https://192.168.1.1/",
        "https://100.64.0.1/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
        "https://[fe80::1]/",
        "https://[fe80::1%25eth0]/",
        "https://[fd00::1]/",
        "https://[ff02::1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://[64:ff9b:1::1]/",
        "https://[2002:7f00:1::]/",
        "https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
        "https://[2001:db8::1]/",
        "file:///etc/passwd",
        "gopher://app.example/",
        "http://app.example/",
        "//app.example/",
        "app.example",
        "https:///",
        "https://",
        "",
        "https://app.example:0/",
        "https://app.example:70000/",
        "https://app.example:http/",
        "https://alice:secret@app.example/",
        "https://app.example@127.0.0.1/",
        "https://@app.example/",
        "https://app.example/#part",
        "https://app.example\\@127.0.0.1/",
        "https://app.example /",
        "https://app.example\r\nhost: x/",
        "https://ａｐｐ.example/",
        "https://127。0。0。1/",
        "https://a..example/",
        "https://-a.example/",
        "https://%31%32%37.0.0.1/",
        "https://[127.0.0.1]/",
        "https://[v1.x]/",
        'https://app.example/"',
    ],
)
def test_d10_a_url_that_leads_to_us_or_is_oddly_spelled_is_refused(url):
    assert fault_of_url(url, ())


@pytest.mark.parametrize(
    "url",
    [
        "https://app.example/backchannel?of=1",
        "https://app.example:8443/",
        "https://a_b.app.example/",
        "https://1.app.example/",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]/",
        "https://xn--bcher-kva.example/",
    ],
)
def test_a_public_https_url_is_called(url):
    assert fault_of_url(url, ()) == ""


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.9.9.9:8443"])
def test_a_network_that_the_operator_allows_is_called_in_its_usual_spelling(host):
    assert fault_of_url(f"https://{host}/", LOOPBACK) == ""


@pytest.mark.parametrize("host", ["10.0.0.1", "[::ffff:127.0.0.1]", "127.1", "2130706433"])
def test_what_was_not_allowed_stays_refused(host):
    assert fault_of_url(f"https://{host}/", LOOPBACK)


def test_loopback_that_is_allowed_is_over_tls_all_the_same():
    assert "https" in fault_of_url("http://127.0.0.1/", LOOPBACK)


@pytest.mark.parametrize(
    "address",
    [
        "::ffff:8.8.8.8",
        "::8.8.8.8",
        "64:ff9b::10.0.0.1",
        "2002:a00:1::1",
        "2002:c0a8:101::",
        "fec0::1",
        "198.18.0.1",
        "192.0.0.1",
        "203.0.113.7",
        "5f00::1",
        "100::1",
    ],
)
def test_d12_an_address_that_hides_another_or_is_special_is_not_called(address):
    assert not is_reachable(ip_address(address), ())


@pytest.mark.parametrize(
    "address", ["64:ff9b::808:808", "2002:808:808::1", "100.128.0.1", "2a00::1"]
)
def test_an_address_of_the_public_internet_is_called_also_through_a_translator(address):
    assert is_reachable(ip_address(address), ())


def test_a_network_that_is_allowed_opens_nothing_to_addresses_that_hide_one_of_it():
    allowed = (ip_network("10.0.0.0/8"),)
    assert is_reachable(ip_address("10.0.0.1"), allowed)
    assert not is_reachable(ip_address("64:ff9b::10.0.0.1"), allowed)
    assert not is_reachable(ip_address("::ffff:10.0.0.1"), allowed)
