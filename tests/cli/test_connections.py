"""``latchstring connections``."""

import pytest

from tests.support.command_line import a_shell


def test_connections_are_shown_as_the_file_would_write_them(tmp_path):
    shell = a_shell(tmp_path)
    found = shell.answer("connections", "show")
    assert set(found) == {"email", "sms"}
    assert found["sms"]["countries"] == ["US", "GB", "DE"]
    text = shell.run("connections", "show", "email").stdout
    assert text.startswith("[email]\n")
    assert "code_lifetime  600\n" in text
    assert "sms" not in text


def test_a_connection_that_is_not_there_is_refused(tmp_path):
    result = a_shell(tmp_path).run("connections", "show", "telegram")
    assert (result.exit_code, result.stderr) == (
        1,
        "Refused: There is no connection of this name.\n",
    )


def test_an_installation_without_connections_says_so(tmp_path):
    shell = a_shell(tmp_path, 'public_url = "https://auth.example"')
    assert shell.run("connections", "show").stdout == "There is no connection.\n"


def test_settings_are_changed_by_name(tmp_path):
    shell = a_shell(tmp_path)
    changed = shell.answer("connections", "set", "email", "code_lifetime=300", "sign_up=false")
    assert (changed["email"]["code_lifetime"], changed["email"]["sign_up"]) == (300, False)
    assert shell.answer("connections", "show", "email") == changed
    changed = shell.answer("connections", "set", "sms", "countries=us,fr", "countries=DE")
    assert changed["sms"]["countries"] == ["US", "FR", "DE"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["email", "code_lifetime=601"], 1, "code_lifetime: must be 60 to 600 seconds, not 601"),
        (["email", "code_lifetime=soon"], 1, "code_lifetime: must be a whole number"),
        (["email", "sign_up=perhaps"], 1, "sign_up: must be true or false"),
        (["email", "code_lenght=8"], 1, "code_lenght: unknown key; did you mean code_length?"),
        (["sms", "countries="], 1, "without a country there is no SMS"),
        (["telegram", "live=1"], 1, "There is no connection of this name"),
        (["email"], 2, "Give a connection and setting=value, or --from-file."),
        ([], 2, "Give a connection and setting=value, or --from-file."),
        (["email", "live"], 2, "Settings are given as name=value"),
        (["email", "live=1", "live=2"], 2, "live is given twice"),
        (["email", "live=1", "--from-file"], 2, "or --from-file"),
        (["telegram", "--from-file"], 1, "describes no such connection"),
    ],
)
def test_a_change_that_does_not_fit_is_refused(tmp_path, words, code, message):
    shell = a_shell(tmp_path)
    before = shell.answer("connections", "show")
    result = shell.run("connections", "set", *words)
    assert result.exit_code == code
    assert message in result.stderr
    assert shell.answer("connections", "show") == before


def test_the_file_can_be_made_to_hold_again(tmp_path):
    shell = a_shell(tmp_path)
    before = shell.answer("connections", "show")
    shell.run("connections", "set", "email", "live=1")
    shell.run("connections", "set", "sms", "live=1")
    assert set(shell.answer("connections", "set", "sms", "--from-file")) == {"sms"}
    assert shell.answer("connections", "show")["email"]["live"] == 1
    shell.answer("connections", "set", "--from-file")
    assert shell.answer("connections", "show") == before
