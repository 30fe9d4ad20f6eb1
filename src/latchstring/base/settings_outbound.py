"""How applications are called, as the operator allows it."""

# ruff: noqa: RUF009 - `setting` declares a field, exactly as dataclasses.field does

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from latchstring.base import settings_texts as texts
from latchstring.base import settings_values as values
from latchstring.base.settings_declarations import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundSettings:
    """How applications are called: for their keys, and to tell them that somebody signed out."""

    ca_file: Path | None = setting(
        texts.FILE,
        "Certificate authorities in PEM that are believed beside the system's.",
        default=None,
    )
    allowed_networks: tuple[IPv4Network | IPv6Network, ...] = setting(
        values.listing(texts.network, "addresses and networks"),
        "Loopback and private networks that addresses of registered applications may lead to. "
        "Those in this file and of the command line may lead anywhere.",
        default=(),
    )
