"""A report taken apart for tests."""

from __future__ import annotations

from functools import cache
from html.parser import HTMLParser

from tests.twin.report_builders import (
    squares,
    summary,
)
from twin.report import render_report
from twin.summary_types import Summary

VOID = {"meta", "br", "hr"}


class Page(HTMLParser):
    """A page taken apart; fails on elements that are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self._hidden = 0
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.text += data + " "

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@cache
def good_page(lang: str) -> str:
    return render_report(summary(), squares(), lang)


def page(whole: Summary | None = None, lang: str = "en") -> Page:
    return Page(good_page(lang) if whole is None else render_report(whole, squares(), lang))
