"""Builders of this room's tests."""

from datetime import timedelta
from typing import Any

from latchstring.base.ids import ClientId
from latchstring.base.secrets import Keyring
from latchstring.base.settings import Send
from latchstring.domain.challenges import secret
from latchstring.domain.challenges.challenge import Challenge, Subject, Terms, issue
from latchstring.domain.identities.identifier import EMAIL, digest_of
from tests.support.house import START_OF_TIME

NOW = START_OF_TIME
KEYRING = Keyring({1: b"k" * 32})
ROTATED = Keyring({1: b"k" * 32, 2: b"n" * 32})
ACME, OTHER = ClientId("acme-web"), ClientId("other-app")
ALICE = digest_of("email", "alice@example.com")
BOB = digest_of("email", "bob@example.com")


def some_terms(**changes: Any) -> Terms:
    """The defaults of a connection."""
    values: dict[str, Any] = {
        "send": Send.BOTH,
        "code_length": 6,
        "code_lifetime": timedelta(minutes=10),
        "link_lifetime": timedelta(minutes=10),
        "max_attempts": 3,
        "live": 5,
    }
    return Terms(**(values | changes))


def a_challenge(name: str = "alice", *, keyring: Keyring = KEYRING, **changes: Any) -> Challenge:
    """What somebody is asked; fields of subject and terms by name."""
    address = f"{name}@example.com"
    at = changes.pop("now", NOW)
    values: dict[str, Any] = {
        "identifier_digest": digest_of("email", address),
        "connection": EMAIL,
        "identifier": address,
        "client_id": ACME,
    }
    told = {key: changes.pop(key) for key in list(changes) if key in Terms.__struct_fields__}
    return issue(Subject(**(values | changes)), some_terms(**told), keyring, now=at)


def code_of(challenge: Challenge, keyring: Keyring = ROTATED) -> str:
    """The code that the message carries."""
    return secret.code_of(
        challenge.id,
        length=challenge.code_length,
        version=challenge.key_version,
        keyring=keyring,
    )
