"""Decide what a client is granted: for which API, and which of the scopes it asks for."""

import msgspec

from latchstring.base.settings import GrantType
from latchstring.domain.apis.api import Api, UnknownAudience, wanted_api
from latchstring.domain.authorizations.scopes import OFFLINE_ACCESS, SCOPES, granted
from latchstring.domain.clients.client import Client
from latchstring.flows.refresh_configuration import RefreshConfiguration


class Granted(msgspec.Struct, frozen=True):
    """What tokens will be good for."""

    scope: str
    api: Api | None
    """Nothing: our own userinfo endpoint alone."""

    @property
    def audience(self) -> str | None:
        """The API's identifier."""
        return None if self.api is None else self.api.identifier


class GrantScope(msgspec.Struct, frozen=True):
    """Reads the configuration in memory; no database is asked."""

    configuration: RefreshConfiguration
    issuer: str

    def __call__(self, client: Client, scope: str | None, audience: str | None) -> Granted:
        """Return what is granted; raise ``UnknownAudience``.

        A refresh token is for clients that may bring it back, and for APIs that allow it.
        """
        api = wanted_api(self.configuration.current.apis, audience, self.issuer)
        offline = client.may_use(GrantType.REFRESH_TOKEN)
        if api is None:
            return Granted(granted(scope, offline=offline), None)
        if client.dynamic and api.identifier not in client.apis:
            # It named itself, and people believe names: an operator lets it near an API.
            raise UnknownAudience
        allowed = offline and api.allow_offline_access
        return Granted(granted(scope, api.scopes, offline=allowed), api)


def still_granted(scope: str, api: Api | None) -> str:
    """Return what is left of a grant: an API may have lost scopes since."""
    known = known_scopes(api)
    if api is not None and not api.allow_offline_access:
        known.remove(OFFLINE_ACCESS)
    return " ".join(word for word in scope.split() if word in known)


def known_scopes(api: Api | None) -> set[str]:
    """Return the words that mean something, for an API or without one."""
    return {*SCOPES, *(() if api is None else api.scopes)}
