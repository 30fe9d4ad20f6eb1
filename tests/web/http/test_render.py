"""The headers of every page, and what the renderer does with languages and colors."""

import gettext as catalogues

import pytest

from latchstring.web.http import render
from latchstring.web.http.frame import Brand, Frame
from latchstring.web.http.notices import NotFound
from latchstring.web.http.sentence import gettext
from latchstring.web.http.words import Words
from tests.support import pages

RENDERER = pages.a_renderer()


def headers(brand=None, **changes):
    view = NotFound(frame=Frame(brand=brand))
    return RENDERER.page(view, request_id="req_1", language="en", **changes).headers


def test_every_page_is_private_unframed_and_unindexed():
    found = headers()
    assert found["cache-control"] == "no-store"
    assert found["content-language"] == "en"
    assert found["cross-origin-opener-policy"] == "same-origin"
    assert found["permissions-policy"] == "otp-credentials=(self)"
    assert found["referrer-policy"] == "same-origin"
    assert found["vary"] == "Accept-Language, Cookie"
    assert found["x-content-type-options"] == "nosniff"
    assert found["x-frame-options"] == "DENY"
    assert found["x-robots-tag"] == "noindex, nofollow"


def test_the_content_policy_allows_our_own_and_names_no_form_action():
    policy = headers()["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy
    assert "form-action" not in policy
    assert "unsafe" not in policy


def test_the_nonce_of_the_policy_is_the_pages_and_no_other_pages():
    one, other = (RENDERER.page(NotFound(), request_id="req_1", language="en") for _ in range(2))
    nonce = one.headers["content-security-policy"].split("'nonce-")[1].split("'")[0]
    assert f'nonce="{nonce}"'.encode() in one.body
    assert nonce.encode() not in other.body


@pytest.mark.parametrize(
    ("logo_url", "images"),
    [
        ("https://cdn.acme.example/logo.svg", "'self' data: https://cdn.acme.example"),
        ("http://127.0.0.1:9100/logo.png", "'self' data: http://127.0.0.1:9100"),
        ("/logo.svg", "'self' data:"),
        ("data:image/svg+xml,<svg/>", "'self' data:"),
        ("javascript:alert(1)", "'self' data:"),
        ("https://a.example; script-src *", "'self' data:"),
        ("https://a.example:x/", "'self' data:"),
        ("https://[::1/logo.png", "'self' data:"),
        ("https://a.example@b.example/", "'self' data:"),
    ],
)
def test_only_the_configured_logo_may_come_from_elsewhere(logo_url, images):
    policy = headers(Brand(name="Acme", logo_url=logo_url))["content-security-policy"]
    assert f"img-src {images};" in policy


def test_strict_transport_is_demanded_over_https_only():
    over_https = pages.a_renderer(secure=True).page(NotFound(), request_id="r", language="en")
    assert over_https.headers["strict-transport-security"] == "max-age=31536000"
    assert "strict-transport-security" not in headers()


def test_a_handler_may_name_another_status():
    assert RENDERER.page(NotFound(), request_id="r", language="en").status_code == 404
    assert RENDERER.page(NotFound(), request_id="r", language="en", status=410).status_code == 410


def test_a_sentence_becomes_plain_text_for_json():
    sentence = gettext("We've sent a new one to %(identifier)s.", identifier="<a & b>")
    assert RENDERER.text(sentence, language="en") == "We've sent a new one to <a & b>."


def test_each_language_has_its_own_words(monkeypatch):
    class German(catalogues.NullTranslations):
        def gettext(self, message):
            return {"There is no page here": "Keine Seite"}.get(message, message)

    monkeypatch.setattr(render, "load_words", lambda language: Words(language, German()))
    renderer = pages.a_renderer()
    german = renderer.page(NotFound(), request_id="r", language="de")
    assert german.headers["content-language"] == "de"
    assert b"<h1>Keine Seite</h1>" in german.body
