"""Outlines of the districts of a run, for maps of differences."""

from __future__ import annotations

import json
from typing import Any

from dash_app.services import Services
from twin.summary_outlines import OUTLINES_FILE


def outlines_of(services: Services, run_id: str) -> dict[str, Any] | None:
    """Return the outlines that a run keeps, or None for a run that keeps none."""
    try:
        return services.runs.part(run_id, OUTLINES_FILE, _read)
    except KeyError:
        return None


def _read(content: bytes) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(content)
    return document
