"""Turn a typed page model into a response: template, language, headers.

Every page gets the same headers. Two absences are deliberate. There is no `form-action`:
Chromium applies it to every redirect after a form post, so it would stop the way back to the
application after the code was spent. And the referrer policy is `same-origin`, not
`no-referrer`, under which browsers send `Origin: null` with our own forms.
"""

import re
import secrets
from typing import TYPE_CHECKING

from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from latchstring.web.http.accent import accent
from latchstring.web.http.frame import Brand, Page
from latchstring.web.http.sentence import Address, Sentence
from latchstring.web.http.static import StaticFiles
from latchstring.web.http.words import Words, address, load_words, plain, strong_address

if TYPE_CHECKING:
    from jinja2 import Environment

_FIXED_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "otp-credentials=(self)",
    "Referrer-Policy": "same-origin",
    "Vary": "Accept-Language, Cookie",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(?=[/?#]|\Z)")
_BLANKS = re.compile(r"(?:/\*.*?\*/|\s)+", re.DOTALL)  # comments and runs of white space
_STRICT_TRANSPORT = "max-age=31536000"


class Renderer:
    """Renders pages; made once, holds every template that was asked for compiled.

    Compiling all of them takes longer than the rest of a start, and would stop everybody else when
    the first visitor of another language comes.
    """

    def __init__(self, *, static: StaticFiles, secure: bool) -> None:
        self._static = static
        self._style = Markup(_BLANKS.sub(" ", static.text("pages.css")))  # noqa: S704  our own file
        self._headers = {"Strict-Transport-Security": _STRICT_TRANSPORT} if secure else {}
        self._languages: dict[str, tuple[Words, Environment]] = {}

    def page(
        self, view: Page, *, request_id: str, language: str, status: int | None = None
    ) -> Response:
        """The page as a response, with its usual status unless another is named."""
        words, environment = self._speak(language)
        nonce = secrets.token_urlsafe(16)
        body = environment.get_template(view.template).render(
            view=view,
            frame=view.frame,
            request_id=request_id,
            nonce=nonce,
            accent=accent(view.frame.brand.color if view.frame.brand else None),
        )
        return HTMLResponse(
            body,
            status_code=view.status if status is None else status,
            headers=_FIXED_HEADERS
            | self._headers
            | {
                "Content-Language": words.language,
                "Content-Security-Policy": content_policy(nonce, view.frame.brand),
            },
        )

    def text(self, sentence: Sentence, *, language: str) -> str:
        """One sentence as plain text, as the delivery status in JSON needs it."""
        return plain(self._speak(language)[0].say(sentence))

    def _speak(self, language: str) -> "tuple[Words, Environment]":
        if language not in self._languages:
            words = load_words(language)
            self._languages[language] = words, self._environment(words)
        return self._languages[language]

    def _environment(self, words: Words) -> "Environment":
        # A start shows no page and does not wait for it.
        from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - as said

        environment = Environment(
            loader=PackageLoader("latchstring", "templates/pages"),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
            cache_size=-1,
        )
        environment.globals |= {
            "_": words.gettext,
            "ngettext": words.ngettext,
            "say": words.say,
            "words": words,
            "style": self._style,
            "asset": self._static.url,
        }
        environment.filters |= {
            "address": address,
            "as_address": Address,
            "strong_address": strong_address,
        }
        return environment


def content_policy(nonce: str, brand: Brand | None) -> str:
    """What the page may load: nothing from elsewhere but the logo the operator configured."""
    images = " ".join(["'self'", "data:", *_logo_origin(brand)])
    return (
        f"default-src 'none'; style-src 'self' 'nonce-{nonce}'; script-src 'self' 'nonce-{nonce}'; "
        f"img-src {images}; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def _logo_origin(brand: Brand | None) -> list[str]:
    # Only what has exactly the form of an origin gets into the header, so no value can add to it.
    match = _ORIGIN.match(brand.logo_url) if brand and brand.logo_url else None
    return [match[0]] if match else []
