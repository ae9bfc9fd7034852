"""Everything flexible in a city besides vehicles, garages and batteries, as blocks that its coordinator plans."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizers.coordination_assets import AssetBlock
from twin.day import CityDay
from twin.flexible_buildings import flexible_buildings
from twin.flexible_fleets import flexible_fleets
from twin.flexible_solar import flexible_solar
from twin.flexible_vehicles import lent_sessions, lent_vehicles
from twin.flexible_water import flexible_water

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class FlexibleAssets:
    """Blocks of assets, and what they take out of the loads that nobody plans.

    Attributes
    ----------
    blocks
        Rooms, hot water, fleets, solar inverters, vehicles that feed back: those the city has.
    lent_sessions
        Positions in `CityDay.sessions` of the vehicles that feed back, in the order of their block. They are planned
        there and nowhere else.
    base_kw, base_kvar
        (T, N) to be added to `CityDay.fixed_kw` and `fixed_kvar`: solar power and fleets that are planned now leave
        the fixed load. Rooms and tanks stay in it, their plans are deviations.
    """

    blocks: tuple[AssetBlock, ...]
    lent_sessions: Ints
    base_kw: Floats
    base_kvar: Floats


def flexible_assets(day: CityDay) -> FlexibleAssets:
    """Return what a city can move or curtail on a day, as its tables say; a table left out means none of that kind."""
    solar, solar_kw = flexible_solar(day)
    fleets, fleet_kw = flexible_fleets(day)
    lent = lent_sessions(day)
    found: list[AssetBlock] = [*flexible_buildings(day), *flexible_water(day), *fleets]
    if solar is not None:
        found.append(solar)
    if lent.size:
        found.append(lent_vehicles(day, lent))
    return FlexibleAssets(
        blocks=tuple(block for block in found if len(block.bus)),
        lent_sessions=lent,
        base_kw=solar_kw - fleet_kw,
        base_kvar=np.zeros_like(day.fixed_kvar),
    )
