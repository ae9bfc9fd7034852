"""The registry of pages: the order is the order of the navigation."""

from __future__ import annotations

from dash_app.page import Page
from dash_app.pages import depot, schedule

PAGES: tuple[Page, ...] = (
    schedule.PAGE,
    depot.PAGE,
)
