"""The registry of pages: the order is the order of the navigation."""

from __future__ import annotations

from dash_app.page import Page

PAGES: tuple[Page, ...] = ()


def page_of(path: str) -> tuple[Page, dict[str, str]] | None:
    """Return the page at a path with the values of the path's variables, or None."""
    for page in PAGES:
        arguments = page.match(path)
        if arguments is not None:
            return page, arguments
    return None
