"""The grid of a run in brief, made once when the run is published and read by the pages about the grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grid.synthesis_grid import SyntheticGrid
from grid.synthesis_tables import BusKind
from twin.day import CityDay
from twin.summary_grid_types import GridOverview, Levers, OverviewFeeders, OverviewSeries, OverviewStations
from twin.summary_limits import limit_table, transformer_buses
from twin.summary_parts import Outcome

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

USUAL_BATTERY_EFFICIENCY = 0.95
"""Of charging and of discharging each, assumed for a battery that is added in a city that has none."""


def grid_overview(day: CityDay, unmanaged: Outcome, planned: Outcome) -> GridOverview:
    """Return the grid of a run in brief.

    Parameters
    ----------
    day
        The day that was planned.
    unmanaged, planned
        Charging on arrival and the plan, each with the state of the grid that follows.
    """
    grid, outcomes = day.city.grid, (unmanaged, planned)
    loads_kva = [np.hypot(outcome.plan.load_kw, outcome.plan.load_kvar) for outcome in outcomes]
    medium = int(np.flatnonzero(grid.buses.feeder >= 0)[0])
    return GridOverview(
        feeders=_feeders(grid),
        stations=_stations(grid),
        series=_series(grid, outcomes, loads_kva),
        limits=limit_table([outcome.state for outcome in outcomes], loads_kva, day.step_h),
        levers=_levers(day, unmanaged),
        v_min_pu=float(grid.network.buses.v_min_pu[medium]),
        v_max_pu=float(grid.network.buses.v_max_pu[medium]),
    )


def _levers(day: CityDay, unmanaged: Outcome) -> Levers:
    garages = [name for name in day.city.garage_bus if name in day.garages]
    at = np.array([day.city.garage_bus[name] for name in garages], dtype=np.int64)
    charging_kw = unmanaged.plan.session_kw.sum(axis=0)
    efficiency = day.batteries.batteries.efficiency
    return Levers(
        garage=np.array(garages, dtype=np.str_),
        bus=day.city.grid.network.buses.id[at],
        chargers_pu=charging_kw / max(float(charging_kw.max(initial=0.0)), 1e-9),
        solar_pu=day.solar_kw.sum(axis=1) / max(_solar_dc_kw(day), 1e-9),
        power_factor=day.city.folder.parameter("charging_power_factor"),
        battery_efficiency=float(efficiency.mean()) if len(efficiency) else USUAL_BATTERY_EFFICIENCY,
    )


def _solar_dc_kw(day: CityDay) -> float:
    fleet = day.city.solar
    return float(fleet.dc_kw[np.isin(fleet.district, day.city.districts)].sum())


def _feeders(grid: SyntheticGrid) -> OverviewFeeders:
    feeders, facts, buses = grid.feeders, grid.buses, grid.network.buses
    at = np.flatnonzero(facts.feeder >= 0)
    of, count = facts.feeder[at], len(feeders.id)

    def extreme(ufunc: np.ufunc, start: float, values: Floats) -> Floats:
        found = np.full(count, start)
        ufunc.at(found, of, values[at])
        return found

    return OverviewFeeders(
        id=feeders.id,
        district=feeders.district,
        substation=feeders.substation,
        bank=feeders.bank,
        rating_kw=feeders.rating_kw,
        emergency_kw=feeders.emergency_kw,
        length_km=feeders.length_km,
        dedicated=feeders.dedicated,
        transformers=np.bincount(of[facts.kind[at] == BusKind.LOAD], minlength=count),
        critical=np.bincount(of[facts.critical[at]], minlength=count),
        west=extreme(np.minimum, np.inf, buses.x),
        south=extreme(np.minimum, np.inf, buses.y),
        east=extreme(np.maximum, -np.inf, buses.x),
        north=extreme(np.maximum, -np.inf, buses.y),
    )


def _stations(grid: SyntheticGrid) -> OverviewStations:
    stations, banks = grid.substations, grid.banks
    return OverviewStations(
        id=stations.id,
        district=stations.district,
        x=stations.x,
        y=stations.y,
        bank_id=banks.id,
        bank_substation=banks.substation,
        bank_rating_kva=banks.rating_kva,
    )


def _series(grid: SyntheticGrid, outcomes: tuple[Outcome, Outcome], loads_kva: list[Floats]) -> OverviewSeries:
    states = [outcome.state for outcome in outcomes]
    at = np.flatnonzero(grid.buses.feeder >= 0)
    of = grid.buses.feeder[at]
    rated = transformer_buses(grid)
    shares = [kva[:, rated] / grid.buses.rating_kva[rated] for kva in loads_kva]
    count = len(grid.feeders.id)

    def both(values: list[Floats], digits: int) -> NDArray[np.float32]:
        return np.round(np.stack(values), digits).astype(np.float32)

    lowest = [-largest_by_group(of, count, -state.v_pu[:, at]) for state in states]
    highest = [largest_by_group(of, count, state.v_pu[:, at]) for state in states]
    transformers = [largest_by_group(grid.buses.feeder[rated], count, share) for share in shares]
    return OverviewSeries(
        feeder_kw=both([state.feeder_kw for state in states], 1),
        feeder_loading=both([state.feeder_loading for state in states], 4),
        lowest_v_pu=both(lowest, 5),
        highest_v_pu=both(highest, 5),
        transformer_loading=both([np.maximum(values, 0.0) for values in transformers], 3),
        bank_kw=both([state.bank_kw for state in states], 1),
        bank_loading=both([state.bank_loading for state in states], 4),
        converged=np.stack([state.converged for state in states]),
    )


def largest_by_group(group: Ints, count: int, values: Floats) -> Floats:
    """Return the (T, count) largest of the columns of each group; -inf for a group without any.

    Groups are contiguous in the tables of the grid, so one pass over their edges is enough.
    """
    found = np.full((len(values), count), -np.inf)
    if values.shape[1]:
        first = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
        found[:, group[first]] = np.maximum.reduceat(values, first, axis=1)
    return found
