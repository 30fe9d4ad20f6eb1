"""What one way to tokens costs beside another: told without a goal, neighbor by neighbor."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.figures import differences, ratios
from bench.plan import Plan, Result

_PAIRS = (
    ("code flow by OTP grant, ES256", "code-flow-es256", "otp-es256"),
    ("code flow by OTP grant, RS256", "code-flow-rs256", "otp-rs256"),
    ("refresh by OTP grant, ES256", "refresh-es256", "otp-es256"),
    ("refresh by OTP grant, RS256", "refresh-rs256", "otp-rs256"),
    ("RS256 by ES256, OTP grant", "otp-rs256", "otp-es256"),
    ("RS256 by ES256, code flow", "code-flow-rs256", "code-flow-es256"),
    ("RS256 by ES256, refresh", "refresh-rs256", "refresh-es256"),
    ("a signed access token by an opaque one, OTP grant, ES256", "otp-api-es256", "otp-es256"),
    ("a signed access token by an opaque one, OTP grant, RS256", "otp-api-rs256", "otp-rs256"),
    ("with a refresh token by without, OTP grant, ES256", "otp-offline-es256", "otp-es256"),
    ("with a refresh token by without, OTP grant, RS256", "otp-offline-rs256", "otp-rs256"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two lines of one heat, round by round."""

    what: str
    kind: str
    times: Sequence[float]
    """The one's CPU per login by the other's."""
    more_ms: Sequence[float]
    """How many milliseconds that is more."""


def compared(plan: Plan, result: Result) -> Iterator[Compared]:
    """Yield every pair that was measured side by side."""
    users = plan.users[-1]
    for kind in ("sqlite", "postgresql"):
        for what, one, other in _PAIRS:
            ours, theirs = (result.lines.get(f"{key}/{kind}") for key in (one, other))
            if ours and theirs:
                pair = (ours.measures[users], theirs.measures[users])
                yield Compared(
                    what=what,
                    kind=ours.kind,
                    times=ratios(*pair, lambda measure: measure.total_ms),
                    more_ms=differences(*pair, lambda measure: measure.total_ms),
                )
