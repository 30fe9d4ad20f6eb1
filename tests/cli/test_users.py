"""``latchstring users`` and ``latchstring codes``."""

import asyncio

import pytest

from tests.support.administration import an_office
from tests.support.command_line import a_shell
from tests.support.people import a_person


def with_alice(folder):
    shell = a_shell(folder)
    shell.run("connections", "show")

    async def sign_up():
        async with an_office(folder / "var" / "latchstring.db") as office:
            return await a_person(office)

    return shell, asyncio.run(sign_up())


def test_users_are_listed_and_shown(tmp_path):
    shell, alice = with_alice(tmp_path)
    (found,) = shell.answer("users", "list")
    assert found == shell.answer("users", "show", "alice@example.com")
    assert found == {
        "id": alice.user_id,
        "identifiers": [
            {
                "connection": "email",
                "identifier": "alice@example.com",
                "verified_at": "2026-11-23T12:00:00+00:00",
            }
        ],
        "created_at": "2026-11-23T12:00:00+00:00",
        "last_sign_in_at": None,
        "sign_ins": 0,
        "blocked_at": None,
    }
    text = shell.run("users", "list").stdout
    assert text.splitlines()[1].split("  ")[:3] == [
        alice.user_id,
        "alice@example.com",
        "2026-11-23 12:00:00 UTC",
    ]
    assert shell.answer("users", "list", "--before", alice.user_id) == []


def test_an_installation_without_users_says_so(tmp_path):
    assert a_shell(tmp_path).run("users", "list").stdout == "There is no user.\n"


def test_a_user_is_blocked_and_unblocked(tmp_path):
    shell, alice = with_alice(tmp_path)
    assert shell.answer("users", "block", "alice@example.com")["blocked_at"]
    assert shell.answer("users", "unblock", alice.user_id)["blocked_at"] is None


def test_a_user_is_deleted_only_on_purpose(tmp_path):
    shell, alice = with_alice(tmp_path)
    assert shell.run("users", "delete", alice.user_id).exit_code == 2
    assert shell.answer("users", "list")
    result = shell.run("users", "delete", "alice@example.com", "--yes")
    assert result.stdout == f"Deleted {alice.user_id}.\n"
    assert shell.answer("users", "list") == []


def test_a_user_is_signed_out_everywhere(tmp_path):
    shell, alice = with_alice(tmp_path)
    answer = shell.answer("users", "sign-out", "alice@example.com")
    assert answer == {"id": alice.user_id, "sessions": 1}
    result = shell.run("users", "sign-out", alice.user_id)
    assert result.stdout == f"Signed out {alice.user_id}: 0 sessions.\n"


def test_codes_are_voided(tmp_path):
    shell, _ = with_alice(tmp_path)
    assert shell.answer("codes", "void", "alice@example.com") == {"voided": 1}
    assert shell.run("codes", "void", "alice@example.com").stdout == "Voided: 0.\n"


@pytest.mark.parametrize(
    "words",
    [
        ["users", "show", "alice"],
        ["users", "block", "email|0"],
        ["users", "sign-out", "bob@example.com"],
        ["users", "delete", "bob@example.com", "--yes"],
        ["codes", "void", "alice@"],
        ["codes", "void", "12"],
    ],
)
def test_somebody_unknown_or_misspelt_is_refused(tmp_path, words):
    shell, _ = with_alice(tmp_path)
    result = shell.run(*words)
    assert result.exit_code == 1
    assert result.stderr.startswith("Refused: ")


def test_a_page_has_a_bounded_size(tmp_path):
    assert a_shell(tmp_path).run("users", "list", "--count", "0").exit_code == 2


def test_a_user_is_added_before_they_sign_in_and_once(tmp_path):
    shell = a_shell(tmp_path)
    shell.run("connections", "show")

    found = shell.answer("users", "add", "Alice@Example.com")

    assert found["id"].startswith("email|")
    assert found["identifiers"][0]["identifier"] == "alice@example.com"
    again = shell.run("users", "add", "alice@example.com")
    assert "There already is a user with this." in again.stderr


def test_a_user_keeps_the_subject_they_have_elsewhere(tmp_path):
    shell = a_shell(tmp_path)
    shell.run("connections", "show")
    subject = "email|5ed9465f580a1d9af47e7ffa"

    found = shell.answer("users", "add", "alice@example.com", "--subject", subject)

    assert found["id"] == subject
    taken = shell.run("users", "add", "bob@example.com", "--subject", subject)
    assert "There already is a user of this subject." in taken.stderr


@pytest.mark.parametrize(
    ("identifier", "subject"),
    [
        ("bob@example.com", "sms|5ed9465f580a1d9af47e7ffa"),
        ("bob@example.com", "email|5ED9465f580a1d9af47e7ffa"),
        ("bob@example.com", "auth0|5ed9465f580a1d9af47e7ffa"),
        ("bob@example.com", "bob"),
    ],
)
def test_a_subject_has_the_form_and_the_way_in_of_its_identifier(tmp_path, identifier, subject):
    shell = a_shell(tmp_path)

    refused = shell.run("users", "add", identifier, "--subject", subject)

    assert "subject: must be email| and 24 hexadecimal digits" in refused.stderr
