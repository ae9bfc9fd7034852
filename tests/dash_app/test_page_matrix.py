"""Every page in both languages and themes: no errors, nothing asked of others, readable by everybody, nothing cut."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from dash_app.page import Page
from dash_app.pages import PAGES
from dash_app.runs import Runs
from dash_app.words import words_of
from tests.dash_app.addresses import example_address
from tests.dash_app.served import Served
from tests.dash_app.sight import Sight
from twin.report_numbers import Lang

pytestmark = pytest.mark.browser

HANGUL = re.compile(r"[가-힣]+")
KEY = re.compile(r"\b[a-z_]+(?:\.[a-z_0-9]+)+\b")
PHONE, NOTEBOOK = 360, 1366
UNMARKED = """(() => { const e = document.activeElement, s = getComputedStyle(e);
  const styled = e.matches('body, input[type=file], [class*=mantine] *, [class*=ag-] *, [class*=ag-]');
  return styled || s.outlineStyle !== 'none' || s.boxShadow !== 'none' ? '' : e.outerHTML.slice(0, 120) })()"""
"""The focused element when nothing shows that it has the focus; components of the libraries mark theirs inside."""

PICTURES = Path(".cache/screenshots")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page(look: Callable[..., Sight], demo: Served, page: Page, lang: str, theme: str) -> None:
    sight = look(example_address(page, Runs(demo.settings.runs)), lang=lang, theme=theme)
    PICTURES.mkdir(parents=True, exist_ok=True)
    sight.page.screenshot(path=PICTURES / f"{page.name}.{lang}.{theme}.png")
    assert sight.said == []
    assert sight.refused == []
    assert sight.foreign == []
    assert sight.page.locator(".answer-sentence").count() == 1
    assert len(sight.answer) > 10
    assert sight.page.locator("h1").count() == 1
    assert sight.repeated_ids() == []
    assert sight.page.evaluate("document.documentElement.lang") == lang
    assert sight.cut_texts() == []
    assert sight.wider_than(NOTEBOOK) == []
    assert sight.grave_findings() == []
    text = sight.text()
    assert [key for key in KEY.findall(text) if words_of(Lang(lang)).has(key)] == []
    if lang == "en":
        assert HANGUL.findall(text) == []
    if theme == "light":
        sight.page.set_viewport_size({"width": PHONE, "height": 740})
        sight.page.wait_for_timeout(150)
        sight.page.screenshot(path=PICTURES / f"{page.name}.{lang}.phone.png")
        assert sight.wider_than(PHONE) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_walked_by_keyboard(look: Callable[..., Sight], demo: Served, page: Page) -> None:
    """From the top: the skip link comes first and leads to the content; every stop shows where it is."""
    sight = look(example_address(page, Runs(demo.settings.runs)))
    sight.page.keyboard.press("Tab")
    assert sight.page.evaluate("document.activeElement.className") == "skip"
    sight.page.keyboard.press("Enter")
    assert "content" in sight.page.evaluate("[document.activeElement.id, location.hash].join()")
    invisible = []
    for _ in range(25):
        sight.page.keyboard.press("Tab")
        seen = sight.page.evaluate(UNMARKED)
        invisible += [seen] if seen else []
    assert invisible == []
