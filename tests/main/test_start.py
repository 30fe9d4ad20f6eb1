"""A start that cannot be ends with one sentence and exit code 1, and with no stack trace."""

import apsw
import pytest

from tests.support.server import Server, a_server


@pytest.fixture
def server(tmp_path):
    with a_server(tmp_path, start=False) as found:
        (tmp_path / "var").mkdir()
        yield found


def refusal_of(server: Server, *command: str) -> str:
    """The one line with which a command ends."""
    ended = server.command(*command)
    assert (ended.returncode, ended.stdout) == (1, "")
    (line,) = ended.stderr.splitlines()
    return line


@pytest.mark.parametrize("command", [("serve",), ("worker",), ("migrate",), ("users", "list")])
def test_a_file_that_is_no_database_is_refused_by_every_command(server, command):
    (server.folder / "var" / "latchstring.db").write_text("a letter " * 200, encoding="utf-8")

    assert refusal_of(server, *command).endswith("var/latchstring.db is not a database.")


def test_a_database_of_a_newer_program_is_refused(server):
    assert server.command("migrate").returncode == 0
    connection = apsw.Connection(str(server.folder / "var" / "latchstring.db"))
    connection.execute(
        "insert into schema_migrations (number, name, checksum, applied_at)"
        " values (9999, 'later', 'x', 0)"
    )
    connection.close()

    assert "which this version does not know" in refusal_of(server, "serve")


def test_a_certificate_that_is_missing_is_refused(server):
    file = server.folder / "latchstring.toml"
    text = file.read_text(encoding="utf-8").replace('= "http://127', '= "https://127', 1)
    tls = 'tls_cert_file = "no.pem"\ntls_key_file = "no.key"\n\n[mail]'
    file.write_text(text.replace("[mail]", tls, 1), encoding="utf-8")

    assert refusal_of(server, "serve").endswith("cannot be used: No such file or directory.")
