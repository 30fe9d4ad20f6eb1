"""``latchstring clients``: and no secret where others could read it."""

import pytest

from tests.support.command_line import a_shell
from tests.support.configuration import SECRET

BARE = 'public_url = "https://auth.example"'


def test_clients_are_listed_without_their_secrets(tmp_path):
    shell = a_shell(tmp_path)
    (acme,) = shell.answer("clients", "list")
    assert (acme["client_id"], acme["type"]) == ("acme-web", "confidential")
    result = shell.run("clients", "list")
    assert result.stdout.splitlines()[0].startswith("CLIENT ID  NAME")
    assert SECRET not in result.output
    assert "digest" not in str(acme)


def test_an_installation_without_clients_says_so(tmp_path):
    assert a_shell(tmp_path, BARE).run("clients", "list").stdout == "There is no client.\n"


def test_a_new_client_shows_its_secret_once(tmp_path):
    shell = a_shell(tmp_path, BARE)
    added = shell.answer("clients", "add", "bob", "name=Bob", "callbacks=https://bob.example/cb")
    assert len(added["client_secret"]) == 43
    assert added["callbacks"] == ["https://bob.example/cb"]
    assert added["client_secret"] not in shell.run("clients", "list", "--json").output
    text = shell.run("clients", "add", "eve", "name=Eve").stdout
    assert text.endswith("The secret is shown this once and is stored nowhere.\n")


def test_a_secret_that_was_brought_is_not_printed_again(tmp_path):
    shell = a_shell(tmp_path, BARE)
    result = shell.run("clients", "add", "bob", "name=Bob", "--secret-stdin", typed=f"{SECRET}\n")
    assert result.exit_code == 0
    assert SECRET not in result.output
    assert "confidential" in result.stdout


def test_a_public_client_has_no_secret(tmp_path):
    added = a_shell(tmp_path, BARE).answer("clients", "add", "spa", "name=Spa", "--public")
    assert added["type"] == "public"
    assert "client_secret" not in added


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["add", "bob"], 1, "name: is required"),
        (["add", "bo b", "name=Bob"], 1, "client_id: must be 1 to 128"),
        (["add", "acme-web", "name=Mallory"], 1, "There already is a client of this id."),
        (
            ["add", "bob", "name=Bob", "callbacks=http://bob.example/"],
            1,
            "callbacks: must be https",
        ),
        (["add", "bob", f"client_secret={SECRET}"], 2, "never an argument"),
        (["add", "bob", "name=Bob", "--public", "--secret-stdin"], 2, "has no secret"),
        (["set", "acme-web", f"client_secret={SECRET}"], 2, "never an argument"),
        (["set", "acme-web", "client_id=bob"], 1, "client_id: never changes"),
        (["set", "acme-web", "nname=x"], 1, "nname: unknown key; did you mean name?"),
        (["set", "acme-web"], 2, "Missing argument"),
        (["set", "nobody", "name=x"], 1, "There is no client of this id."),
        (["remove", "nobody", "--yes"], 1, "There is no client of this id."),
        (["remove", "acme-web"], 2, "This cannot be undone: give --yes."),
        (["rotate-secret", "nobody"], 1, "There is no client of this id."),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, words, code, message):
    shell = a_shell(tmp_path)
    before = shell.answer("clients", "list")
    result = shell.run("clients", *words)
    assert result.exit_code == code
    assert message in result.stderr
    assert SECRET not in result.output
    assert shell.answer("clients", "list") == before


def test_a_secret_from_standard_input_must_be_long_enough(tmp_path):
    shell = a_shell(tmp_path)
    result = shell.run("clients", "rotate-secret", "acme-web", "--secret-stdin", typed="short!\n")
    assert result.exit_code == 1
    assert "client_secret: must have 32 to 256 characters" in result.stderr
    assert "short!" not in result.output


def test_settings_are_changed_by_name(tmp_path):
    shell = a_shell(tmp_path)
    changed = shell.answer("clients", "set", "acme-web", "name=Acme Inc.", "color=#0A7D5A")
    assert (changed["name"], changed["color"]) == ("Acme Inc.", "#0a7d5a")
    assert shell.answer("clients", "set", "acme-web", "color=")["color"] is None


def test_a_rotated_secret_is_shown_once(tmp_path):
    shell = a_shell(tmp_path)
    one = shell.answer("clients", "rotate-secret", "acme-web")["client_secret"]
    other = shell.answer("clients", "rotate-secret", "acme-web")["client_secret"]
    assert one != other


def test_a_public_client_has_nothing_to_rotate(tmp_path):
    shell = a_shell(tmp_path)
    shell.run("clients", "add", "spa", "name=Spa", "--public")
    result = shell.run("clients", "rotate-secret", "spa")
    assert (result.exit_code, result.stderr) == (
        1,
        "Refused: This client is public: it has no secret.\n",
    )


def test_a_removed_client_stays_removed(tmp_path):
    shell = a_shell(tmp_path)
    assert shell.run("clients", "remove", "acme-web", "--yes").stdout == "Removed acme-web.\n"
    assert shell.answer("clients", "list") == []
