"""What the configuration may not say: each refusal names file, line and reason, never a secret."""

import re

import pytest

from latchstring.base.settings_loading import load, read_client, read_connection
from latchstring.base.settings_reading import SettingsError
from tests.support.configuration import EXAMPLE, SECRET, line_of, write


def faults_of(folder, text, **variables):
    with pytest.raises(SettingsError) as caught:
        load(str(write(folder, text)), variables)
    return str(caught.value).splitlines()


def with_value(name: str, value: str, text: str = EXAMPLE) -> str:
    """Return the example with another value for the first key of this name."""
    line = re.compile(rf"^({name}\s*=\s*).*$", re.MULTILINE)
    changed, count = line.subn(lambda found: found[1] + value, text, count=1)
    assert count == 1
    return changed


def added(table: str, line: str) -> str:
    """Return the example with one more line under a table's header."""
    start = EXAMPLE.index("\n", EXAMPLE.index(f"\n{table}") + 1) + 1
    return f"{EXAMPLE[:start]}{line}\n{EXAMPLE[start:]}"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("public_url", '"http://auth.acme.example"', "must be https; http is for loopback only"),
        ("public_url", '"https://auth.acme.example/login"', "must be the root of a host"),
        ("public_url", '"https://auth.acme.example/?"', "must be the root of a host"),
        ("public_url", '"https://auth.acme.example#"', "must be the root of a host"),
        ("public_url", '"https://u:p@auth.acme.example"', "must not hold a user or a password"),
        ("public_url", '"auth.acme.example"', "must be http:// or https:// and a host"),
        ("public_url", '"https://"', "must be http:// or https:// and a host"),
        ("public_url", '"https://a..b"', "must be http:// or https:// and a host"),
        ("public_url", '"https://a.example:70000"', "must be http:// or https:// and a host"),
        ("public_url", '"https://a.example:0"', "must be http:// or https:// and a host"),
        ("public_url", '"https://[::g]"', "must be http:// or https:// and a host"),
        ("public_url", '"https://[fe80::1%25eth0]"', "must be http:// or https:// and a host"),
        ("public_url", '"https://bücher.example"', "in ASCII"),
        ("public_url", '"https://a.example\\\\@b.example"', "in ASCII"),
        ("public_url", '""', "must not be empty"),
        ("public_url", "7", "must be text"),
        ("public_url", '"https://a.example\\n"', None),
        ("public_url", '"https://a\\u0000.example"', "without control characters"),
        ("public_url", f'"https://{"a" * 2050}"', "must have at most 2048 characters"),
        ("listen", '"127.0.0.1"', "must be host:port"),
        ("listen", '"127.0.0.1:0"', "must be host:port"),
        ("listen", '"127.0.0.1:65536"', "must be host:port"),
        ("listen", '"::1:8000"', "must be host:port"),
        ("database_url", '"postgresql://u:pw@db/latch"', "over the network in clear"),
        ("database_url", '"postgresql://u@db/latch/more"', "must name one database"),
        ("database_url", '"postgresql://u@db/latch?application=x"', "takes the options"),
        ("database_url", '"postgresql://u@db/latch?sslmode=perhaps"', "takes sslmode="),
        ("database_url", '"postgresql://u@/latch?port=abc"', "takes port=1 to 65535"),
        ("database_url", '"postgresql://u@/latch?port=65536"', "takes port=1 to 65535"),
        ("database_url", '"postgresql://u@[::1/latch"', "must be postgresql://"),
        ("database_url", '"mysql://db/latch"', 'must be "sqlite:///relative/path"'),
        ("database_url", '"sqlite://var/latch.db"', 'must be "sqlite:///relative/path"'),
        ("database_url", '"sqlite:///"', "must name a file"),
        ("database_url", '"sqlite:///var/"', "must name a file"),
        ("database_url", '"sqlite:///:memory:"', "must name a file"),
        ("database_url", '"sqlite:///x.db?mode=ro"', "must name a file"),
        ("secret_key_file", '""', "must not be empty"),
        ("trusted_proxies", '["10.0.0.1/8"]', "must hold addresses or networks"),
        ("trusted_proxies", '["proxy"]', "must hold addresses or networks"),
        ("trusted_proxies", '["0.0.0.0/0"]', "must not trust everybody"),
        ("trusted_proxies", '["::/0"]', "must not trust everybody"),
        ("trusted_proxies", '"10.0.0.0/8"', "must be a list"),
        ("trusted_proxies", '[""]', "must not hold empty text"),
        ("trusted_proxies", '["::1", "::1"]', "must not hold the same value twice"),
        ("from", '"Acme"', "must be an address"),
        ("from", '"Acme <a@b.example>, Bob <b@b.example>"', "must be an address"),
        ("from", '"Acme <a@b.example\\r\\nBcc: mallory@example.com>"', "without control"),
        ("smtp_url", '"127.0.0.1:2525"', "must be smtp:// or smtps:// and a host"),
        ("smtp_url", '"smtp://mail.example/inbox"', "must have neither path nor fragment"),
        ("smtp_url", '"smtp://alice@mail.example"', "must have both user and password"),
        ("smtp_url", '"smtp://mail.example?starttls=maybe"', "takes one option"),
        ("smtp_url", '"smtp://mail.example?tls=yes"', "takes one option"),
        ("smtp_url", '"smtps://mail.example?starttls=never"', "encrypted from the start"),
        ("smtp_url", '"smtp://a:hunter2@mail.example?starttls=never"', "codes in clear"),
        ("smtp_url", '"smtp://a:hunter2@mail.example?starttls=optional"', "codes in clear"),
        ("gateway_url", '"ftp://sms.example"', "must be http:// or https:// and a host"),
        ("gateway_url", '"https://u:p@sms.example"', "must not hold a user"),
        ("gateway_url", '"https://sms.example/#x"', "must not have a fragment"),
        ("starts_per_identifier", '"10"', "must be written like"),
        ("starts_per_identifier", '"0/h"', "must be written like"),
        ("starts_per_identifier", '"10/w"', "must be written like"),
        ("starts_per_identifier", "10", "must be text"),
        ("send", '"links"', "must be both, link or code"),
        ("code_length", "5", "must be 6 to 12, not 5"),
        ("code_length", "13", "must be 6 to 12, not 13"),
        ("code_length", '"6"', "must be a whole number"),
        ("code_length", "true", "must be a whole number"),
        ("code_length", "6.0", "must be a whole number"),
        ("code_lifetime", "59", "must be 60 to 600 seconds, not 59"),
        ("code_lifetime", "601", "must be 60 to 600 seconds, not 601"),
        ("link_lifetime", "59", "must be 60 to 3600 seconds, not 59"),
        ("link_lifetime", "3601", "must be 60 to 3600 seconds, not 3601"),
        ("live", "0", "must be 1 to 5, not 0"),
        ("live", "6", "must be 1 to 5, not 6"),
        ("max_attempts", "0", "must be 1 to 10, not 0"),
        ("max_attempts", "11", "must be 1 to 10, not 11"),
        ("other_browser", '"allow"', "must be confirm, code or deny"),
        ("sign_up", '"yes"', "must be true or false"),
        ("countries", "[]", "is required: without a country there is no SMS"),
        ("countries", '["XX"]', "two-letter regions"),
        ("countries", '["USA"]', "two-letter regions"),
        ("client_id", '"acme web"', "must be 1 to 128 of the characters"),
        ("client_id", f'"{"a" * 129}"', "must be 1 to 128 of the characters"),
        ("client_secret", '"short-secret"', "must have 32 to 256 characters"),
        ("client_secret", f'"{"ä" * 40}"', "must have 32 to 256 characters"),
        ("name", '""', "must not be empty"),
        ("name", f'"{"A" * 101}"', "must have at most 100 characters"),
        ("name", '"Acme\\u202e"', "without control characters"),
        ("callbacks", '["/callback"]', "must be absolute URLs"),
        ("callbacks", '["http://acme.example/callback"]', "must be https"),
        ("callbacks", '["https://acme.example/#done"]', "must not have a fragment"),
        ("callbacks", '["https://u@acme.example/"]', "must not hold a user"),
        ("callbacks", '["https://*.acme.example/"]', "and a host"),
        ("callbacks", '["https://acme.example/a b"]', "must be absolute URLs"),
        ("callbacks", '["javascript:alert(1)"]', "must be https, http on loopback"),
        ("callbacks", '["JavaScript:alert(1)"]', "must be https, http on loopback"),
        ("callbacks", '["data:text/html,x"]', "must be https, http on loopback"),
        ("callbacks", '["vbscript:x"]', "must be https, http on loopback"),
        ("callbacks", '["file:///etc/passwd"]', "must be https, http on loopback"),
        ("callbacks", '["blob:https://acme.example/x"]', "must be https, http on loopback"),
        ("callbacks", '["com.acme.app:"]', "must be https, http on loopback"),
        ("callbacks", '["java\\tscript:alert(1)"]', "without control characters"),
        ("logout_urls", '["javascript:alert(1)"]', "must be https, http on loopback"),
        ("initiate_login_uri", '"http://acme.example/login"', "must be https"),
        ("web_origins", '["https://acme.example/"]', "scheme, host and port only"),
        ("web_origins", '["https://acme.example?x"]', "scheme, host and port only"),
        ("web_origins", '["null"]', "must be http:// or https:// and a host"),
        ("connections", '["email", "telegram"]', "must hold email or sms"),
        ("logo_url", '"http://acme.example/logo.png"', "must be https"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_its_line(tmp_path, name, value, reason):
    text = with_value(name, value)
    if reason is None:
        load(str(write(tmp_path, text)), {})  # a line end around a value does no harm
        return
    faults = faults_of(tmp_path, text)
    assert reason in faults[0]
    line = next(n for n, row in enumerate(text.splitlines(), 1) if row.startswith(f"{name} "))
    assert faults[0].startswith(f"{tmp_path}/latchstring.toml:{line}: ")
    assert "hunter2" not in faults[0]
    assert "short-secret" not in faults[0]


@pytest.mark.parametrize(
    ("table", "line", "reason"),
    [
        ("[[clients]]", 'color = "red"', "must be a color"),
        ("[[clients]]", 'support_email = "Acme <a@b.example>"', "must be an email address"),
        ("[[clients]]", "native = true", "must be false with a client_secret"),
        ("[connections.sms]", 'send = "link"', 'must be "code"'),
        ("[connections.sms]", 'send = "both"', 'must be "code"'),
        ("[connections.sms]", 'other_browser = "deny"', "is for email only"),
        ("[connections.sms]", "link_lifetime = 60", "is for email only"),
        ("[connections.email]", 'countries = ["US"]', "is for sms only"),
        ("[limits]", "resend_after = []", "must be a list of seconds"),
        ("[limits]", "resend_after = [0]", "must be 1 to 3600 seconds, not 0"),
        ("[limits]", 'resend_after = ["soon"]', "must be a whole number"),
        ("[sms]", 'gateway_token = "with space"', "must be ASCII without spaces"),
    ],
)
def test_an_added_line_that_does_not_fit_is_refused(tmp_path, table, line, reason):
    text = added(table, line)
    fault = faults_of(tmp_path, text)[0]
    assert reason in fault
    assert f":{text.splitlines().index(line) + 1}: " in fault


@pytest.mark.parametrize(
    ("old", "new", "key", "meant"),
    [
        ("max_attempts", "max_atempts", "connections.email.max_atempts", "max_attempts"),
        ("[limits]", "[limit]", "limit", "limits"),
        ("listen  ", "lisen  ", "lisen", "listen"),
        ("logout_urls", "logouts_urls", "clients[0].logouts_urls", "logout_urls"),
    ],
)
def test_an_unknown_key_is_refused_with_its_line_and_the_nearest_name(
    tmp_path, old, new, key, meant
):
    text = EXAMPLE.replace(old, new, 1)
    place = f"{tmp_path}/latchstring.toml:{line_of(text, new)}"
    assert f"{place}: {key}: unknown key; did you mean {meant}?" in faults_of(tmp_path, text)


def test_an_unknown_connection_is_refused_with_its_line_and_the_nearest_name(tmp_path):
    text = EXAMPLE.replace("[connections.sms]", "[connections.smss]")
    place = f"{tmp_path}/latchstring.toml:{line_of(text, 'smss')}"
    fault = f"{place}: connections.smss: unknown connection; did you mean sms?"
    assert faults_of(tmp_path, text) == [fault]


def test_an_unknown_key_like_no_other_is_refused_without_a_guess(tmp_path):
    fault = faults_of(tmp_path, "xyzzy = 1\n" + EXAMPLE)
    assert fault == [f"{tmp_path}/latchstring.toml:1: xyzzy: unknown key"]


def test_every_fault_is_told_at_once(tmp_path):
    text = with_value("listen", '"x"', with_value("live", "9", with_value("client_id", '""')))
    faults = faults_of(tmp_path, text, LATCHSTRING_LOG_LEVEL="loud", LATCHSTRING_X="1")
    assert len(faults) == 5


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "latchstring.toml:1: public_url: is required"),
        ("public_url = ", "latchstring.toml:1: is not valid TOML: "),
        ("a = 1\nb = [1,\n", "latchstring.toml:3: is not valid TOML: "),
        ("a = 1\na = 2\n", "latchstring.toml:2: is not valid TOML: "),
        ("mail = 1", "latchstring.toml:1: mail: must be a table"),
        ("[connections]\nemail = 1", "latchstring.toml:2: connections.email: must be a table"),
        ("connections = 1", "latchstring.toml:1: connections: must be a table"),
        ("[clients]\nname = 1", "latchstring.toml:1: clients: must be repeated tables"),
        ("clients = [1]", "latchstring.toml:1: clients[0]: must be a table"),
    ],
)
def test_a_file_of_another_shape_is_refused(tmp_path, text, fault):
    assert any(fault in line for line in faults_of(tmp_path, text))


def test_a_file_that_is_not_utf8_is_refused_with_the_line(tmp_path):
    path = tmp_path / "latchstring.toml"
    path.write_bytes(b'public_url = "https://a.example"\n# \xe9\n')
    with pytest.raises(SettingsError, match=r"latchstring.toml:2: is not UTF-8 text"):
        load(str(path), {})


def test_two_clients_of_one_id_are_refused(tmp_path):
    second = '\n[[clients]]\nclient_id = "acme-web"\nname = "Mallory"\n'
    faults = faults_of(tmp_path, EXAMPLE + second)
    line = len(EXAMPLE.splitlines()) + 3
    assert faults == [
        f"{tmp_path}/latchstring.toml:{line}: clients[1].client_id: is that of another table"
    ]


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        (with_value("smtp_url", '""'), "mail.smtp_url: is required for [connections.email]"),
        (with_value("from", '""'), "mail.from: is required with smtp_url"),
        (with_value("gateway_url", '""'), "sms.gateway_url: is required for [connections.sms]"),
        (
            with_value("gateway_url", '"http://10.0.0.1/"\ngateway_token = "token-in-clear"'),
            "sms.gateway_url: must be https: gateway_token would be sent in clear",
        ),
        (
            EXAMPLE + "\n[lifetimes]\nsession_idle = 900\nsession_absolute = 600\n",
            "lifetimes.session_idle: must not be longer than session_absolute",
        ),
        (
            'tls_key_file = "key.pem"\n' + EXAMPLE,
            "tls_cert_file: is required: certificate and key go together",
        ),
        (
            'tls_cert_file = "cert.pem"\n' + EXAMPLE,
            "tls_key_file: is required: certificate and key go together",
        ),
        (
            'tls_cert_file = "c.pem"\ntls_key_file = "k.pem"\n' + EXAMPLE,
            "public_url: must be https with a tls_cert_file",
        ),
    ],
)
def test_values_that_do_not_fit_together_are_refused(tmp_path, changed, fault):
    faults = faults_of(tmp_path, changed)
    assert fault in faults[0]
    assert "token-in-clear" not in faults[0]


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ("[mail]", 'reply_to = "help@acme.example"'),
        ("[[clients]]", 'color = "#0A7D5A"'),
        ("[[clients]]", 'terms_url = "https://acme.example/terms"'),
        ("[connections.sms]", 'send = "code"'),
    ],
)
def test_optional_settings_are_accepted(tmp_path, table, line):
    load(str(write(tmp_path, added(table, line))), {})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("public_url", '"https://auth.acme.example/"'),
        ("public_url", '"http://localhost:8000"'),
        ("public_url", '"http://[::1]:8000"'),
        ("listen", '"[::1]:8000"'),
        ("listen", '"localhost:8000"'),
        ("smtp_url", '"smtp://a:b@127.0.0.1?starttls=never"'),
        ("smtp_url", '"smtp://mail.example:587?starttls=required"'),
        ("smtp_url", '"smtp://127.0.0.1?starttls=never"'),
        ("from", '"login@acme.example"'),
        ("from", "'\"Acme, Inc.\" <login@acme.example>'"),
        ("callbacks", '["com.acme.app://done", "http://[::1]:7/cb", "https://a.example/cb?x=1"]'),
        ("starts_per_identifier", '"10/2h"'),
    ],
)
def test_values_at_the_edge_are_accepted(tmp_path, name, value):
    load(str(write(tmp_path, with_value(name, value))), {})


def test_a_refusal_outside_of_a_file_names_the_setting_alone():
    with pytest.raises(SettingsError) as caught:
        read_connection("email", {"live": 9, "liv": 1})
    assert sorted(str(caught.value).splitlines()) == [
        "liv: unknown key; did you mean live?",
        "live: must be 1 to 5, not 9",
    ]
    with pytest.raises(SettingsError, match="client_secret: must have 32 to 256"):
        read_client({"client_id": "a", "name": "A", "client_secret": SECRET[:31]})


def test_plain_http_is_not_served_to_other_machines(tmp_path):
    text = EXAMPLE.replace('listen          = "127.0.0.1:8321"', 'listen = "0.0.0.0:8321"')

    (fault,) = faults_of(tmp_path, text)
    assert "must be on loopback while public_url is http" in str(fault)
