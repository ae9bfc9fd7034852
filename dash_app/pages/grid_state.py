"""What the page of the grid shows, and what a click or a zoom on its map chooses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from dash import no_update

from dash_app.answers.grid_facts import GridFacts
from dash_app.answers.grid_layers import WHOLE_DAY, Layer, Shown
from dash_app.figures.grid_map import AREAS, BROKEN_PLACES, STATIONS
from dash_app.figures.grid_map_feeders import FIRST_BAND
from dash_app.figures.grid_shapes import district_at
from dash_app.url_state import PageState, url_field

ZOOM_IN, ZOOM_OUT = 11.7, 10.4
"""Zoom beyond which the district in the middle of the map opens, and below which it closes."""


class Listed(StrEnum):
    """What the list of the worst holds."""

    NETWORK = "network"
    TRANSFORMERS = "transformers"


@dataclass(frozen=True)
class GridState(PageState):
    """What the page shows; a step of -1 is the worst of the day."""

    layer: Layer = url_field(Layer.LOADING)
    plan: Shown = url_field(Shown.PLAN)
    step: int = url_field(WHOLE_DAY, low=WHOLE_DAY, high=383)
    district: str = url_field("", longest=20)
    feeder: str = url_field("", longest=40)
    listed: Listed = url_field(Listed.NETWORK)


def district_of(state: GridState, facts: GridFacts) -> str:
    """Return the chosen district, "" when the run does not plan it."""
    known = {district.code for district in facts.summary.districts}
    return state.district if state.district in known else ""


def step_of(state: GridState, facts: GridFacts) -> int:
    """Return the chosen step, the last of the day at most."""
    return min(state.step, len(facts.clock) - 1)


def clicked(click: Any, state: GridState, facts: GridFacts) -> tuple[Any, Any, Any]:
    """Return district, feeder and focus that a click on the map chooses: what is not changed stays."""
    points = click.get("points") if isinstance(click, dict) else None
    point = points[0] if points else {}
    trace, told = point.get("curveNumber"), point.get("customdata")
    told = told[0] if isinstance(told, list) else told
    if trace == AREAS and isinstance(told, str) and told not in facts.missing and told != state.district:
        return told, no_update, {"by": "click"}
    lines = trace == BROKEN_PLACES or (isinstance(trace, int) and FIRST_BAND <= trace < STATIONS)
    if lines and isinstance(told, int) and 0 <= told < len(facts.overview.feeders.id):
        feeders = facts.overview.feeders
        district = str(feeders.district[told])
        changed = district if district != state.district else no_update
        return changed, str(feeders.id[told]), {"by": "click"}
    return no_update, no_update, no_update


def zoomed(moved: Any, state: GridState, facts: GridFacts) -> tuple[Any, Any, Any]:
    """Return what a new zoom or place of the map chooses: near enough, the district in its middle opens."""
    told = moved if isinstance(moved, dict) else {}
    zoom, centre = told.get("map.zoom"), told.get("map.center")
    if not isinstance(zoom, int | float) or not isinstance(centre, dict) or not facts.outlines:
        return no_update, no_update, no_update
    if zoom < ZOOM_OUT and state.district:
        return None, no_update, {"by": "zoom"}
    if zoom > ZOOM_IN:
        here = district_at(facts.outlines, float(centre.get("lon", 0.0)), float(centre.get("lat", 0.0)))
        if here and here != state.district and here not in facts.missing:
            return here, no_update, {"by": "zoom"}
    return no_update, no_update, no_update
