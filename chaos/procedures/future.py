"""What cannot be run yet. It is printed with its reason and never counted as passed."""

from chaos.registry import waiting

waiting(
    "R-17",
    "the receiver of a back-channel logout answers 500 twice, or acts and times out",
    bound="the same jti each time; three tries or more, with back-off; given up visibly",
    waits_for="back-channel logout is not built yet",
)
