"""A person before the hosted pages, in a browser without scripts: opens, types, presses."""

from types import TracebackType
from typing import Self
from urllib.parse import urljoin, urlsplit

import httpx2

from tests.support.document import Document, Element, read
from tests.support.interop import World

_LONGEST_WALK = 10
THE_LINKS_BUTTON = "Sign in on this device"


class Visitor:
    """One browser profile; it follows the server's redirects and stops where they leave it."""

    def __init__(self, world: World) -> None:
        """Start without cookies."""
        self._world = world
        self._browser = httpx2.Client(verify=world.certificates.trusting())
        self._at = world.issuer
        self._page = Document()

    def __enter__(self) -> Self:
        """Open the browser."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the browser."""
        self._browser.close()

    def open(self, url: str) -> str | None:
        """Go somewhere; return the address where the server sent this browser away, if it did."""
        return self._follow(self._browser.get(url))

    def sign_in(self, url: str, who: str) -> str:
        """Walk from an authorization request to the application, by the code of a real message."""
        assert self.open(url) is None, "signed in without being asked"
        left = self.prove(who)
        assert left, f"still on the page: {self.text}"
        return left

    def prove(self, who: str) -> str | None:
        """On the sign-in page, say who one is and type the code of the message that comes."""
        before = len(self._world.server.mail.to(who)) + len(self._world.server.sms.to(who))
        if who.startswith("+"):
            if not self._fields("phone"):
                self.open(self._link_to("phone"))
            left = self.fill(phone=who)
        else:
            left = self.fill(email=who)
        assert left is None
        return self.fill(code=self._world.code_for(who, count=before + 1))

    def allow_device(self, url: str, code: str, who: str) -> None:
        """Type the code that a device shows, sign in, and let the device in."""
        self.open(url)
        self.fill(user_code=code)
        self.press("Yes, sign in to go on")
        self.prove(who)
        self.press("Allow")
        assert "signed in to" in self.text, self.text

    def fill(self, **values: str) -> str | None:
        """Fill in the form that has these fields, and send it."""
        for form, fields in self._forms():
            if values.keys() <= fields.keys():
                return self._send(form.attributes["action"], fields | values)
        raise AssertionError(f"no form for {sorted(values)} on the page: {self.text}")

    def press(self, words: str) -> str | None:
        """Press the button that says this."""
        for form, fields in self._forms():
            if words in form.text:
                return self._send(form.attributes["action"], fields)
        raise AssertionError(f"no button {words!r} on the page: {self.text}")

    @property
    def text(self) -> str:
        """What the page says."""
        return " ".join(self._page.one("body").text.split())

    def _send(self, action: str, fields: dict[str, str]) -> str | None:
        origin = {"Origin": self._world.server.url}
        return self._follow(
            self._browser.post(urljoin(self._at, action), data=fields, headers=origin)
        )

    def _follow(self, answer: httpx2.Response) -> str | None:
        for _ in range(_LONGEST_WALK):
            self._at = str(answer.url)
            if not answer.is_redirect:
                assert answer.status_code < 500, answer.text
                self._page = read(answer.text)
                return None
            target = urljoin(self._at, answer.headers["location"])
            if not target.startswith(self._world.issuer):
                return target
            answer = self._browser.get(target)
        raise AssertionError("the server redirects without an end")

    def _forms(self) -> list[tuple[Element, dict[str, str]]]:
        """Every form with its fields, in the page's order."""
        found: list[tuple[Element, dict[str, str]]] = []
        for element in self._page.elements:
            if element.tag == "form":
                found.append((element, {}))
            elif element.tag in ("input", "select") and found and "name" in element.attributes:
                found[-1][1][element.attributes["name"]] = element.attributes.get("value", "")
        return found

    def _fields(self, name: str) -> bool:
        return any(name in fields for _form, fields in self._forms())

    def _link_to(self, last: str) -> str:
        found = [link.attributes.get("href", "") for link in self._page.all("a")]
        return next(
            urljoin(self._at, url) for url in found if urlsplit(url).path.endswith(f"/{last}")
        )
