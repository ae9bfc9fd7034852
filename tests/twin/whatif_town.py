"""A small town's grid with a day of loads, for tests of limits and of what-ifs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from grid.synthesis import synthesize
from grid.synthesis_grid import SyntheticGrid
from grid.synthesis_tables import BusKind
from tests.grid.small_town import town_spec
from twin.summary_grid_types import Levers
from twin.whatif_loads import DayClock, Loads

STEPS = 24


@dataclass(frozen=True, eq=False)
class TownDay:
    """The town, hourly loads at half of every transformer's rating at their highest, and what can be added or moved."""

    grid: SyntheticGrid
    loads: Loads
    levers: Levers
    clock: DayClock


@cache
def town_day() -> TownDay:
    """Return the same town every time."""
    grid = synthesize(town_spec())
    hour = np.arange(STEPS, dtype=np.float64)
    shape = 0.6 + 0.4 * np.cos((hour - 19.0) / 24.0 * 2.0 * np.pi)
    at_transformers = np.where(grid.buses.kind == BusKind.LOAD, grid.buses.rating_kva, 0.0)
    kw = np.outer(shape, 0.5 * at_transformers)
    garage_bus = str(grid.network.buses.id[np.flatnonzero(at_transformers > 0)[7]])
    levers = Levers(
        garage=np.array(["west"]),
        bus=np.array([garage_bus]),
        chargers_pu=shape / shape.max(),
        solar_pu=np.maximum(0.0, np.sin((hour - 6.0) / 12.0 * np.pi)) * 0.8,
        power_factor=0.98,
        battery_efficiency=0.95,
    )
    return TownDay(grid, Loads.of(kw, 0.3 * kw), levers, DayClock(hour, 1.0))


def load_bus(grid: SyntheticGrid, feeder: int = 0, last: int = 1) -> int:
    """Return the last (or last but n) MV/LV transformer of a feeder."""
    return int(np.flatnonzero((grid.buses.feeder == feeder) & (grid.buses.kind == BusKind.LOAD))[-last])


def ordinary_feeder(grid: SyntheticGrid) -> int:
    """Return a feeder with a tie to a neighbour."""
    return int(grid.ties.feeder_a[0])
