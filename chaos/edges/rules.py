"""What an edge does instead of being kind: rules that a procedure sets while it runs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

GREETING = "greeting"
SIGN_IN = "sign-in"
RECIPIENT = "recipient"
TAKEN = "taken"
"""After the whole message, when it is on the disk; the answer to it is what the rule changes."""


@dataclass(slots=True, kw_only=True)
class Rule:
    """One exception, at one stage of the conversation."""

    stage: str
    domain: str = ""
    """Only for this domain (or number); for everybody without one."""
    say: str = ""
    """The answer instead of the kind one."""
    wait: float = 0.0
    """Seconds before the answer."""
    drip: float = 0.0
    """Seconds between two bytes of the answer."""
    hang_up: bool = False
    """Close instead of answering."""
    times: int = -1
    """How often the rule still holds; for ever below zero."""

    def fits(self, stage: str, recipient: str) -> bool:
        """Return whether the rule is for this."""
        if self.stage != stage or self.times == 0:
            return False
        return not self.domain or recipient.rpartition("@")[2] == self.domain

    def as_json(self) -> dict[str, Any]:
        """Return it for the control connection."""
        return asdict(self)


@dataclass(slots=True)
class Rules:
    """The rules of one edge, the first that fits wins."""

    rules: list[Rule] = field(default_factory=list)

    def replace(self, rules: Sequence[Mapping[str, Any]]) -> None:
        """Take other rules from now on."""
        self.rules = [Rule(**rule) for rule in rules]

    def take(self, stage: str, recipient: str = "") -> Rule | None:
        """Return the rule for this stage and use it up once."""
        for rule in self.rules:
            if rule.fits(stage, recipient):
                rule.times -= 1 if rule.times > 0 else 0
                return rule
        return None
