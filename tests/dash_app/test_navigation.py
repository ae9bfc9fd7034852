"""Where a page stands in the navigation."""

from __future__ import annotations

import pytest

from dash_app.page import Pages
from dash_app.pages import PAGES


@pytest.mark.parametrize(
    ("name", "chapter"),
    [
        ("grid", "grid"),
        ("whatif", "whatif"),
        ("trust", "trust"),
        ("feeder", "grid"),
        ("depot", "schedule"),
        ("why", "schedule"),
    ],
)
def test_one_entry_of_the_navigation_is_where_the_page_stands(name: str, chapter: str) -> None:
    pages = Pages(PAGES)
    page = pages.named(name)
    assert page is not None
    found = pages.chapter(page)
    assert found is not None
    assert found.name == chapter
