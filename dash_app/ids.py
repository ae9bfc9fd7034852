"""Identifiers of components: all of them are made here, so that none is misspelt or used twice.

A page names its own components with :func:`of_page`; controls whose value belongs to the address are named by
:func:`control` (or :func:`switch` for components whose value is `checked`).
"""

from __future__ import annotations

from typing import Any, TypeAlias

from dash import ALL, MATCH

__all__ = ["ALL", "MATCH"]

Id: TypeAlias = str | dict[str, Any]
Name: TypeAlias = Any
"""A name, or a wildcard of Dash in its place."""

ADDRESS = "address"
CONTENT = "content"
NAVIGATION = "navigation"
NAVIGATION_TOGGLE = "navigation-toggle"
RUN_PICKER = "run-picker"
RUN_FACTS = "run-facts"
TITLE = "document-title"
ANNOUNCER = "announcer"
NOTIFICATIONS = "notifications"
CLOCK = "shell-clock"
EXPORTS = "exports"
LOG_OUT_TOKEN = "log-out-token"


def of_page(page: str, name: str) -> str:
    """Return the id of a component of a page."""
    return f"{page}-{name}"


def control(page: str, field: str) -> dict[str, Any]:
    """Return the id of a control whose `value` is a field of the page's state."""
    return {"type": "url-value", "page": page, "field": field}


def switch(page: str, field: str) -> dict[str, Any]:
    """Return the id of a control whose `checked` is a field of the page's state."""
    return {"type": "url-checked", "page": page, "field": field}


def state(page: Name) -> dict[str, Any]:
    """Return the id of the store that holds what the page shows (see `dash_app.page.shown`)."""
    return {"type": "page-state", "page": page}


def rules(page: Name) -> dict[str, Any]:
    """Return the id of the store that tells the browser how the page's state is written to the address."""
    return {"type": "page-rules", "page": page}


def table_button(page: Name, table: Name, chart: Name = "") -> dict[str, Any]:
    """Return the id of a button "show as table"; two charts of a page may show the same table."""
    return {"type": "table-button", "page": page, "table": table, "chart": chart}


def table_place(page: Name, table: Name, chart: Name = "") -> dict[str, Any]:
    """Return the id of the place where the table of a button opens."""
    return {"type": "table-place", "page": page, "table": table, "chart": chart}


def image_button(page: str, chart: str) -> dict[str, Any]:
    """Return the id of a button that saves a chart as PNG."""
    return {"type": "image-button", "page": page, "chart": chart}


def image_done(page: str, chart: str) -> dict[str, Any]:
    """Return the id of the store that notes a saved image."""
    return {"type": "image-done", "page": page, "chart": chart}


def chart(page: str, name: str) -> dict[str, Any]:
    """Return the id of a chart (a `dcc.Graph`)."""
    return {"type": "chart", "page": page, "chart": name}


def sentence(page: str, name: str) -> str:
    """Return the id of the sentence that says what a chart shows."""
    return f"{page}-{name}-sentence"
