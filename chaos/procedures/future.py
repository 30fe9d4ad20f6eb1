"""What cannot be run yet. It is printed with its reason and never counted as passed."""

from chaos.registry import waiting

waiting(
    "R-16",
    "a client repeats a start with its Idempotency-Key; a refresh whose answer was lost",
    bound="one message, the same answer; the same new token within the grace",
    waits_for="issue 4 (refresh tokens); the start API has no Idempotency-Key",
)
waiting(
    "R-17",
    "the receiver of a back-channel logout answers 500 twice, or acts and times out",
    bound="the same jti each time; three tries or more, with back-off; given up visibly",
    waits_for="issue 4 (back-channel logout)",
)
