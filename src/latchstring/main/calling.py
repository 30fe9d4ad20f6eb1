"""Whoever calls applications: for their keys, and to tell them that somebody signed out."""

from latchstring.base.logging import get_logger
from latchstring.base.outbound import Outbound
from latchstring.base.settings import Settings
from latchstring.domain.keys.signer import Signer
from latchstring.domain.notices.notice import Notice, Outcome, State
from latchstring.flows.deliver_messages import new_owner
from latchstring.flows.notify_logout import NotifyLogout
from latchstring.main.installation import Installation

_ROLE = "serve"

logger = get_logger()


def outbound(settings: Settings) -> Outbound:
    """Return what calls applications as the settings allow."""
    return Outbound(
        ca_file=settings.outbound.ca_file, allowed_networks=settings.outbound.allowed_networks
    )


def notifier(installation: Installation, signer: Signer) -> NotifyLogout:
    """Return the loop that tells applications."""
    configuration = installation.configuration
    return NotifyLogout(
        database=installation.database,
        clock=installation.clock,
        clients=lambda: configuration.current.clients,
        signer=signer,
        issuer=installation.settings.issuer,
        caller=outbound(installation.settings),
        owner=new_owner(_ROLE),
        report=log_outcome,
    )


def log_outcome(notice: Notice, outcome: Outcome) -> None:
    """Log what came of a notice, without whom it is about."""
    if not outcome.tried:
        return
    log = {State.TOLD: logger.info, State.GIVEN_UP: logger.error}.get(outcome.state, logger.warning)
    log(
        "logout_notice",
        notice_id=notice.id,
        client_id=notice.client_id,
        state="retry" if outcome.state is State.WAITING else outcome.state.value,
        attempts=notice.attempts,
        error=outcome.last_error,
    )
