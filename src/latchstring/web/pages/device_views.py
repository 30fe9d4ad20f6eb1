"""Models of the pages where a person lets a device sign in."""

from typing import ClassVar

import msgspec

from latchstring.web.http.frame import Frame
from latchstring.web.http.sentence import Sentence


class DeviceCode(msgspec.Struct, frozen=True, kw_only=True):
    """Asks for the code that the device shows. Posts `user_code` to `action`."""

    template: ClassVar[str] = "device_code.html"
    status: ClassVar[int] = 200

    frame: Frame
    action: str
    example: str
    value: str = ""
    error: Sentence | None = None


class DeviceConfirm(msgspec.Struct, frozen=True, kw_only=True):
    """Names the application, shows the code to compare, and asks.

    With nobody signed in (`identifier` is None) `sign_in_action` comes first and there is nothing
    to allow yet. `may_know` lists what somebody else's application would learn, and `may_do` what
    it could do with the API `api_name`.
    """

    template: ClassVar[str] = "device_confirm.html"
    status: ClassVar[int] = 200

    frame: Frame
    code: str
    sign_in_action: str
    allow_action: str
    deny_action: str
    other_action: str
    identifier: str | None = None
    may_know: tuple[Sentence, ...] = ()
    may_do: tuple[str, ...] = ()
    api_name: str | None = None


class DeviceConnected(msgspec.Struct, frozen=True, kw_only=True):
    """The device may sign in; the rest happens there."""

    template: ClassVar[str] = "device_connected.html"
    status: ClassVar[int] = 200

    frame: Frame


class DeviceDenied(msgspec.Struct, frozen=True, kw_only=True):
    """The person said no, and the device stays out."""

    template: ClassVar[str] = "device_denied.html"
    status: ClassVar[int] = 200

    frame: Frame


class DeviceExpired(msgspec.Struct, frozen=True, kw_only=True):
    """The code ran out before anybody said yes; the device can show another."""

    template: ClassVar[str] = "device_expired.html"
    status: ClassVar[int] = 410

    frame: Frame
    start_url: str
