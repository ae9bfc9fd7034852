"""The twin of a city: its folder turned into a grid, a demand model, vehicles, garages, solar power and tariffs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.city_folder import CityFolder
from data.contract_class import CONTRACT_CLASSES
from data.errors import InvalidInput, Problem
from data.solar_position import Place
from data.tariffs import Tariff, tariffs_of
from data.weather import Weather
from data.weather_climate import climate_of_table
from data.weather_synthetic import synthetic_year
from grid.synthesis_grid import SyntheticGrid
from grid.synthesis_spec import DedicatedCustomer
from grid.synthesis_tables import BusKind
from twin import ev_hosts
from twin.buses_model import BusModel, bus_model, bus_scenarios
from twin.city_grid import build_grid, grid_spec, planning_hours_kw
from twin.demand import DemandModel, at_medium_voltage_kw, district_demand_kw
from twin.demand_buses import LoadPoints
from twin.demand_calibration import year_hours_utc
from twin.demand_clock import LocalDays
from twin.demand_tables import demand_model
from twin.ev_cohorts import EvModel, ev_model_in
from twin.scenario import Scenario
from twin.solar import SolarFleet, solar_fleet

Ints = NDArray[np.int64]

PLANNING_YEAR = 2025
"""Year of the synthetic weather that the grid is planned on: the same grid whatever weather a day is planned with."""


@dataclass(frozen=True, eq=False)
class City:
    """Everything that does not change from day to day.

    Attributes
    ----------
    folder
        Where it comes from.
    scenario
        What is varied.
    district
        Code of the one district it is cut to, or None for the whole city.
    grid
        The medium-voltage grid.
    demand, load_points
        Demand model and the buses at which it draws.
    ev, ev_points
        Electric vehicles and the load points they charge at.
    buses
        Garages and their fleets; those inside `district` only are planned.
    garage_bus
        Bus of the network at which each garage is connected.
    solar
        Solar systems.
    tariffs
        Plans by name.
    """

    folder: CityFolder
    scenario: Scenario
    district: str | None
    grid: SyntheticGrid
    demand: DemandModel
    load_points: LoadPoints
    ev: EvModel
    ev_points: ev_hosts.Transformers
    buses: BusModel
    garage_bus: Mapping[str, int]
    solar: SolarFleet
    tariffs: Mapping[str, Tariff]

    @property
    def districts(self) -> tuple[str, ...]:
        """Codes of the districts that are planned."""
        return (self.district,) if self.district else self.folder.district_codes

    @property
    def local_days(self) -> LocalDays:
        """Calendar and clock of the city."""
        return LocalDays(self.folder.calendar, self.folder.settings.timezone)

    @property
    def bus_district(self) -> NDArray[np.int64]:
        """(N,) position in `districts` of the district of each bus."""
        position = {code: index for index, code in enumerate(self.districts)}
        return np.array([position[code] for code in self.grid.buses.district.tolist()], dtype=np.int64)


def embedded_weather(folder: CityFolder, year: int) -> Weather:
    """Return the synthetic year that a city without a weather file is planned on."""
    climate = climate_of_table(folder.tables["weather_statistics"])
    return synthetic_year(year, folder.settings.seed, climate, place_of(folder))


def place_of(folder: CityFolder) -> Place:
    """Return where the city lies."""
    settings = folder.settings
    return Place(settings.latitude, settings.longitude, folder.parameter("weather_altitude_m"))


def build_city(folder: CityFolder, scenario: Scenario, cache: Path, district: str | None = None) -> City:
    """Build the twin of a city, or of one of its districts.

    Parameters
    ----------
    folder
        A checked city folder.
    scenario
        What is varied.
    cache
        Where built grids are kept.
    district
        Code or name of a district.

    Raises
    ------
    InvalidInput
        When there is no such district, or the folder's tables make no grid.
    """
    code = None if district is None else district_code(folder, district)
    model = demand_model(folder.tables, folder.district_codes)
    days = LocalDays(folder.calendar, folder.settings.timezone)
    hours = year_hours_utc(PLANNING_YEAR, folder.settings.timezone)
    year = district_demand_kw(model, embedded_weather(folder, PLANNING_YEAR), hours, 1.0, days)
    spec = grid_spec(folder, planning_hours_kw(at_medium_voltage_kw(model, year)), _customers(folder))
    grid = build_grid(spec, cache, code)
    buses = bus_model(folder.tables, scenario.bus_fleet)
    solar = solar_fleet(folder.tables)
    return City(
        folder=folder,
        scenario=scenario,
        district=code,
        grid=grid,
        demand=model,
        load_points=_load_points(grid, model),
        ev=ev_model_in(folder.tables, scenario.name, scenario.vehicles),
        ev_points=ev_hosts.transformers_of(grid),
        buses=replace(buses, garages=tuple(g for g in buses.garages if code is None or g.district == code)),
        garage_bus=_garage_buses(grid, buses),
        solar=_scaled(solar, scenario.solar_kw),
        tariffs=tariffs_of(folder.tables),
    )


def _scaled(solar: SolarFleet, total_kw: float | None) -> SolarFleet:
    """Return the solar fleet with another total, spread as today's."""
    return solar if total_kw is None else solar.with_dc_kw(solar.dc_kw * (total_kw / solar.dc_kw.sum()))


def district_code(folder: CityFolder, wanted: str) -> str:
    """Return the code of a district given by code, local or Latin name."""
    table = folder.tables["districts"]
    for code, local, latin in zip(table["code"], table["name_ko"], table["name_en"], strict=True):
        if wanted.casefold() in {
            str(code),
            str(local),
            str(latin).casefold(),
            str(latin).casefold().removesuffix("-gu"),
        }:
            return str(code)
    known = ", ".join(f"{code} {name}" for code, name in zip(table["code"], table["name_en"], strict=True))
    raise InvalidInput([Problem("--district", 0, "", f"no district is called '{wanted}'", f"use one of {known}")])


def _customers(folder: CityFolder) -> tuple[DedicatedCustomer, ...]:
    """Return the garages that need a connection of their own in any scenario, at the largest power they may draw.

    The grid is then the same in every scenario, so that scenarios can be compared on it.
    """
    smallest = {str(r["name"]): float(r["value"]) for r in folder.tables["grid_rules"].to_dict("records")}
    largest: dict[str, DedicatedCustomer] = {}
    for fleet in bus_scenarios(folder.tables):
        for garage in bus_model(folder.tables, fleet).garages:
            known = largest.get(garage.id)
            if garage.contract_kw >= smallest["customer_min_kw"] and (
                known is None or known.demand_kw < garage.contract_kw
            ):
                largest[garage.id] = DedicatedCustomer(garage.id, garage.longitude, garage.latitude, garage.contract_kw)
    return tuple(largest[name] for name in sorted(largest))


def _load_points(grid: SyntheticGrid, model: DemandModel) -> LoadPoints:
    facts = grid.buses
    at = np.flatnonzero((facts.kind == BusKind.LOAD) & (facts.contract_class != "") & (facts.energy_share > 0))
    number = {str(name): index for index, name in enumerate(CONTRACT_CLASSES)}
    of_class = np.array([number[name] for name in facts.contract_class[at].tolist()], dtype=np.int64)
    return LoadPoints(
        bus=at.astype(np.int64),
        district=facts.district[at],
        contract_class=facts.contract_class[at],
        energy_share=facts.energy_share[at],
        power_factor=model.response.power_factor[of_class],
    )


def _garage_buses(grid: SyntheticGrid, buses: BusModel) -> dict[str, int]:
    """Return the bus of each garage: its own connection, or the nearest transformer when it is small."""
    own = {str(name): int(bus) for bus, name in enumerate(grid.buses.customer.tolist()) if name}
    small = [garage for garage in buses.garages if garage.id not in own]
    nearest = grid.nearest_buses(
        np.array([garage.longitude for garage in small]), np.array([garage.latitude for garage in small])
    )
    return own | {garage.id: int(bus) for garage, bus in zip(small, nearest, strict=True)}
