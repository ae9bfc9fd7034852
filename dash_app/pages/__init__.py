"""The registry of pages: the order is the order of the navigation."""

from __future__ import annotations

from dash_app.page import Page
from dash_app.pages import depot, feeder, grid, schedule

PAGES: tuple[Page, ...] = (
    grid.PAGE,
    feeder.PAGE,
    schedule.PAGE,
    depot.PAGE,
)
