"""Calls to applications, over real sockets on loopback; only the name server is a double."""

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network

import pytest

from latchstring.base.outbound import Outbound, OutboundError, OutboundRefused, resolve
from latchstring.base.trust import trust
from tests.support.gateway import answer
from tests.support.receiver import Receiver, receiving
from tests.support.tls import certificates as make_certificates

FIRST = (ip_network("127.0.0.1/32"),)


@dataclass
class NameServer:
    """Answers each question with the next of its answers; the last stands."""

    answers: list[Sequence[str]]
    asked: list[str] = field(default_factory=list)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def receiver():
    return Receiver()


@pytest.fixture
async def port(receiver, certificates):
    async with receiving(receiver, certificates) as found:
        yield found


@asynccontextmanager
async def outbound(certificates=None, **options):
    found = Outbound(ca_file=certificates and certificates.authority, **options)
    try:
        yield found
    finally:
        await found.close()


async def refusal(certificates, url, *, trusted=False, **options):
    async with outbound(certificates, **options) as client:
        with pytest.raises(OutboundError) as caught:
            await client.get(url, trusted=trusted, limit=1000)
    return caught.value


async def test_a_form_arrives_and_the_answer_comes_back(receiver, port, certificates):
    receiver.answers.append(answer(400, b"{}", cache_control="no-store"))
    async with outbound(certificates, allowed_networks=FIRST) as client:
        url = f"https://localhost:{port}/logout?of=1"
        said = await client.post_form(url, {"logout_token": "a.b&c"}, trusted=False)
    assert (said.status, said.body, said.headers["cache-control"]) == (400, b"{}", "no-store")
    (heard,) = receiver.heard
    assert heard.line == "POST /logout?of=1 HTTP/1.1"
    assert heard.form == {"logout_token": ["a.b&c"]}
    assert heard.headers["host"] == f"localhost:{port}"
    assert heard.headers["content-type"] == "application/x-www-form-urlencoded"
    assert heard.headers["user-agent"] == "latchstring"


async def test_loopback_is_not_called_unless_it_is_allowed(receiver, port, certificates):
    for host in ("localhost", "127.0.0.1"):
        error = await refusal(certificates, f"https://{host}:{port}/")
        assert isinstance(error, OutboundRefused)
    assert receiver.connections == 0


async def test_d11_a_name_whose_address_is_private_is_not_called(receiver, port, certificates):
    names = NameServer([["127.0.0.1", "10.0.0.1", "::1"]])
    error = await refusal(certificates, f"https://app.example:{port}/", resolve=names)
    assert isinstance(error, OutboundRefused)
    assert receiver.connections == 0


async def test_d11_a_name_is_asked_for_once_and_the_address_that_was_checked_is_called(
    receiver, port, certificates
):
    other, networks = Receiver(), (ip_network("127.0.0.0/8"),)
    names = NameServer([["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2"]])
    async with (
        receiving(other, certificates, "127.0.0.2", port),
        outbound(certificates, allowed_networks=networks, resolve=names) as client,
    ):
        await client.get(f"https://localhost:{port}/", trusted=False)
        assert (receiver.connections, other.connections, len(names.asked)) == (1, 0, 1)
        await client.get(f"https://localhost:{port}/", trusted=False)
        assert (receiver.connections, other.connections, len(names.asked)) == (1, 1, 2)


async def test_d11_an_answer_that_changes_to_an_inner_address_is_refused(
    receiver, port, certificates
):
    names = NameServer([["127.0.0.1"], ["127.0.0.2"]])
    async with outbound(certificates, allowed_networks=FIRST, resolve=names) as client:
        await client.get(f"https://localhost:{port}/", trusted=False)
        with pytest.raises(OutboundRefused):
            await client.get(f"https://localhost:{port}/", trusted=False)
    assert receiver.connections == 1


async def test_addresses_that_are_not_allowed_are_left_out(receiver, port, certificates):
    names = NameServer([["10.0.0.1", "::ffff:127.0.0.1", "127.0.0.1"]])
    async with outbound(certificates, allowed_networks=FIRST, resolve=names) as client:
        assert (await client.get(f"https://localhost:{port}/", trusted=False)).status == 200


async def test_the_second_address_is_called_where_nobody_is_at_the_first(
    receiver, port, certificates
):
    networks, names = (ip_network("127.0.0.0/8"),), NameServer([["127.0.0.9", "127.0.0.1"]])
    async with outbound(certificates, allowed_networks=networks, resolve=names) as client:
        assert (await client.get(f"https://localhost:{port}/", trusted=False)).status == 200


async def test_d12_a_mapped_address_from_the_name_server_is_not_called(port, certificates):
    for address in ("::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "fe80::1%1"):
        names = NameServer([[address]])
        error = await refusal(certificates, f"https://app.example:{port}/", resolve=names)
        assert isinstance(error, OutboundRefused)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_d11_a_redirect_is_not_followed(receiver, port, certificates, status):
    inside = Receiver()
    async with receiving(inside) as other, outbound(certificates) as client:
        receiver.answers.append(answer(status, location=f"http://127.0.0.1:{other}/"))
        said = await client.get(f"https://localhost:{port}/", trusted=True)
    assert said.status == status
    assert inside.connections == 0


async def test_no_proxy_of_the_environment_sees_the_call(receiver, port, certificates, monkeypatch):
    proxy = Receiver()
    async with receiving(proxy) as other, outbound(certificates) as client:
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{other}")
        await client.get(f"https://localhost:{port}/", trusted=True)
    assert (proxy.connections, receiver.connections) == (0, 1)


async def test_a_certificate_of_an_unknown_authority_is_not_believed(receiver, port):
    assert str(await refusal(None, f"https://localhost:{port}/", trusted=True)) == "cannot connect"
    assert receiver.heard == []


async def test_a_certificate_of_another_name_is_not_believed(receiver, port, certificates):
    names = NameServer([["127.0.0.1"]])
    url = f"https://app.example:{port}/"
    error = await refusal(certificates, url, allowed_networks=FIRST, resolve=names)
    assert str(error) == "cannot connect"
    assert receiver.heard == []


async def test_an_answer_that_is_too_large_is_cut_off(receiver, port, certificates):
    receiver.answers.append(answer(200, b"x" * 1001))
    error = await refusal(certificates, f"https://localhost:{port}/", trusted=True)
    assert str(error) == "the answer is larger than 1000 bytes"


async def test_an_answer_that_unpacks_to_more_is_not_unpacked(receiver, port, certificates):
    receiver.answers.append(answer(200, b"x", content_encoding="gzip"))
    error = await refusal(certificates, f"https://localhost:{port}/", trusted=True)
    assert "packed" in str(error)


async def test_whoever_never_answers_is_left(receiver, port, certificates):
    receiver.silent = 1
    url = f"https://localhost:{port}/"
    error = await refusal(certificates, url, trusted=True, whole_seconds=0.3)
    assert str(error) == "did not answer in time"


async def test_a_name_server_that_never_answers_is_left(certificates):
    async def asleep(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(60)
        return ()

    error = await refusal(certificates, "https://app.example/", resolve=asleep, whole_seconds=0.1)
    assert str(error) == "did not answer in time"


async def test_an_answer_that_is_none_breaks_the_connection_and_no_more(
    receiver, port, certificates
):
    receiver.answers.append(b"what?\r\n\r\n")
    error = await refusal(certificates, f"https://localhost:{port}/", trusted=True)
    assert str(error) == "the connection broke (RemoteProtocolError)"


async def test_an_address_where_nobody_listens_cannot_be_connected_to(certificates):
    error = await refusal(certificates, "https://127.0.0.1:1/", trusted=True)
    assert str(error) == "cannot connect"


async def test_a_name_without_an_address_is_not_known(certificates):
    async def nobody(host: str, port: int) -> Sequence[str]:
        raise OSError

    error = await refusal(certificates, "https://app.example/", resolve=nobody)
    assert str(error) == "its host is not known"


async def test_the_operators_own_address_may_be_in_clear_on_loopback(receiver):
    async with receiving(receiver) as port, outbound() as client:
        assert (await client.get(f"http://127.0.0.1:{port}/", trusted=True)).status == 200


async def test_what_is_no_url_at_all_is_refused(certificates):
    for trusted in (True, False):
        error = await refusal(certificates, "https://a\x00b/", trusted=trusted)
        assert isinstance(error, OutboundRefused)


async def test_the_system_knows_localhost():
    assert set(await resolve("localhost", 443)) <= {"127.0.0.1", "::1"}


def test_a_file_without_certificates_is_refused(tmp_path):
    (tmp_path / "none.pem").write_text("nothing")
    for name, kind in (("none.pem", ssl.SSLError), ("absent.pem", FileNotFoundError)):
        with pytest.raises(kind):
            trust(tmp_path / name)
