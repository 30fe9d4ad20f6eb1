"""What a code that was not taken is called, and the errors of Auth0's older endpoints.

Native SDKs compare the sentences byte for byte, so they are the contract.
"""

from latchstring.base.errors import (
    ChallengeRefused,
    ClientRefused,
    InvalidRequest,
    NotFound,
    TooManyRequests,
)
from latchstring.domain.challenges.refusal import CodeExpired, TooManyTries
from latchstring.domain.identities.identifier import SMS

WRONG_EMAIL = "Wrong email or verification code."
WRONG_PHONE = "Wrong phone number or verification code."
EXPIRED = "The verification code has expired. Please try to login again."
TOO_MANY = "You've reached the maximum number of attempts. Please try to login again."
BLOCKED = "user is blocked"


class BadCall(InvalidRequest):
    """The request is not valid."""


class InvalidUserPassword(ChallengeRefused):
    """Wrong email or verification code."""


class AccessDenied(ChallengeRefused):
    """Wrong email or verification code."""


class CrossOriginRefused(ClientRefused):
    """Cross-origin authentication is not allowed here."""


class EndpointDisabled(NotFound):
    """The endpoint is disabled."""


class TooManyAttempts(TooManyRequests):
    """Too many attempts."""

    @classmethod
    def of(cls, error: TooManyRequests) -> "TooManyAttempts":
        """Return a limit in the words of the endpoints that take codes."""
        return cls(error.limit, allowed=error.allowed, until=error.until)


def wrong(realm: str) -> str:
    """Return what is told of a wrong code, and of a name that is none."""
    return WRONG_PHONE if realm == SMS else WRONG_EMAIL


def sentence_of(refused: ChallengeRefused, realm: str) -> str:
    """Return the contract's sentence for a refusal."""
    if isinstance(refused, CodeExpired):
        return EXPIRED
    return TOO_MANY if isinstance(refused, TooManyTries) else wrong(realm)
