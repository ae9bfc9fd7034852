"""The registry of pages: the order is the order of the navigation."""

from __future__ import annotations

from dash_app.page import Page

PAGES: tuple[Page, ...] = ()
