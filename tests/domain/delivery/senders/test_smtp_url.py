"""What may stand in `smtp_url`, and what is refused before anything is sent."""

import pytest

from latchstring.domain.delivery.senders.smtp_url import SmtpServer, Tls, parse_smtp_url

SECRET = "hunter2-hunter2"


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://127.0.0.1:2525", SmtpServer(host="127.0.0.1", port=2525, tls=Tls.OPTIONAL)),
        ("smtp://localhost", SmtpServer(host="localhost", port=25, tls=Tls.OPTIONAL)),
        ("smtp://[::1]:1025/", SmtpServer(host="::1", port=1025, tls=Tls.OPTIONAL)),
        ("smtp://127.8.9.1?starttls=never", SmtpServer(host="127.8.9.1", port=25, tls=Tls.NEVER)),
        ("smtp://relay.example", SmtpServer(host="relay.example", port=25, tls=Tls.REQUIRED)),
        ("smtps://relay.example", SmtpServer(host="relay.example", port=465, tls=Tls.IMPLICIT)),
        (
            "smtp://ann:p%40ss%3Aw@relay.example",
            SmtpServer(
                host="relay.example",
                port=587,
                tls=Tls.REQUIRED,
                username="ann",
                password="p@ss:w",
            ),
        ),
        (
            "smtp://ann:pw@127.0.0.1:25?starttls=never",
            SmtpServer(host="127.0.0.1", port=25, tls=Tls.NEVER, username="ann", password="pw"),
        ),
    ],
)
def test_a_good_url_is_read(url, server):
    assert parse_smtp_url(url) == server


@pytest.mark.parametrize(
    "url",
    [
        "",
        "relay.example",
        "http://relay.example",
        "smtp://",
        "smtp://relay.example:0",
        "smtp://relay.example:70000",
        "smtp://relay.example:x",
        "smtp://relay.example/path",
        "smtp://relay.example#x",
        "smtp://relay.example?starttls=maybe",
        "smtp://relay.example?tls=never",
        "smtp://relay.example?starttls=required&x=1",
        "smtps://relay.example?starttls=required",
        "smtp://[::1",
        "smtp://relay example",
        "smtp://relay.example\n",
        "smtp://relay.exa\x00mple",
        f"smtp://ann@{SECRET}",
        f"smtp://:{SECRET}@relay.example",
    ],
)
def test_a_bad_url_is_refused_in_words_without_a_part_of_it(url):
    with pytest.raises(ValueError, match=r"^(must|takes|is) ") as refusal:
        parse_smtp_url(url)
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize("mode", ["optional", "never"])
def test_a_password_that_could_travel_in_clear_is_refused(mode):
    for host in ("relay.example", "mail.localhost", "localhost.example", "10.0.0.1"):
        with pytest.raises(ValueError, match="must not send codes in clear") as refusal:
            parse_smtp_url(f"smtp://ann:{SECRET}@{host}:587?starttls={mode}")
        assert SECRET not in str(refusal.value)


def test_a_name_below_localhost_may_lead_away_so_it_gets_tls():
    assert parse_smtp_url("smtp://mail.localhost").tls is Tls.REQUIRED


def test_the_password_is_not_shown():
    server = parse_smtp_url(f"smtps://ann:{SECRET}@relay.example")
    assert SECRET not in repr(server)


@pytest.mark.parametrize(
    ("url", "verified"),
    [
        ("smtps://r.example", True),
        ("smtp://r.example", True),
        ("smtp://127.0.0.1?starttls=optional", False),
        ("smtp://127.0.0.1", False),
    ],
)
def test_the_relay_proves_its_name_wherever_tls_is_a_must(url, verified):
    assert parse_smtp_url(url).verified is verified
