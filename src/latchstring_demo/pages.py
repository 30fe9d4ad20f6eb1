"""The demo's pages: one style sheet, no script, and what the server said laid out to read."""

import json
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from latchstring_demo.people import Person
from latchstring_demo.problems import Problem
from latchstring_demo.settings import DemoSettings

_TEMPLATES = Path(__file__).parent / "templates"
_TIMES = frozenset({"iat", "exp", "nbf", "auth_time", "updated_at"})


class Pages:
    """Renders the application's pages under a policy that allows its own style and nothing else."""

    def __init__(self, settings: DemoSettings) -> None:
        """Take the settings the pages mention."""
        self._jinja = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        # Our own file, so its quotes are meant.
        style = Markup((_TEMPLATES / "style.css").read_text("utf-8"))  # noqa: S704 - not input
        self._jinja.globals |= {"settings": settings, "style": style, "shown": shown}

    def welcome(self, *, signed_out: bool) -> HTMLResponse:
        """Return the page with the button."""
        return self._render("welcome.html", signed_out=signed_out)

    def profile(self, person: Person) -> HTMLResponse:
        """Return the page of somebody who is signed in."""
        return self._render(
            "profile.html",
            name=display_name(person.userinfo),
            claims=person.claims,
            userinfo=person.userinfo,
            id_token=person.id_token,
        )

    def problem(self, problem: Problem, *, detail: str = "") -> HTMLResponse:
        """Return the page that says what went wrong."""
        return self._render("problem.html", status=problem.status, problem=problem, detail=detail)

    def _render(self, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
        nonce = secrets.token_urlsafe(16)
        page = self._jinja.get_template(template).render(nonce=nonce, **values)
        response = HTMLResponse(page, status)
        # No form-action: "Sign out" posts here and is then led to the sign-in server.
        response.headers["content-security-policy"] = (
            f"default-src 'none'; style-src 'nonce-{nonce}'; img-src data:; "
            "base-uri 'none'; frame-ancestors 'none'"
        )
        response.headers["cache-control"] = "no-store"
        response.headers["referrer-policy"] = "same-origin"
        response.headers["x-content-type-options"] = "nosniff"
        return response


def display_name(userinfo: dict[str, Any]) -> str:
    """Return what the person would call themselves: name, address, number, or the bare subject."""
    for claim in ("email", "phone_number", "name", "sub"):
        if userinfo.get(claim):
            return str(userinfo[claim])
    return "Somebody"


def shown(name: str, value: object) -> str:
    """Return a claim's value as text; times are spelled out beside their number."""
    if name in _TIMES and isinstance(value, int | float):
        at = datetime.fromtimestamp(value, UTC)
        return f"{value:.0f} · {at:%Y-%m-%d %H:%M:%S} UTC"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
