"""The districts of a run summary: load, cost, emissions, violations, the worst feeder of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from data.contract_class import CONTRACT_CLASSES
from data.tariffs_classes import class_prices_krw_per_kwh
from twin.city_prices import battery_tariff, cohort_tariffs, tariff_price
from twin.day import CityDay
from twin.ev_cohorts import Cohort
from twin.grid_check import LOADING_TOLERANCE, VOLTAGE_TOLERANCE_PU, GridState
from twin.kpi_emissions import ReplacedBus, avoided_emissions, electricity_co2_kg, emission_factors
from twin.kpi_violations import ViolationKind, overload_violations, voltage_violations
from twin.schedule import CityPlan
from twin.summary_parts import KW_PER_MW, Outcome
from twin.summary_types import DistrictFacts

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _DistrictSums:
    """Sums by district, (T, D) or (D,), the same for every field of `DistrictFacts` that needs them."""

    load_unmanaged_kw: Floats
    load_plan_kw: Floats
    vehicles_kwh: Floats
    buses_kwh: Floats
    charged_kwh: Floats
    charging_unmanaged_krw: Floats
    charging_plan_krw: Floats
    demand_krw: Floats
    metered_kwh: Floats
    bus_km: Floats


def district_facts(day: CityDay, unmanaged: Outcome, planned: Outcome) -> tuple[DistrictFacts, ...]:
    """Return the facts of every district, in the order of the city's table."""
    sums = _district_sums(day, unmanaged, planned)
    violations = [violation_minutes(day, outcome.state) for outcome in (unmanaged, planned)]
    factors = emission_factors(day.city.folder.tables)
    avoided = {
        f"{bus.value.removesuffix('_bus')}_{pollutant}": kg
        for bus in ReplacedBus
        for pollutant, kg in avoided_emissions(sums.bus_km, sums.charged_kwh, factors, bus).net_kg.items()
    }
    solar_kwh = day.solar_kw.sum(axis=0) * day.step_h
    consumed = sums.metered_kwh + sums.vehicles_kwh + sums.buses_kwh - solar_kwh
    co2_kg = electricity_co2_kg(np.maximum(consumed, 0.0), factors)
    names = day.city.folder.tables["districts"].set_index("code")
    found = []
    for index, code in enumerate(day.city.districts):
        found.append(
            DistrictFacts(
                code=code,
                name_local=str(names.loc[code, "name_ko"]),
                name_en=str(names.loc[code, "name_en"]),
                peak_unmanaged_mw=float(sums.load_unmanaged_kw[:, index].max()) / KW_PER_MW,
                peak_plan_mw=float(sums.load_plan_kw[:, index].max()) / KW_PER_MW,
                demand_mwh=float(sums.metered_kwh[index]) / KW_PER_MW,
                vehicles_mwh=float(sums.vehicles_kwh[index]) / KW_PER_MW,
                buses_mwh=float(sums.buses_kwh[index]) / KW_PER_MW,
                solar_mwh=float(solar_kwh[index]) / KW_PER_MW,
                charging_cost_unmanaged_mkrw=float(sums.charging_unmanaged_krw[index]) / 1e6,
                charging_cost_plan_mkrw=float(sums.charging_plan_krw[index]) / 1e6,
                demand_cost_mkrw=float(sums.demand_krw[index]) / 1e6,
                co2_t=float(co2_kg[index]) / 1e3,
                bus_km=float(sums.bus_km[index]),
                **{f"avoided_{key}_kg": float(kg[index]) for key, kg in avoided.items()},  # type: ignore[arg-type]
                unserved_kwh=_unserved_kwh(day, planned.plan, code),
                **_grid_of_district(day, unmanaged.state, planned.state, code),
                violation_minutes_unmanaged={kind: minutes[index] for kind, minutes in violations[0].items()},
                violation_minutes_plan={kind: minutes[index] for kind, minutes in violations[1].items()},
            )
        )
    return tuple(found)


def _district_sums(day: CityDay, unmanaged: Outcome, planned: Outcome) -> _DistrictSums:
    city, step_h = day.city, day.step_h
    district, count = city.bus_district, len(city.districts)
    belongs = sparse.csr_array(
        (np.ones(len(district)), (np.arange(len(district)), district)), shape=(len(district), count)
    )
    prices = class_prices_krw_per_kwh(
        dict(city.tariffs),
        city.folder.tables["class_tariffs"],
        day.planning.times_utc,
        city.folder.settings.zone,
        day.planning.calendar,
    )
    metered_kw = day.demand_kw.to_numpy() / (1.0 + city.demand.response.lv_loss_share)
    price = np.stack([prices[str(name)] for name in CONTRACT_CLASSES], axis=1)
    garages = np.array([district[city.garage_bus[name]] for name in planned.plan.depots], dtype=np.int64)
    session_district = district[day.sessions.bus]
    kwh = planned.plan.session_kw.sum(axis=1) * step_h

    def at_garages(values: list[float]) -> Floats:
        return np.asarray(np.bincount(garages, values, count) if len(garages) else np.zeros(count), dtype=np.float64)

    def charging_krw(plan: CityPlan) -> Floats:
        sessions = np.bincount(session_district, session_costs_krw(day, plan.session_kw), count)
        batteries = np.bincount(district[day.batteries.bus], battery_costs_krw(day, plan.battery_kw), count)
        return np.asarray(sessions + batteries + at_garages([depot.objective_krw for depot in plan.depots.values()]))

    return _DistrictSums(
        load_unmanaged_kw=np.asarray(unmanaged.plan.load_kw @ belongs),
        load_plan_kw=np.asarray(planned.plan.load_kw @ belongs),
        vehicles_kwh=np.asarray(np.bincount(session_district, kwh, count), dtype=np.float64),
        buses_kwh=at_garages([float(depot.grid_kw.sum()) * step_h for depot in planned.plan.depots.values()]),
        charged_kwh=at_garages(
            [
                float((depot.grid_kw - day.garages[name].problem.site.base_kw).sum()) * step_h
                for name, depot in planned.plan.depots.items()
            ]
        ),
        charging_unmanaged_krw=charging_krw(unmanaged.plan),
        charging_plan_krw=charging_krw(planned.plan),
        demand_krw=np.einsum("tdc,tc->d", metered_kw, price) * step_h,
        metered_kwh=metered_kw.sum(axis=(0, 2)) * step_h,
        bus_km=at_garages([day.garages[name].distance_km for name in planned.plan.depots]),
    )


def session_costs_krw(day: CityDay, session_kw: Floats) -> Floats:
    """Return the (S,) energy cost of every session."""
    tariffs = cohort_tariffs(day)
    price = np.stack([tariff_price(day, tariffs[cohort]) for cohort in Cohort])
    return np.asarray(np.einsum("st,st->s", session_kw, price[day.sessions.cohort]) * day.step_h)


def battery_costs_krw(day: CityDay, battery_kw: Floats) -> Floats:
    """Return the (K,) cost of every battery of the city: energy by its tariff, and wear."""
    price = tariff_price(day, battery_tariff(day))
    worn_kwh = np.maximum(-battery_kw, 0.0).sum(axis=1) * day.step_h
    return np.asarray(battery_kw @ price * day.step_h + worn_kwh * day.batteries.batteries.wear_krw_per_kwh)


def _unserved_kwh(day: CityDay, plan: CityPlan, code: str) -> float:
    here = day.sessions.district == code
    served = plan.session_kw[here].sum(axis=1) * day.step_h
    return float(np.maximum(day.sessions.energy_kwh[here] - served, 0.0).sum())


def _grid_of_district(day: CityDay, unmanaged: GridState, planned: GridState, code: str) -> dict[str, Any]:
    grid = day.city.grid
    feeders = np.flatnonzero(grid.feeders.district == code)
    buses = np.flatnonzero((grid.buses.district == code) & (grid.buses.feeder >= 0))
    loading = planned.feeder_loading[:, feeders].max(axis=0)
    return {
        "feeders": len(feeders),
        "worst_feeder": str(grid.feeders.id[feeders[int(loading.argmax())]]),
        "worst_loading_unmanaged": float(unmanaged.feeder_loading[:, feeders].max()),
        "worst_loading_plan": float(loading.max()),
        "lowest_voltage_pu": float(planned.v_pu[:, buses].min()),
        "highest_voltage_pu": float(planned.v_pu[:, buses].max()),
    }


def violation_minutes(day: CityDay, state: GridState) -> dict[str, Floats]:
    """Return by kind the (D,) minutes in which at least one element of the district is outside its limits."""
    grid, city = state.grid, day.city
    buses = grid.network.buses
    voltage = voltage_violations(
        state.v_pu,
        buses.v_min_pu - VOLTAGE_TOLERANCE_PU,
        buses.v_max_pu + VOLTAGE_TOLERANCE_PU,
        day.step_h,
        grid.buses.district,
        city.districts,
    )
    lines = len(grid.network.lines.id)
    bank_district = grid.buses.district[grid.network.transformers.to_bus]
    scale = 1.0 + LOADING_TOLERANCE
    overloads = (
        # a feeder is over its limit when its head carries more than its rating or any of its lines more than its own
        overload_violations(
            ViolationKind.LINE_OVERLOAD, state.feeder_loading / scale, day.step_h, grid.feeders.district, city.districts
        ),
        overload_violations(
            ViolationKind.TRANSFORMER_OVERLOAD,
            state.loading[:, lines:] / scale,
            day.step_h,
            bank_district,
            city.districts,
        ),
    )
    return {str(found.kind): found.minutes for found in (*voltage, *overloads)}
