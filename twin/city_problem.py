"""From a day of a city to the problem its coordinator solves: loads, assets at their buses, limits of the grid."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from grid.synthesis_grid import SyntheticGrid
from optimizers.arrays import Ints
from optimizers.assets.battery_fleet import BatteryFleet
from optimizers.assets.bus_depots import BusDepots
from optimizers.assets.charging import Charging
from optimizers.coordination_problem import CityProblem, NetworkLimits, SharedLimits
from optimizers.fleet import FleetSettings
from optimizers.plan import DepotPlan
from twin.city_prices import battery_tariff, cohort_tariffs, tariff_price
from twin.day import CityDay
from twin.ev_cohorts import Cohort
from twin.ev_envelopes import session_envelopes

VEHICLES, BATTERIES, DEPOTS = "electric vehicles", "stationary batteries", "electric-bus depots"
"""Kinds of assets, as their blocks call themselves."""


def grid_limits(grid: SyntheticGrid, overload_krw_per_kwh: float, voltage_krw_per_pu_h: float) -> NetworkLimits:
    """Return the limits of a synthetic grid: feeders (also by their rated power at the head) below banks."""
    feeders, banks, lines = len(grid.feeders.id), len(grid.banks.id), len(grid.network.lines.id)
    bank_bus = np.where(grid.buses.bank >= 0, feeders + grid.buses.bank, -1)
    bus_group = np.where(grid.buses.feeder >= 0, grid.buses.feeder, bank_bus)
    branch_group = np.full(len(grid.network.branch_ids), -1, dtype=np.int64)
    branch_group[:lines] = grid.lines.feeder
    branch_group[lines + grid.banks.transformer] = feeders + np.arange(banks)
    return NetworkLimits(
        group=np.concatenate([grid.feeders.id, grid.banks.id]),
        bus_group=bus_group,
        branch_group=branch_group,
        flow_branch=grid.feeders.head_line,
        flow_limit_kw=grid.feeders.rating_kw,
        overload_krw_per_kwh=overload_krw_per_kwh,
        voltage_krw_per_pu_h=voltage_krw_per_pu_h,
        group_feed=np.concatenate([grid.feeders.head_line, lines + grid.banks.transformer]),
        group_parent=np.concatenate([feeders + grid.feeders.bank, np.full(banks, -1, dtype=np.int64)]),
    )


def charging_block(day: CityDay) -> Charging:
    """Return every charging session of a day, with its own envelope."""
    plans = cohort_tariffs(day)
    names = [plans[cohort] for cohort in Cohort]
    factor = day.city.folder.parameter("charging_power_factor")
    return Charging(
        bus=day.sessions.bus,
        envelopes=session_envelopes(day.sessions, day.steps, day.step_h),
        price_krw_per_kwh=np.stack([tariff_price(day, name) for name in names]),
        price_row=np.asarray(day.sessions.cohort, dtype=np.int64),
        kvar_per_kw=float(np.sqrt(1 / factor**2 - 1)),
        step_h=day.step_h,
    )


def battery_block(day: CityDay) -> BatteryFleet:
    """Return the city's batteries."""
    fleet = day.batteries
    price = tariff_price(day, battery_tariff(day))[np.newaxis]
    rows: Ints = np.zeros(len(fleet.bus), dtype=np.int64)
    return BatteryFleet(fleet.bus, fleet.batteries, price, rows, day.step_h)


def depot_block(day: CityDay, plans: Mapping[str, DepotPlan], settings: FleetSettings) -> BusDepots:
    """Return the garages with the plans they have."""
    factor = day.city.folder.parameter("charging_power_factor")
    names = list(day.garages)
    return BusDepots(
        bus=np.array([day.city.garage_bus[name] for name in names], dtype=np.int64),
        problems=[day.garages[name].problem for name in names],
        plans=[plans[name] for name in names],
        kvar_per_kw=float(np.sqrt(1 / factor**2 - 1)),
        step_h=day.step_h,
        settings=settings,
    )


def city_problem(day: CityDay, depots: Mapping[str, DepotPlan], settings: FleetSettings) -> CityProblem:
    """Return what the coordinator has to decide on a day.

    Parameters
    ----------
    day
        What there is to plan.
    depots
        A plan of each garage at its own tariff, by garage id.
    settings
        How garages are planned anew when limits of the grid have a price.
    """
    parameter = day.city.folder.parameter
    limits = grid_limits(day.city.grid, parameter("overload_krw_per_kwh"), parameter("voltage_krw_per_pu_h"))
    blocks = (depot_block(day, depots, settings), battery_block(day), charging_block(day))
    return CityProblem(
        id=f"{day.city.folder.settings.name} {day.planning.service_date.isoformat()}",
        network=day.city.grid.network,
        limits=limits,
        shared=SharedLimits.none(day.steps),
        step_h=day.step_h,
        base_kw=day.fixed_kw,
        base_kvar=day.fixed_kvar,
        assets=tuple(block for block in blocks if len(block.bus)),
        reference_krw_per_kwh=tariff_price(day, battery_tariff(day)),
    )
