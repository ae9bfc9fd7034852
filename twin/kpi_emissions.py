"""CO₂ of electricity, and what electric buses avoid against CNG and diesel, from the table of emission factors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.city_tables.emissions import POLLUTANTS
from data.errors import ProblemList

Floats = NDArray[np.float64]

G_PER_KG = 1000.0


class ReplacedBus(StrEnum):
    """The bus that would have run instead."""

    CNG = "cng_bus"
    DIESEL = "diesel_bus"


@dataclass(frozen=True)
class EmissionFactors:
    """Factors of one city.

    Attributes
    ----------
    electricity_co2_g_per_kwh
        CO₂ equivalent of consumed electricity, g/kWh.
    electricity_year
        Year of that factor, to be named with every result.
    bus_g_per_km
        Tailpipe emission by bus and pollutant (`POLLUTANTS`), g/km.
    """

    electricity_co2_g_per_kwh: float
    electricity_year: int
    bus_g_per_km: Mapping[ReplacedBus, Mapping[str, float]]


@dataclass(frozen=True, eq=False)
class AvoidedEmissions:
    """What electric buses avoid against one kind of bus, by district, kg.

    Attributes
    ----------
    against
        The bus that would have run instead.
    tailpipe_kg
        Its emission over the same kilometres, by pollutant, shape (D,) each.
    charging_co2_kg
        CO₂ of the electricity charged, shape (D,). NOx and particles of power stations are not counted: they arise
        outside the city.
    """

    against: ReplacedBus
    tailpipe_kg: Mapping[str, Floats]
    charging_co2_kg: Floats

    @property
    def net_kg(self) -> dict[str, Floats]:
        """Avoided by pollutant: for CO₂ less that of charging, which may leave less than nothing."""
        return {
            name: amount - self.charging_co2_kg if name == "co2" else amount
            for name, amount in self.tailpipe_kg.items()
        }


def emission_factors(tables: Mapping[str, pd.DataFrame]) -> EmissionFactors:
    """Read the factors from the checked table `emission_factors`."""
    table = tables["emission_factors"].set_index(["emitter", "pollutant"])
    factor, year = table["factor"].to_dict(), table["year"].to_dict()
    return EmissionFactors(
        electricity_co2_g_per_kwh=float(factor["electricity", "co2"]),
        electricity_year=int(year["electricity", "co2"]),
        bus_g_per_km={bus: {name: float(factor[str(bus), name]) for name in POLLUTANTS} for bus in ReplacedBus},
    )


def electricity_co2_kg(energy_kwh: Floats, factors: EmissionFactors) -> Floats:
    """CO₂ of consumed electricity, kg, same shape.

    The factor is that of consumption: losses up to the customer are in it, so metered energy goes in, not send-out.
    """
    return np.asarray(energy_kwh * factors.electricity_co2_g_per_kwh / G_PER_KG)


def avoided_emissions(
    distance_km: Floats, charged_kwh: Floats, factors: EmissionFactors, against: ReplacedBus
) -> AvoidedEmissions:
    """Emissions that electric buses avoid.

    Parameters
    ----------
    distance_km
        Kilometres driven by electric buses by district, shape (D,).
    charged_kwh
        Electricity they were charged with, net of what they gave back, metered at the garage, shape (D,).
    factors
        The city's factors.
    against
        The bus that would have run instead.

    Raises
    ------
    InvalidInput
        When shapes differ, or a distance is negative or not finite.
    """
    problems = ProblemList()
    if distance_km.shape != charged_kwh.shape:
        what = f"shapes {distance_km.shape} and {charged_kwh.shape} differ"
        problems.add("indicators", what, "Give both for the same districts", field="charged_kwh")
    if not (np.isfinite(distance_km).all() and np.isfinite(charged_kwh).all() and (distance_km >= 0).all()):
        what = "a distance is negative or not finite, or an energy is not finite"
        problems.add("indicators", what, "Give kilometres driven and energy charged", field="distance_km")
    problems.raise_if_any()
    per_km = factors.bus_g_per_km[against]
    tailpipe_kg = {name: distance_km * per_km[name] / G_PER_KG for name in POLLUTANTS}
    return AvoidedEmissions(against, tailpipe_kg, electricity_co2_kg(charged_kwh, factors))
