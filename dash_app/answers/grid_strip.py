"""The worst use of the permitted at every step of the day."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dash_app.answers.grid_facts import GridFacts
from dash_app.answers.grid_layers import Layer, series_of
from twin.summary_grid_types import PlanIndex

Floats = NDArray[np.float64]


def worst_over_day(facts: GridFacts, layer: Layer, plan: PlanIndex, district: str) -> tuple[Floats, NDArray[np.int64]]:
    """Return (T,) the worst use of the permitted, in one district or anywhere, and the feeder it is found at."""
    use, _ = series_of(facts.overview, layer, plan)
    here = np.flatnonzero(facts.overview.feeders.district == district) if district else np.arange(use.shape[1])
    here = here if len(here) else np.arange(use.shape[1])
    worst = np.nan_to_num(use[:, here], nan=-1.0).argmax(axis=1)
    values = use[np.arange(len(use)), here[worst]]
    solved = np.asarray(facts.overview.series.converged[plan])
    return np.where(solved, values, np.nan), here[worst]
