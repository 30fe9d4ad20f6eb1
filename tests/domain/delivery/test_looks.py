"""Every mail before axe and a ruler: light and dark, on a phone and at a desk."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from latchstring.base.settings import Send
from tests.conftest import FULL
from tests.support.delivery import a_mail, a_sign_in

MAILS = {
    "both": a_sign_in(),
    "link": a_sign_in(send=Send.LINK, color="#7a2bd0"),
    "code": a_sign_in(send=Send.CODE, device=""),
    "long": a_sign_in(
        client_name="Bürgeramt & Söhne <Verwaltungsgesellschaft> Nordwestost GmbH & Co. KG",
        code_length=12,
        code_seconds=300,
        link_seconds=3600,
        color="#ffd84d",
    ),
}
CASES = [
    (name, scheme, width)
    for name in MAILS
    for scheme, width in [("light", 320), ("dark", 600), ("light", 600), ("dark", 320)][
        : 4 if FULL else 2
    ]
]


@pytest.mark.parametrize(("name", "scheme", "width"), CASES)
def test_m11_m12_nobody_is_kept_from_reading_it(chromium, name, scheme, width):
    page = chromium.new_page(viewport={"width": width, "height": 700}, color_scheme=scheme)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.set_content(a_mail(content=MAILS[name]).html)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert requests == []
    found = Axe().run(page).response["violations"]
    assert [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found] == []
    page.close()


def test_a_double_click_takes_the_whole_code(chromium):
    page = chromium.new_page()
    mail = a_mail()
    page.set_content(mail.html)
    page.dblclick(".code")
    assert page.evaluate("getSelection().toString().trim()") == mail.code
    page.close()
