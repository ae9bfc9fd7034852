"""A garage and its service day as a depot problem: what the optimizers are asked to plan.

Energies of trips are spread over the steps in which the bus is on the road. A bus must leave with what it needs until
it returns, with a reserve, and must be as full at the end of the planning day as it was at its start.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.errors import ProblemList
from data.tariffs import BaseBasis, Period, Tariff, demand_price_krw_per_kw_month, energy_price_krw_per_kwh, period
from optimizers.problem import (
    NOT_METERED,
    Buses,
    ChargerClass,
    Degradation,
    DemandCharge,
    DepotProblem,
    EnergyPrices,
    SessionRules,
    SitePower,
)
from twin.buses_energy import climate_power_kw, trip_energy_kwh
from twin.buses_model import BusModel, BusType, Garage
from twin.buses_rules import HORIZON_H, DepotFeatures, DepotRules, PlanningDay
from twin.buses_service import ServiceDay

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

METERING_H = 0.25
"""Averaging interval of the demand charge."""

START_STREAM = 7
START_SPREAD = 0.05
"""Half width of the filling at the day's start around its mean."""

DEPTH_SEGMENTS = 4
CYCLE_STRESS, CYCLE_EXPONENT = 5.24e-4, 2.03
"""Life lost by one cycle of depth δ is 5.24e-4 δ^2.03: Xu, Zhao, Zheng, Litvinov, Kirschen, IEEE TPWRS 33(2), 2018."""


def depot_problem(
    model: BusModel,
    garage: Garage,
    service: ServiceDay,
    tariffs: Mapping[str, Tariff],
    day: PlanningDay,
    rules: DepotRules,
    seed: int,
    features: DepotFeatures,
) -> DepotProblem:
    """Return the depot problem of one garage for one service day, as it was drawn.

    Raises
    ------
    InvalidInput
        When the garage's tariff is not known, or a bus cannot carry the energy of one of its trips.
    """
    if garage.tariff not in tariffs:
        problems = ProblemList()
        known = ", ".join(sorted(tariffs))
        problems.add("garage_sites.csv", f"no tariff plan '{garage.tariff}'", f"use one of {known}", field="tariff")
        problems.raise_if_any()
    types = [model.types[name] for name in garage.bus_types]
    rng = np.random.default_rng([seed, START_STREAM, zlib.crc32(garage.id.encode()), day.service_date.toordinal()])
    rest_h = np.full(garage.bus_count, np.inf)
    np.minimum.at(rest_h, service.bus, HORIZON_H - service.return_h)
    buses = _buses(garage, types, rules, features, rest_h, rng)
    present, trip_kwh, need_kwh = _road(model, garage, service, types, buses, rules, day)
    steps = len(day.times_utc)
    tariff = tariffs[garage.tariff]
    return DepotProblem(
        id=garage.id,
        step_h=np.full(steps, day.step_h),
        buses=buses,
        present=present,
        trip_kwh=trip_kwh,
        need_kwh=need_kwh,
        chargers=(_charger(garage, types, features),),
        compatible=np.ones((garage.bus_count, 1), dtype=bool),
        rules=SessionRules(
            min_plug_steps=max(1, round(rules.plug_min_h / day.step_h)),
            max_sessions_per_stay=rules.sessions_per_stay,
            handover_steps=round(rules.handover_h / day.step_h),
            plug_allowed=np.ones(steps, dtype=bool),
            start_krw=rules.session_krw,
        ),
        prices=_prices(tariff, day, rules, features),
        site=SitePower(
            base_kw=np.full(steps, garage.base_kw),
            pv_kw=np.zeros(steps),
            import_limit_kw=np.full(steps, garage.contract_kw),
            export_limit_kw=np.zeros(steps),
        ),
        demand=_demand(tariff, garage, day),
        degradation=_degradation(buses, rules) if features.degradation else None,
        labels=day.labels,
    )


def _column(types: list[BusType], name: str) -> Floats:
    return np.array([getattr(kind, name) for kind in types], dtype=float)


def _buses(
    garage: Garage,
    types: list[BusType],
    rules: DepotRules,
    features: DepotFeatures,
    rest_h: Floats,
    rng: np.random.Generator,
) -> Buses:
    """Batteries of a garage; `rest_h` (B,) is the time from the last return to the end of the day.

    Buses start nearly full. Those back too late to be filled again by the end of the day (night routes) start with what
    their share of the outlets can give them in that time: what holds at the end must hold at the start.
    """
    battery = _column(types, "battery_kwh")
    low, high = battery * _column(types, "min_soc"), battery * _column(types, "max_soc")
    filling = np.clip(rules.start_soc + START_SPREAD * (2 * rng.random(len(types)) - 1), 0, 1)
    share_kw = garage.charger_count * garage.charger_kw * _column(types, "charge_efficiency") / len(types)
    late = low + rules.reserve_soc * battery + share_kw * np.minimum(rest_h, HORIZON_H)
    initial = np.minimum(low + filling * (high - low), late)
    power = _column(types, "max_charge_kw")
    taper_from, end_share = _column(types, "taper_from_soc"), _column(types, "taper_end_share")
    slope = -power * (1 - end_share) / ((1 - taper_from) * battery)
    segments = 1 if features.taper else 0
    return Buses(
        id=np.array([f"{garage.id}-{number + 1:03d}" for number in range(len(types))]),
        battery_kwh=battery,
        min_kwh=low,
        max_kwh=high,
        initial_kwh=initial,
        terminal_min_kwh=initial.copy(),
        charge_efficiency=_column(types, "charge_efficiency"),
        discharge_efficiency=_column(types, "charge_efficiency"),
        standing_loss_kw=_column(types, "standing_kw"),
        max_charge_kw=power,
        max_discharge_kw=_column(types, "v2g_kw") if features.v2g else np.zeros(len(types)),
        discharge_limit_kwh=rules.warranty_cycles_per_day * battery if features.v2g else np.full(len(types), np.inf),
        taper_kw=(power - slope * taper_from * battery)[:, None][:, :segments],
        taper_kw_per_kwh=slope[:, None][:, :segments],
    )


def _charger(garage: Garage, types: list[BusType], features: DepotFeatures) -> ChargerClass:
    return ChargerClass(
        id=f"{garage.charger_kw:g} kW",
        count=garage.charger_count,
        min_kw=0.0,
        max_kw=garage.charger_kw,
        can_pause=True,
        max_discharge_kw=max(kind.v2g_kw for kind in types) if features.v2g else 0.0,
        efficiency=garage.charger_efficiency,
    )


def _road(
    model: BusModel,
    garage: Garage,
    service: ServiceDay,
    types: list[BusType],
    buses: Buses,
    rules: DepotRules,
    day: PlanningDay,
) -> tuple[Flags, Floats, Floats]:
    """Presence, energy of trips and departure needs (B, T)."""
    steps = len(day.times_utc)
    edges = np.arange(steps + 1) * day.step_h
    duration_h = service.return_h - service.depart_h
    middle = np.clip(((service.depart_h + duration_h / 2) / day.step_h).astype(np.int64), 0, steps - 1)
    climate_kw = climate_power_kw(day.temp_c[middle], model.climate_temp_c, model.climate_kw)
    drive = _column(types, "drive_kwh_per_km")[service.bus]
    energy = trip_energy_kwh(service.distance_km, duration_h, drive, climate_kw)
    begin, end = service.depart_h[:, None], service.return_h[:, None]
    on_road_h = np.clip(np.minimum(edges[None, 1:], end) - np.maximum(edges[None, :-1], begin), 0, None)
    trip_kwh = np.zeros((garage.bus_count, steps))
    np.add.at(trip_kwh, service.bus, on_road_h * (energy / duration_h)[:, None])
    touched = np.zeros((garage.bus_count, steps))
    np.add.at(touched, service.bus, on_road_h)
    present = touched <= 1e-9
    trip_kwh[present] = 0.0
    need_kwh = _needs(present, trip_kwh, buses, rules.reserve_soc)
    return present, trip_kwh, need_kwh


def _needs(present: Flags, trip_kwh: Floats, buses: Buses, reserve_soc: float) -> Floats:
    """Energy a bus must have at the start of each absence: floor, trips until it is back, and the reserve.

    The reserve is cut where the window of the state of charge has no room for it.
    """
    need = np.zeros(trip_kwh.shape)
    problems = ProblemList()
    for bus, row in enumerate(present):
        away = np.concatenate(([0], (~row).astype(np.int8), [0]))
        starts, stops = np.flatnonzero(np.diff(away) == 1), np.flatnonzero(np.diff(away) == -1)
        for start, stop in zip(starts, stops, strict=True):
            least = buses.min_kwh[bus] + trip_kwh[bus, start:stop].sum()
            if least > buses.max_kwh[bus]:
                what = f"{buses.id[bus]} needs {least:.0f} kWh to leave, its window ends at {buses.max_kwh[bus]:.0f}"
                problems.add("bus service", what, "use shorter round trips or a larger battery")
            need[bus, start] = min(least + reserve_soc * buses.battery_kwh[bus], buses.max_kwh[bus])
    problems.raise_if_any()
    return need


def _prices(tariff: Tariff, day: PlanningDay, rules: DepotRules, features: DepotFeatures) -> EnergyPrices:
    buy = energy_price_krw_per_kwh(tariff, day.times_utc, day.zone, day.calendar)
    reward = rules.v2g_krw_per_kwh if features.v2g else 0.0
    return EnergyPrices(buy, np.zeros(len(buy)), np.full(len(buy), reward))


def _demand(tariff: Tariff, garage: Garage, day: PlanningDay) -> DemandCharge | None:
    """Demand charge for the days left in the month; none where the contract is paid for whatever is drawn."""
    if tariff.base.basis is not BaseBasis.BILLING_DEMAND:
        return None
    counted = period(tariff, day.times_utc, day.zone, day.calendar) != Period.OFF_PEAK
    interval = np.floor(np.arange(len(counted)) * day.step_h / METERING_H + 1e-9).astype(np.int64)
    days_left = pd.Timestamp(day.service_date).days_in_month - day.service_date.day + 1
    return DemandCharge(
        price_krw_per_kw=demand_price_krw_per_kw_month(tariff),
        share=1 / days_left,
        peak_so_far_kw=garage.billed_peak_kw,
        ratchet_kw=garage.billed_peak_kw,
        floor_kw=tariff.base.floor_share * garage.contract_kw,
        interval=np.where(counted, interval, NOT_METERED),
    )


def _degradation(buses: Buses, rules: DepotRules) -> Degradation:
    """Wear by depth of cycle in equal segments, with the marginal life lost in each; no calendar term."""
    edges = np.linspace(0, 1, DEPTH_SEGMENTS + 1)
    lost = CYCLE_STRESS * np.diff(edges**CYCLE_EXPONENT) * DEPTH_SEGMENTS
    depth = np.repeat(buses.battery_kwh[:, None] / DEPTH_SEGMENTS, DEPTH_SEGMENTS, axis=1)
    count = len(buses.id)
    return Degradation(
        depth_kwh=depth,
        krw_per_kwh=np.tile(rules.cell_krw_per_kwh * lost, (count, 1)),
        calendar_krw_per_kwh_h=np.zeros(count),
        calendar_free_kwh=np.zeros(count),
    )
