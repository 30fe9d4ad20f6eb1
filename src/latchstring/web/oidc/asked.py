"""What an application asks at ``/authorize``, as it came."""

from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec

from latchstring.domain.authorizations.request import WEB_MESSAGE
from latchstring.web.http.parameters import Parameters

QUERY, FRAGMENT, FORM_POST = "query", "fragment", "form_post"
RESPONSE_MODES = (QUERY, FRAGMENT, FORM_POST, WEB_MESSAGE)
"""How the answer travels (OAuth 2.0 Multiple Response Types, Form Post, Web Message)."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters that mean something here, each at most once; empty is absent."""

    client_id: str | None = None
    redirect_uri: str | None = None
    response_type: str | None = None
    response_mode: str | None = None
    scope: str | None = None
    state: str | None = None
    nonce: str | None = None
    code_challenge: str | None = None
    code_challenge_method: str | None = None
    prompt: str | None = None
    max_age: str | None = None
    login_hint: str | None = None
    id_token_hint: str | None = None
    ui_locales: str | None = None
    claims: str | None = None
    connection: str | None = None
    audience: str | None = None
    login_ticket: str | None = None
    request: str | None = None
    request_uri: str | None = None
    registration: str | None = None

    @classmethod
    def read(cls, parameters: Parameters) -> "Asked":
        """Return them; raise ``InvalidRequest`` for one that was sent twice.

        The first and the last of two values are equally likely to be the attacker's.
        """
        return cls(**{name: parameters.one(name) for name in cls.__struct_fields__})

    @property
    def values(self) -> Mapping[str, str]:
        """Those that came, by name."""
        named = msgspec.structs.asdict(self)
        return {name: value for name, value in named.items() if value is not None}

    @property
    def query(self) -> str:
        """The same request as a query string."""
        return urlencode(self.values)

    @property
    def prompts(self) -> frozenset[str]:
        """The words of ``prompt``."""
        return frozenset((self.prompt or "").split())

    @property
    def response_words(self) -> tuple[str, ...]:
        """The words of ``response_type``, in the order of the alphabet: it is a set of them."""
        return tuple(sorted((self.response_type or "").split()))

    @property
    def wants_tokens(self) -> bool:
        """Whether tokens are to travel through the browser."""
        return not {"token", "id_token"}.isdisjoint(self.response_words)

    @property
    def mode(self) -> str:
        """How the answer travels, a refusal too: as asked where that exists and may be."""
        if self.response_mode in RESPONSE_MODES and self.mode_fault is None:
            return self.response_mode
        return FRAGMENT if self.wants_tokens else QUERY

    @property
    def mode_fault(self) -> str | None:
        """What is wrong with ``response_mode``."""
        mode = self.response_mode
        if mode is not None and mode not in RESPONSE_MODES:
            return f"response_mode is none of {', '.join(RESPONSE_MODES)}."
        if mode == QUERY and self.wants_tokens:
            return "Tokens do not travel in a query, which servers log and browsers send on."
        of_pages = (self.redirect_uri or "").startswith(("https://", "http://"))
        if mode in (FORM_POST, WEB_MESSAGE) and not of_pages:
            return "An address of that kind takes no form and no message."
        return None
