"""The HTML part of a mail as a document of its own: it can show and be clicked, nothing else."""

import re

from starlette.responses import HTMLResponse

# The document gets an origin of its own and no script; a link leaves the frame for a new tab, as
# from a mail program. Remote pictures stay out: what needs the network cannot be shown without.
SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
POLICY = "; ".join(
    (
        f"sandbox {SANDBOX}",
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    )
)
_HEAD = re.compile(r"<head(\s[^>]*)?>", re.IGNORECASE)
_NEW_TAB = '<base target="_blank">'


def framed(html: str) -> HTMLResponse:
    """Return the mail's HTML as an answer that can hurt nobody."""
    head = _HEAD.search(html)
    at = head.end() if head else 0
    response = HTMLResponse(f"{html[:at]}{_NEW_TAB}{html[at:]}")
    response.headers["content-security-policy"] = POLICY
    return response
