"""The registry of pages: the order is the order of the navigation."""

from __future__ import annotations

from dash_app.page import Page
from dash_app.pages import data, depot, feeder, grid, jobs, policy, schedule, trust, whatif, why

PAGES: tuple[Page, ...] = (
    grid.PAGE,
    feeder.PAGE,
    whatif.PAGE,
    trust.PAGE,
    schedule.PAGE,
    depot.PAGE,
    why.PAGE,
    policy.PAGE,
    jobs.PAGE,
    data.PAGE,
)
