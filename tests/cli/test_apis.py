"""``latchstring apis``."""

import pytest

from tests.support.command_line import a_shell

LETTERS = "https://api.acme.test/"
ADD = ("apis", "add", LETTERS, "name=Letters", "scopes=read:letters,write:letters")


def test_an_installation_without_apis_says_so(tmp_path):
    assert a_shell(tmp_path).run("apis", "list").stdout == "There is no API.\n"


def test_apis_are_added_listed_changed_and_removed(tmp_path):
    shell = a_shell(tmp_path)
    added = shell.answer(*ADD)
    assert added["scopes"] == ["read:letters", "write:letters"]
    assert shell.answer("apis", "list") == [added]
    assert shell.run("apis", "list").stdout.startswith("IDENTIFIER")
    changed = shell.answer("apis", "set", LETTERS, "token_lifetime=600", "signing_alg=ES256")
    assert (changed["token_lifetime"], changed["signing_alg"]) == (600, "ES256")
    assert shell.run("apis", "remove", LETTERS, "--yes").stdout == f"Removed {LETTERS}.\n"
    assert shell.answer("apis", "list") == []


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["add", "letters", "name=x"], 1, "identifier: must be an absolute URI"),
        (["add", "urn:x"], 1, "name: is required"),
        (["add", LETTERS, "name=Mallory"], 1, "There already is an API of this name."),
        (["add", "urn:x", "name=x", "scopes=openid"], 1, "scopes: must not hold openid"),
        (["set", LETTERS, "signing_alg=none"], 1, "signing_alg: "),
        (["set", LETTERS, "nname=x"], 1, "nname: unknown key; did you mean name?"),
        (["set", LETTERS], 2, "Missing argument"),
        (["set", "urn:x", "name=x"], 1, "There is no API of this name."),
        (["remove", "urn:x", "--yes"], 1, "There is no API of this name."),
        (["remove", LETTERS], 2, "This cannot be undone: give --yes."),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, words, code, message):
    shell = a_shell(tmp_path)
    before = shell.answer(*ADD)
    result = shell.run("apis", *words)
    assert (result.exit_code, message in result.stderr) == (code, True), result.stderr
    assert shell.answer("apis", "list") == [before]


def test_a_registration_token_is_shown_once(tmp_path):
    shell = a_shell(tmp_path)
    made = shell.answer("clients", "registration-token", "--uses", "3", "--expires", "7d")
    assert len(made["token"]) == 43
    assert (made["uses_left"], made["expires_at"]) == (3, "2026-11-30T12:00:00+00:00")
    listed = shell.answer("clients", "registration-tokens")
    assert listed == [{name: made[name] for name in ("id", "uses_left", "expires_at")}]
    assert made["token"] not in shell.run("clients", "registration-tokens").output
    text = shell.run("clients", "registration-token").stdout
    assert text.endswith("The token is shown this once and is stored nowhere.\n")


def test_a_registration_token_can_be_taken_back(tmp_path):
    shell = a_shell(tmp_path)
    made = shell.answer("clients", "registration-token")
    assert shell.answer("clients", "end-registration-token", made["id"])["ended"] is True
    result = shell.run("clients", "registration-tokens")
    assert result.stdout == "There is no registration token.\n"
    result = shell.run("clients", "end-registration-token", made["id"])
    assert "There is no registration token of this id." in result.stderr


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--uses", "0"], 1, "uses: must be 1 to 1000"),
        (["--uses", "1001"], 1, "uses: must be 1 to 1000"),
        (["--expires", "366d"], 1, "expires: must be"),
        (["--expires", "9999999d"], 1, "expires: must be"),
        (["--expires", "soon"], 2, "such as 7d"),
        (["--expires", "0s"], 2, "such as 7d"),
        (["--expires", "-1d"], 2, "such as 7d"),
    ],
)
def test_a_token_for_everybody_and_for_ever_is_refused(tmp_path, words, code, message):
    result = a_shell(tmp_path).run("clients", "registration-token", *words)
    assert (result.exit_code, message in result.stderr) == (code, True), result.stderr
