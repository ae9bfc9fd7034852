"""What the map of the grid shows: use of the permitted by district, substation, feeder, at a step or over the day."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from twin.grid_check import LOADING_TOLERANCE
from twin.summary_grid_types import GridOverview, PlanIndex

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BAND_ENDS = (0.5, 0.7, 0.85, 1.0)
"""Upper ends of the bands of use; above the last a limit is broken."""

BROKEN = len(BAND_ENDS)

WHOLE_DAY = -1
"""Step that stands for the worst of the day."""


class Layer(StrEnum):
    """What is looked at."""

    LOADING = "loading"
    VOLTAGE = "voltage"
    TRANSFORMERS = "transformers"


class Shown(StrEnum):
    """Which outcome is looked at."""

    PLAN = "plan"
    UNMANAGED = "unmanaged"

    @property
    def outcome(self) -> PlanIndex:
        """Position in stored arrays."""
        return PlanIndex[self.name]


@dataclass(frozen=True, eq=False)
class LayerValues:
    """Use of the permitted, 1 at the limit; NaN where nothing is known.

    Attributes
    ----------
    feeder, bank
        (F,) and (K,).
    feeder_step
        (F,) step at which each feeder's value stands.
    value
        (F,) the feeder's value in its own unit: share of the rating, or pu.
    """

    feeder: Floats
    bank: Floats
    feeder_step: Ints
    value: Floats


def band_of(use: Floats) -> Ints:
    """Return the band of each use, 0 the least, `BROKEN` outside the limit, -1 where nothing is known."""
    ends = np.array([*BAND_ENDS[:-1], BAND_ENDS[-1] + LOADING_TOLERANCE])
    band = np.searchsorted(ends, np.nan_to_num(use), side="left")
    return np.where(np.isnan(use), -1, band).astype(np.int64)


def series_of(overview: GridOverview, layer: Layer, plan: PlanIndex) -> tuple[Floats, Floats]:
    """Return (T, F) use of the permitted at every step, and the value it stands for."""
    series = overview.series
    if layer is Layer.LOADING:
        use = np.asarray(series.feeder_loading[plan], dtype=np.float64)
        return use, use
    if layer is Layer.TRANSFORMERS:
        use = np.asarray(series.transformer_loading[plan], dtype=np.float64)
        return use, use
    low, high = (np.asarray(v[plan], dtype=np.float64) for v in (series.lowest_v_pu, series.highest_v_pu))
    below, above = (1.0 - low) / (1.0 - overview.v_min_pu), (high - 1.0) / (overview.v_max_pu - 1.0)
    return np.maximum(below, above), np.where(below >= above, low, high)


def layer_values(overview: GridOverview, layer: Layer, plan: PlanIndex, step: int) -> LayerValues:
    """Return what the map shows at a step, or over the day (`WHOLE_DAY`)."""
    use, value = series_of(overview, layer, plan)
    solved = np.asarray(overview.series.converged[plan])
    use = np.where(solved[:, np.newaxis], use, np.nan)
    steps = np.nan_to_num(use, nan=-1.0).argmax(axis=0) if step == WHOLE_DAY else np.full(use.shape[1], step)
    columns = np.arange(use.shape[1])
    feeder = use[steps, columns]
    return LayerValues(feeder, _banks(overview, layer, plan, step, feeder), steps, value[steps, columns])


def _banks(overview: GridOverview, layer: Layer, plan: PlanIndex, step: int, feeder: Floats) -> Floats:
    """Return a bank's own loading, or for other layers the worst of its feeders."""
    if layer is Layer.LOADING:
        loading = np.asarray(overview.series.bank_loading[plan], dtype=np.float64)
        return np.asarray(loading.max(axis=0) if step == WHOLE_DAY else loading[step])
    return largest_by(overview.feeders.bank, feeder, len(overview.stations.bank_id))


def largest_by(group: Ints, values: Floats, count: int) -> Floats:
    """Return the largest value of each group, NaN for a group without any."""
    found = np.full(count, -np.inf)
    np.fmax.at(found, group, values)
    return np.where(np.isfinite(found), found, np.nan)


def by_district(overview: GridOverview, values: LayerValues) -> dict[str, tuple[float, int]]:
    """Return by district the worst use and the position of the feeder it is found at."""
    found: dict[str, tuple[float, int]] = {}
    for number, code in enumerate(overview.feeders.district.tolist()):
        use = float(values.feeder[number])
        if not np.isnan(use) and (code not in found or use > found[code][0]):
            found[code] = (use, number)
    return found


def by_substation(overview: GridOverview, values: LayerValues) -> Floats:
    """Return the worst use of the banks of each substation."""
    return largest_by(overview.stations.bank_substation, values.bank, len(overview.stations.id))
