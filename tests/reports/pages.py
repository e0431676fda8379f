"""A page of HTML, read as a browser reads it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

VOID = {"meta", "br", "hr", "img", "input", "link", "col"}


class Page(HTMLParser):
    """The text of a page, its tags with their attributes, and whether every tag is closed."""

    def __init__(self, content: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.source = content.decode()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._text: list[str] = []
        self._open: list[str] = []
        self.feed(self.source)
        self.close()
        assert not self._open, f"not closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self._text.append(data)

    @property
    def text(self) -> str:
        """What stands on the page, with single spaces."""
        return " ".join(" ".join(self._text).split())

    @property
    def loads(self) -> list[str]:
        """Return every address outside the page that a browser would fetch, and every script."""
        given = [
            value for _, attributes in self.tags for name, value in attributes.items() if name in ADDRESSES and value
        ]
        styles = re.findall(r"url\(([^)]*)\)|@import", self.source)
        scripts = [tag for tag, _ in self.tags if tag in ("script", "link", "iframe", "object", "embed", "base")]
        return [
            *(value for value in given if not value.startswith("#")),
            *(s for s in styles if not s.startswith("#")),
            *scripts,
        ]


ADDRESSES = ("src", "href", "xlink:href", "srcset", "data", "action")
