"""Only our own pages may post our forms.

Browsers say where a post comes from: ``Sec-Fetch-Site``, else ``Origin``. A foreign one is refused,
whatever else it brings. A token in the form, bound to what the page was about, covers callers that
send neither header. (``Origin: null`` is what a page under a strict referrer policy sends to
itself, so ``Sec-Fetch-Site`` decides first.)
"""

import msgspec
from starlette.requests import Request

from latchstring.base.errors import Forbidden
from latchstring.base.secrets import Keyring, UnknownKey, encode, equal
from latchstring.web.http.parameters import Parameters

FIELD = "csrf"
_LABEL = "form"
_TAG_BYTES = 16


class ForeignForm(Forbidden):
    """The form was not sent from our own page. Go back, reload the page, and try again."""


class FormGuard(msgspec.Struct, frozen=True):
    """Makes and checks the token of a form."""

    keyring: Keyring
    origin: str

    def token(self, binding: str) -> str:
        """Return the token for forms about this binding (a browser cookie, a link, a session)."""
        version = self.keyring.current
        return f"{version}.{self._tag(binding, version)}"

    def check(self, request: Request, form: Parameters, binding: str) -> None:
        """Raise ``ForeignForm`` for a post from elsewhere or with a token for something else."""
        if not self._is_ours(request):
            raise ForeignForm(detail="cross-site post")
        version, _, tag = (form.one(FIELD) or "").partition(".")
        try:
            genuine = self._tag(binding, int(version))
        except (ValueError, UnknownKey):
            raise ForeignForm(detail="no form token") from None
        if not equal(tag, genuine):
            raise ForeignForm(detail="wrong form token")

    def _is_ours(self, request: Request) -> bool:
        site = request.headers.get("sec-fetch-site")
        if site is not None:
            return site == "same-origin"
        origin = request.headers.get("origin")
        return origin is None or origin == self.origin

    def _tag(self, binding: str, version: int) -> str:
        return encode(self.keyring.mac(_LABEL, binding.encode(), version=version)[:_TAG_BYTES])
