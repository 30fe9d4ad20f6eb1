"""An enabled way in, with the settings an administrator gave it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec

from latchstring.base.errors import InvalidRequest
from latchstring.base.ids import ConnectionName
from latchstring.base.settings import ConnectionSettings, OtherBrowser, Send
from latchstring.base.settings_declarations import declarations, stored, stored_names
from latchstring.base.settings_loading import read_connection
from latchstring.base.settings_reading import SettingsError


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """A way in; every value lies within its bounds."""

    name: ConnectionName
    send: Send
    """What the hosted pages send. The API asks for itself."""

    code_length: int
    code_lifetime: timedelta
    link_lifetime: timedelta
    live: int
    max_attempts: int
    other_browser: OtherBrowser
    sign_up: bool
    countries: tuple[str, ...]
    """Regions that may be texted: exactly these."""

    @classmethod
    def of(cls, name: str, settings: ConnectionSettings) -> "Connection":
        """Return the connection that settings describe; raise ``InvalidRequest`` otherwise."""
        return cls.from_values(name, stored(settings, ConnectionSettings, name))

    @classmethod
    def from_values(cls, name: str, values: Mapping[str, Any]) -> "Connection":
        """Return the connection that plain values describe; raise ``InvalidRequest``."""
        try:
            settings = read_connection(name, values)
        except SettingsError as error:
            raise InvalidRequest(str(error), field=error.problems[0].key) from None
        attributes = [item.attribute for item in declarations(ConnectionSettings).values()]
        given = {attribute: getattr(settings, attribute) for attribute in attributes}
        return cls(name=ConnectionName(name), **given)

    @classmethod
    def from_stored(cls, name: str, values: Mapping[str, Any]) -> "Connection":
        """Return the connection of a row, which an older or a newer program may have written.

        What is absent has its default, what is unknown is passed over.
        """
        known = stored_names(ConnectionSettings, name)
        return cls.from_values(name, {key: values[key] for key in known & values.keys()})

    def as_stored(self) -> dict[str, Any]:
        """Return its settings as the file would write them: what the table keeps."""
        return stored(self, ConnectionSettings, self.name)

    def changed(self, values: Mapping[str, Any]) -> "Connection":
        """Return the connection with some settings replaced; raise ``InvalidRequest``."""
        return Connection.from_values(self.name, self.as_stored() | dict(values))
