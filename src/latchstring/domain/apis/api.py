"""An API, and which of them a request means."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec

from latchstring.base.errors import Forbidden, InvalidRequest
from latchstring.base.settings import ApiSettings, SigningAlgorithm
from latchstring.base.settings_declarations import declarations, stored, stored_names
from latchstring.base.settings_loading import read_api
from latchstring.base.settings_reading import SettingsError


class UnknownAudience(Forbidden):
    """Service not found: the audience is not registered."""


class Api(msgspec.Struct, frozen=True, kw_only=True):
    """A registered API; every value lies within its bounds."""

    identifier: str
    name: str
    scopes: tuple[str, ...]
    token_lifetime: timedelta
    signing_alg: SigningAlgorithm
    allow_offline_access: bool

    @classmethod
    def of(cls, settings: ApiSettings) -> "Api":
        """Return the API that settings describe."""
        return cls.from_values(stored(settings, ApiSettings))

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> "Api":
        """Return the API that plain values describe; raise ``InvalidRequest``."""
        try:
            settings = read_api(values)
        except SettingsError as error:
            raise InvalidRequest(str(error), field=error.problems[0].key) from None
        attributes = [item.attribute for item in declarations(ApiSettings).values()]
        return cls(**{attribute: getattr(settings, attribute) for attribute in attributes})

    @classmethod
    def from_stored(cls, values: Mapping[str, Any]) -> "Api":
        """Return the API of a row, which an older or a newer program may have written.

        What is absent has its default, what is unknown is passed over.
        """
        known = stored_names(ApiSettings)
        return cls.from_values({key: values[key] for key in known & values.keys()})

    def as_stored(self) -> dict[str, Any]:
        """Return its settings as the file would write them: what the table keeps."""
        return stored(self, ApiSettings)

    def changed(self, values: Mapping[str, Any]) -> "Api":
        """Return the API with some settings replaced; raise ``InvalidRequest``."""
        if values.get("identifier", self.identifier) != self.identifier:
            raise InvalidRequest("identifier: never changes", field="identifier")
        return Api.from_values(self.as_stored() | dict(values))


def wanted_api(apis: Mapping[str, Api], audience: str | None, issuer: str) -> Api | None:
    """Return the API that a request names; raise ``UnknownAudience``.

    Without one, or with our own userinfo endpoint, the token is opaque and good for that alone.
    """
    if audience is None or audience == f"{issuer}userinfo":
        return None
    api = apis.get(audience)
    if api is None:
        raise UnknownAudience
    return api
