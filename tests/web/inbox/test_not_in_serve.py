"""Nothing of the inbox can be reached from `serve`: not by address, not by import."""

import subprocess
import sys

from tests.support.house import House

PATHS = [
    "/dev",
    "/dev/",
    "/dev/mail",
    "/dev/mail/",
    "/dev/mail.json",
    "/dev/mail/1",
    "/dev/mail/1.json",
    "/dev/mail/1/html",
    "/dev/mail/events",
    "/dev/mail/clear",
    "/dev/mail/1/delete",
    "/DEV/mail",
    "//dev/mail",
    "/dev/%6dail",
]


async def test_every_inbox_address_is_404_from_serve(house: House) -> None:
    await house.start(send="both")
    code = await house.code()
    async with house.http() as http:
        for path in PATHS:
            for method in ("GET", "HEAD", "POST", "DELETE"):
                response = await http.request(method, path)
                assert response.status_code == 404, (method, path)
                assert code not in response.text


def test_serve_does_not_even_import_the_inbox_pages() -> None:
    program = "import sys, latchstring.main.serving; print('latchstring.web.inbox' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"False\n"
