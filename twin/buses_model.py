"""Electric buses as the city's tables describe them: garages with their fleets and connections, types, service."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.calendar import DayType
from data.errors import ProblemList

Floats = NDArray[np.float64]
HOURS = 24


@dataclass(frozen=True)
class BusType:
    """One type of electric bus; the columns of the table `bus_types`."""

    id: str
    battery_kwh: float
    min_soc: float
    max_soc: float
    max_charge_kw: float
    charge_efficiency: float
    drive_kwh_per_km: float
    standing_kw: float
    taper_from_soc: float
    taper_end_share: float
    v2g_kw: float


@dataclass(frozen=True)
class RouteType:
    """One kind of bus route; the columns of the table `bus_route_types`."""

    route_type: str
    routes: int
    authorised_buses: int
    round_trip_km_mean: float
    round_trip_km_sd: float
    first_departure_h: float
    last_return_h: float
    layover_min_h: float
    layover_max_h: float


@dataclass(frozen=True)
class ServiceLevel:
    """How much service runs on one kind of day."""

    in_service_share: float
    distance_factor: float
    km_per_bus: float

    @property
    def fleet_km_per_bus(self) -> float:
        """Distance of the day per registered bus, those in reserve included."""
        return self.km_per_bus * self.distance_factor


@dataclass(frozen=True)
class Garage:
    """One garage in one scenario.

    Attributes
    ----------
    id, name_ko, name_en, district, public
        Which garage it is.
    longitude, latitude
        Degrees, WGS 84.
    base_kw
        Mean power of everything but charging.
    bus_types
        Type of each of its buses.
    charger_count, charger_kw, charger_efficiency
        Outlets and the power of each at the inlet of the bus.
    contract_kw, tariff, billed_peak_kw
        Connection, tariff plan, and demand already billed this month.
    """

    id: str
    name_ko: str
    name_en: str
    district: str
    public: bool
    longitude: float
    latitude: float
    base_kw: float
    bus_types: tuple[str, ...]
    charger_count: int
    charger_kw: float
    charger_efficiency: float
    contract_kw: float
    tariff: str
    billed_peak_kw: float

    @property
    def bus_count(self) -> int:
        """Number of electric buses at home here."""
        return len(self.bus_types)


@dataclass(frozen=True)
class BusModel:
    """Everything the city's tables say about electric buses in one scenario.

    `speed_km_per_h` has one entry per local hour; climate points are ordered by temperature.
    """

    scenario: str
    garages: tuple[Garage, ...]
    types: Mapping[str, BusType]
    routes: tuple[RouteType, ...]
    service: Mapping[DayType, ServiceLevel]
    speed_km_per_h: Floats
    climate_temp_c: Floats
    climate_kw: Floats

    @property
    def bus_count(self) -> int:
        """Electric buses of all garages."""
        return sum(garage.bus_count for garage in self.garages)

    def garage(self, garage_id: str) -> Garage:
        """Return a garage by its id; `KeyError` when there is none."""
        return {garage.id: garage for garage in self.garages}[garage_id]


def bus_scenarios(tables: Mapping[str, pd.DataFrame]) -> tuple[str, ...]:
    """Return the scenarios the table `garage_fleets` knows, in its order."""
    return tuple(dict.fromkeys(str(name) for name in tables["garage_fleets"]["scenario"]))


def bus_model(tables: Mapping[str, pd.DataFrame], scenario: str) -> BusModel:
    """Return the model of electric buses in one scenario, from the tables of a checked city folder.

    Raises
    ------
    InvalidInput
        When the table `garage_fleets` does not know the scenario.
    """
    known = bus_scenarios(tables)
    if scenario not in known:
        problems = ProblemList()
        what = f"there is no fleet of electric buses for scenario '{scenario}'"
        problems.add("garage_fleets.csv", what, f"use one of {', '.join(known)}, or add its rows", field="scenario")
        problems.raise_if_any()
    speeds = tables["bus_speeds"].sort_values("hour")
    climate = tables["bus_climate"].sort_values("temp_c")
    return BusModel(
        scenario=scenario,
        garages=_garages(tables, scenario),
        types={str(row["id"]): _bus_type(row) for row in tables["bus_types"].to_dict("records")},
        routes=tuple(_route_type(row) for row in tables["bus_route_types"].to_dict("records")),
        service={
            DayType[str(row["day_type"]).upper()]: ServiceLevel(
                float(row["in_service_share"]), float(row["distance_factor"]), float(row["km_per_bus"])
            )
            for row in tables["bus_day_types"].to_dict("records")
        },
        speed_km_per_h=speeds["speed_km_per_h"].to_numpy(float),
        climate_temp_c=climate["temp_c"].to_numpy(float),
        climate_kw=climate["climate_kw"].to_numpy(float),
    )


def _garages(tables: Mapping[str, pd.DataFrame], scenario: str) -> tuple[Garage, ...]:
    fleets = tables["garage_fleets"]
    fleets = fleets[fleets["scenario"] == scenario]
    sites = tables["garage_sites"]
    site_of = {str(row["garage"]): row for row in sites[sites["scenario"] == scenario].to_dict("records")}
    found: list[Garage] = []
    for row in tables["garages"].to_dict("records"):
        here = fleets[fleets["garage"] == row["id"]]
        if here.empty:
            continue
        site = site_of[str(row["id"])]
        types = [str(kind) for kind, n in zip(here["bus_type"], here["buses"], strict=True) for _ in range(int(n))]
        found.append(
            Garage(
                id=str(row["id"]),
                name_ko=str(row["name_ko"]),
                name_en=str(row["name_en"]),
                district=str(row["district"]),
                public=row["kind"] == "public",
                longitude=float(row["longitude"]),
                latitude=float(row["latitude"]),
                base_kw=float(row["base_kw"]),
                bus_types=tuple(types),
                charger_count=int(site["chargers"]),
                charger_kw=float(site["charger_kw"]),
                charger_efficiency=float(site["charger_efficiency"]),
                contract_kw=float(site["contract_kw"]),
                tariff=str(site["tariff"]),
                billed_peak_kw=float(site["billed_peak_kw"]),
            )
        )
    return tuple(found)


def _bus_type(row: Mapping[Hashable, Any]) -> BusType:
    numbers = {name: float(row[name]) for name in BusType.__dataclass_fields__ if name != "id"}
    return BusType(id=str(row["id"]), **numbers)


def _route_type(row: Mapping[Hashable, Any]) -> RouteType:
    whole = {name: int(row[name]) for name in ("routes", "authorised_buses")}
    real = {name: float(row[name]) for name in RouteType.__dataclass_fields__ if name not in {"route_type", *whole}}
    return RouteType(route_type=str(row["route_type"]), **whole, **real)  # type: ignore[arg-type]
