"""The command that ``dev`` offers for an unknown callback is safe to paste into a terminal."""

import shlex

import pytest

from latchstring.web.oidc.pages import DeveloperDetail
from latchstring.web.pages.protocol_pages import _command
from tests.support.provider import CALLBACK, a_client


def command_for(came: str, **changes) -> str | None:
    detail = DeveloperDetail(summary="Not registered.", parameter="redirect_uri", came=came)
    return _command(a_client(**changes), detail)


@pytest.mark.parametrize(
    "came",
    [
        "https://acme.example/new",
        "https://acme.example/';touch /tmp/mallory;'",
        "https://acme.example/$(touch /tmp/mallory)`id`",
        'https://acme.example/"&&id #',
    ],
)
def test_the_address_stays_one_word_whatever_is_in_it(came):
    words = shlex.split(command_for(came) or "")

    assert words == ["latchstring", "clients", "set", "acme-web", f"callbacks={CALLBACK},{came}"]


@pytest.mark.parametrize(
    "came",
    [
        "https://acme.example/\x15touch /tmp/mallory\n",
        "https://acme.example/\x1b[201~id",
        "https://acme.example/\u202ecb",
        "https://acme.example/a,https://mallory.example/",
    ],
)
def test_what_a_terminal_obeys_or_a_comma_divides_gets_no_command(came):
    assert command_for(came) is None


def test_a_registered_address_with_a_comma_is_not_cut_in_two():
    assert command_for("https://acme.example/new", callbacks=("https://acme.example/a,b",)) is None
