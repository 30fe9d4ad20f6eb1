"""Read a page's HTML as a flat list of elements and texts, in document order."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"img", "input", "link", "meta", "br", "hr", "path", "rect", "circle"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    inside: tuple[str, ...]
    text: str = ""


@dataclass
class Document:
    elements: list[Element] = field(default_factory=list)
    texts: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    unclosed: list[str] = field(default_factory=list)

    def all(self, tag: str, **attributes: str) -> list[Element]:
        return list(self._matching(tag, attributes))

    def one(self, tag: str, **attributes: str) -> Element:
        (element,) = self._matching(tag, attributes)
        return element

    def _matching(self, tag: str, attributes: dict[str, str]) -> Iterator[Element]:
        for element in self.elements:
            if element.tag == tag and attributes.items() <= element.attributes.items():
                yield element


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.document = Document()
        self.open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        inside = tuple(element.tag for element in self.open)
        element = Element(tag, {name: value or "" for name, value in attrs}, inside)
        self.document.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop().tag != tag:
            self.document.unclosed.append(tag)

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data
        self.document.texts.append((data, tuple(element.tag for element in self.open)))


def read(html: str) -> Document:
    reader = _Reader()
    reader.feed(html)
    reader.document.unclosed += [element.tag for element in reader.open]
    return reader.document
