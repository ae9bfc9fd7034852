"""An address of every page that shows something, on the runs of the tests."""

from __future__ import annotations

from dash_app.page import Page
from dash_app.runs import Runs


def example_arguments(runs: Runs) -> dict[str, str]:
    """Return a value that exists for every variable a path may have."""
    latest = runs.latest()
    assert latest is not None
    summary = runs.summary(latest.run_id)
    depot = summary.depots[0].garage
    return {"feeder": summary.feeders[0].feeder, "depot": depot, "garage": depot, "id": depot, "run": latest.run_id}


def example_address(page: Page, runs: Runs) -> str:
    """Return the address of a page with variables that exist."""
    known = example_arguments(runs)
    variables = [part[1:-1] for part in page.path.split("/") if part.startswith("<")]
    return page.href(**{name: known[name] for name in variables})
