"""The three ways an answer is refused, told apart alike for known and unknown identifiers."""

from latchstring.base.errors import ChallengeRefused


class WrongCode(ChallengeRefused):
    """That code isn't right. Check the latest message and try again."""

    def __init__(self, *, attempts_left: int | None = None) -> None:
        """Say how many tries the most patient live code still bears, where there is one."""
        super().__init__()
        self.attempts_left = attempts_left


class CodeExpired(ChallengeRefused):
    """That code has expired. Ask for a new one."""


class TooManyTries(ChallengeRefused):
    """That was too many tries, so this code no longer works. Ask for a new one."""


class LinkRefused(ChallengeRefused):
    """The link no longer works."""

    def __init__(self, state: str) -> None:
        """Name what became of the link: used, expired, superseded, voided, denied, unknown."""
        super().__init__(detail=state)
        self.state = state
