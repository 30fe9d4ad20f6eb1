"""What can go wrong on the way in, in words."""

from enum import Enum

from authlib.integrations.starlette_client import OAuthError


class Problem(Enum):
    """A status, a title and a sentence for each thing that goes wrong."""

    DECLINED = (403, "You did not sign in", "The sign-in was canceled. Nothing has changed.")
    STALE = (
        400,
        "This sign-in is over",
        "It was started in another browser or another tab, or too long ago. Please start again.",
    )
    REFUSED = (
        400,
        "The sign-in did not work",
        "The sign-in server refused it, with the reason below.",
    )
    UNPROVEN = (
        502,
        "The sign-in did not work",
        "The sign-in server's answer could not be verified, so you are not signed in.",
    )
    UNREACHABLE = (
        503,
        "The sign-in server does not answer",
        "It may still be starting. Please try again in a moment.",
    )
    FOREIGN_ISSUER = (
        400,
        "That is not our sign-in server",
        "This application was asked to sign you in somewhere it does not trust.",
    )
    NO_SUCH_PAGE = (404, "There is no such page", "The address may be mistyped.")

    @property
    def status(self) -> int:
        """The HTTP status."""
        status: int = self.value[0]
        return status

    @property
    def title(self) -> str:
        """The heading."""
        title: str = self.value[1]
        return title

    @property
    def sentence(self) -> str:
        """What it means for the person."""
        sentence: str = self.value[2]
        return sentence


def explain(error: Exception) -> tuple[Problem, str]:
    """Return the problem behind an error and its technical reason."""
    if isinstance(error, OAuthError):
        if error.error == "access_denied":
            return Problem.DECLINED, ""
        if error.error == "mismatching_state":
            return Problem.STALE, ""
        return Problem.REFUSED, ": ".join(filter(None, (error.error, error.description)))
    if type(error).__module__.startswith("joserfc"):
        return Problem.UNPROVEN, str(error)
    return Problem.UNREACHABLE, str(error)
