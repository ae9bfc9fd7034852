"""How the pages about the grid reach a run: its overview, outlines, network and feeders, read once and kept."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from dash_app.answers.grid_facts import GridFacts
from dash_app.figures.grid_shapes import Path as MapPath
from dash_app.figures.grid_shapes import feeder_paths
from dash_app.page import NotFoundError
from dash_app.services import Services
from dash_app.view import View
from data.errors import InvalidInput
from grid.synthesis_grid import SyntheticGrid
from twin.summary_feeder import FeederSlice, read_feeder
from twin.summary_grid_file import NETWORK_FILE, OVERVIEW_FILE, read_overview
from twin.summary_outlines import OUTLINES_FILE

KEPT_NETWORKS = 2
"""Networks of a whole city held at once by a process: 25 MB each."""


def facts_of(view: View, services: Services) -> GridFacts:
    """Return what pages know of the grid of the run that is looked at.

    Raises
    ------
    NotFoundError
        When the run was published by a version that kept no overview.
    """
    runs, run_id = services.runs, view.run_id
    try:
        overview = runs.part(run_id, OVERVIEW_FILE, read_overview)
    except (KeyError, InvalidInput) as error:
        raise NotFoundError(view.words("grid.old_run", run=run_id)) from error
    try:
        outlines = runs.part(run_id, OUTLINES_FILE, _outlines)
    except KeyError:
        outlines = None
    return GridFacts(runs.summary(run_id), overview, outlines)


def _outlines(content: bytes) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(content)
    return document


def outlines_resource(services: Services, run_id: str) -> bytes:
    """Return the outlines of a run's districts as the browser fetches them; none when the run keeps none."""
    try:
        return services.runs.file(run_id, OUTLINES_FILE)
    except KeyError:
        return b'{"type":"FeatureCollection","features":[]}'


def network_of(view: View, services: Services) -> SyntheticGrid:
    """Return the network of a run; the last few are kept."""
    return _network(str(services.runs.store.folder_of(view.run_id) / NETWORK_FILE))


@lru_cache(maxsize=KEPT_NETWORKS)
def _network(path: str) -> SyntheticGrid:
    return SyntheticGrid.load(Path(path))


def paths_of(view: View, services: Services, district: str) -> dict[int, MapPath]:
    """Return the feeders of a district as lines on the map; none without a district."""
    if not district:
        return {}
    key = (view.run_id, "feeder-paths", district)
    return services.runs.made(key, lambda: feeder_paths(network_of(view, services), district))


def feeder_of(view: View, services: Services, feeder: str) -> FeederSlice:
    """Return one feeder with its day.

    Raises
    ------
    NotFoundError
        When the run has no such feeder, or keeps no network.
    """
    facts = facts_of(view, services)
    if facts.feeder_number(feeder) < 0:
        raise NotFoundError(view.words("feeder.unknown", feeder=feeder, run=view.run_id))

    def read() -> FeederSlice:
        return read_feeder(services.runs.store.folder_of(view.run_id), network_of(view, services), feeder)

    return services.runs.made((view.run_id, "feeder", feeder), read)
