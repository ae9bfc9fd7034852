"""The solar fleet of a city: how much stands on which roofs of which district, and what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.errors import ProblemList
from data.weather import Weather
from twin.solar_module import Floats, PvTechnology, Roof, Times, generation_per_dc

SHARE_TOLERANCE = 1e-6


class Owner(StrEnum):
    """Whose roofs: the city's programme on public buildings, or everybody else's."""

    PRIVATE = "private"
    PUBLIC = "public"


@dataclass(frozen=True, eq=False)
class SolarFleet:
    """Systems of a city, one for each district and owner.

    Attributes
    ----------
    district, owner
        Code of the district and owner of each system, shape (S,).
    dc_kw
        Rating of its modules, kW, shape (S,).
    roofs
        Classes of roofs, length R.
    roof_share
        Share of a system's modules on each class of roof, rows sum to 1, shape (S, R).
    technology
        Modules and inverters.

    Raises
    ------
    InvalidInput
        When shapes differ, a rating is negative or not finite, or shares do not sum to 1.
    """

    district: NDArray[np.str_]
    owner: NDArray[np.str_]
    dc_kw: Floats
    roofs: tuple[Roof, ...]
    roof_share: Floats
    technology: PvTechnology

    def __post_init__(self) -> None:
        problems = ProblemList()
        count = len(self.district)
        shapes = (self.owner.shape, self.dc_kw.shape, self.roof_share.shape)
        if shapes != ((count,), (count,), (count, len(self.roofs))):
            problems.add("solar fleet", f"shapes {shapes} do not fit {count} systems", "Give one row a system")
            problems.raise_if_any()
        bad = ~(np.isfinite(self.dc_kw) & (self.dc_kw >= 0.0))
        for index in np.flatnonzero(bad):
            what = f"{self.dc_kw[index]} kW in district {self.district[index]}"
            problems.add("solar fleet", what, "Give a rating of 0 or more", row=int(index) + 1, field="dc_kw")
        uneven = ~(np.abs(self.roof_share.sum(axis=1) - 1.0) <= SHARE_TOLERANCE) | (self.roof_share < 0.0).any(axis=1)
        for owner in sorted(set(self.owner[uneven])):
            what = f"the shares of roofs of owner {owner} are not parts of 1"
            problems.add("solar fleet", what, "Make them sum to 1", field="roof_share")
        problems.raise_if_any()

    @property
    def ac_kw(self) -> Floats:
        """Rating behind the inverters, kW, shape (S,)."""
        return self.dc_kw / self.technology.dc_ac_ratio

    def with_dc_kw(self, dc_kw: Floats) -> SolarFleet:
        """Return the fleet with other ratings, as a scenario needs it."""
        return SolarFleet(self.district, self.owner, dc_kw, self.roofs, self.roof_share, self.technology)


def solar_fleet(tables: Mapping[str, pd.DataFrame]) -> SolarFleet:
    """Return the fleet of a city folder's tables `solar_capacity`, `solar_roofs` and `solar_technology`."""
    capacity, roof_table = tables["solar_capacity"], tables["solar_roofs"]
    orientation = roof_table[
        ["tilt_deg", "azimuth_deg", "heat_loss_w_per_m2_k", "heat_loss_wind_w_per_m2_k_per_m_per_s"]
    ].to_numpy(dtype=float)
    roofs = tuple(
        Roof(str(name), *(float(value) for value in row))
        for name, row in zip(roof_table["roof"], orientation, strict=True)
    )
    share = {owner: roof_table[f"{owner.value}_share"].to_numpy(dtype=float) for owner in Owner}
    owner = capacity["owner"].to_numpy(dtype=str)
    return SolarFleet(
        district=capacity["district"].to_numpy(dtype=str),
        owner=owner,
        dc_kw=capacity["dc_kw"].to_numpy(dtype=float),
        roofs=roofs,
        roof_share=np.stack([share[Owner(name)] for name in owner]) if len(owner) else np.zeros((0, len(roofs))),
        technology=solar_technology(tables),
    )


def solar_technology(tables: Mapping[str, pd.DataFrame]) -> PvTechnology:
    """Return modules and inverters of the one row of the table `solar_technology`."""
    row = tables["solar_technology"].iloc[0]
    names = ("dc_ac_ratio", "power_per_k", "module_efficiency", "inverter_efficiency", "loss_share", "albedo")
    return PvTechnology(*(float(row[name]) for name in names))


def solar_generation_kw(weather: Weather, fleet: SolarFleet, times_utc: Times, step_h: float) -> Floats:
    """Return the mean generation of each system in each step, kW, zero or more, shape (T, S).

    It is a generation: as a load at a bus it counts negative.

    Raises
    ------
    InvalidInput
        When the weather does not cover the steps.
    """
    per_dc = generation_per_dc(weather, fleet.roofs, fleet.technology, times_utc, step_h)
    return np.asarray(per_dc @ (fleet.roof_share * fleet.dc_kw[:, None]).T, dtype=float)


def capacity_factor(weather: Weather, fleet: SolarFleet, times_utc: Times, step_h: float) -> float:
    """Return mean generation over the rating of the modules, for the whole fleet."""
    return float(solar_generation_kw(weather, fleet, times_utc, step_h).sum(axis=1).mean() / fleet.dc_kw.sum())


def roof_potential_kw(tables: Mapping[str, pd.DataFrame]) -> dict[str, float]:
    """Return the rating of modules that would fit on the roofs of each district, kW: the ceiling of scenarios."""
    row = tables["solar_technology"].iloc[0]
    kw_per_km2 = 1e6 * float(row["usable_roof_share"]) * float(row["module_efficiency"])
    roofs = tables["solar_roof_area"]
    return {
        str(district): float(area) * kw_per_km2
        for district, area in zip(roofs["district"], roofs["roof_km2"], strict=True)
    }
