"""Independent replay of a city plan: every rule and every won checked again, by code that shares nothing with planning.

Garages are replayed rule by rule by `optimizers.replay`. Vehicles are followed session by session, not by the envelopes
the plan was made on; batteries step by step; costs from the tariff.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizers.replay import replay
from optimizers.replay_shortfall import missing_kwh
from twin.city_prices import battery_tariff, cohort_tariffs, tariff_price
from twin.day import CityDay
from twin.schedule import CityPlan

Floats = NDArray[np.float64]

COST_TOLERANCE = 1e-6
"""Relative difference allowed between two ways of adding up the same cost."""
POWER_TOLERANCE_KW = 1e-6
ENERGY_TOLERANCE_KWH = 1e-5


@dataclass(frozen=True, eq=False)
class CityReplay:
    """What the replay found.

    Attributes
    ----------
    violations
        Every broken rule in words; empty when the plan holds.
    depot_ok
        Whether each garage's plan holds, by garage id.
    vehicle_cost_krw, battery_cost_krw
        Cost of the energy by the tariffs, added up here.
    served_kwh
        Energy the vehicles get.
    shortfall_kwh
        What vehicles and buses miss for what they have to drive; also the buses of garages that fell back.
    depot_shortfall_kwh
        What of it the buses of each garage miss, by garage id.
    """

    violations: tuple[str, ...]
    depot_ok: Mapping[str, bool]
    vehicle_cost_krw: float
    battery_cost_krw: float
    served_kwh: float
    shortfall_kwh: float
    depot_shortfall_kwh: Mapping[str, float]

    @property
    def ok(self) -> bool:
        """Whether every rule is kept."""
        return not self.violations


def replay_city(day: CityDay, plan: CityPlan) -> CityReplay:
    """Check a plan of a city against its day."""
    reports = {name: replay(day.garages[name].problem, depot) for name, depot in plan.depots.items()}
    found = [
        f"garage {name}: {violation}"
        for name, report in reports.items()
        if name not in plan.fallbacks
        for violation in report.violations
    ]
    found += _depot_costs(plan, {name: report.cost.total_krw for name, report in reports.items()})
    served_kwh = plan.session_kw.sum(axis=1) * day.step_h
    vehicle_cost = _vehicle_cost_krw(day, plan)
    battery_cost, battery_found = _replay_batteries(day, plan.battery_kw)
    found += battery_found + _vehicle_violations(day, plan.session_kw)
    found += _energy_costs(plan, vehicle_cost + battery_cost)
    missing = {name: missing_kwh(day.garages[name].problem, depot) for name, depot in plan.depots.items()}
    vehicles_kwh = float(np.maximum(day.sessions.energy_kwh - served_kwh, 0.0).sum())
    return CityReplay(
        violations=tuple(found),
        depot_ok={name: report.ok for name, report in reports.items()},
        vehicle_cost_krw=vehicle_cost,
        battery_cost_krw=battery_cost,
        served_kwh=float(served_kwh.sum()),
        shortfall_kwh=vehicles_kwh + sum(missing.values()),
        depot_shortfall_kwh=missing,
    )


def _depot_costs(plan: CityPlan, replayed_krw: Mapping[str, float]) -> list[str]:
    return [
        f"garage {name}: the plan says {depot.objective_krw:,.0f} KRW, the replay {replayed_krw[name]:,.0f}"
        for name, depot in plan.depots.items()
        if abs(depot.objective_krw - replayed_krw[name]) > COST_TOLERANCE * max(abs(replayed_krw[name]), 1.0)
    ]


def _vehicle_cost_krw(day: CityDay, plan: CityPlan) -> float:
    tariffs = cohort_tariffs(day)
    total = 0.0
    for cohort, tariff in tariffs.items():
        drawn_kwh = plan.session_kw[day.sessions.cohort == cohort].sum(axis=0) * day.step_h
        total += float(drawn_kwh @ tariff_price(day, tariff))
    return total


def _vehicle_violations(day: CityDay, session_kw: Floats) -> list[str]:
    """Follow every session through its stay: power while plugged in, energy by departure, none besides."""
    sessions = day.sessions
    if not np.isfinite(session_kw).all():
        return ["vehicles: a power is not a number"]
    start_h = np.arange(day.steps) * day.step_h
    plugged_h = np.minimum(sessions.depart_h[:, None], start_h + day.step_h) - np.maximum(
        sessions.arrive_h[:, None], start_h
    )
    can_kw = sessions.max_kw[:, None] * np.maximum(plugged_h, 0.0) / day.step_h
    energy_kwh = session_kw.sum(axis=1) * day.step_h
    findings = {
        "charge while not plugged in, or with more than their power": (session_kw > can_kw + POWER_TOLERANCE_KW).any(
            axis=1
        ),
        "are discharged": (session_kw < -POWER_TOLERANCE_KW).any(axis=1),
        "leave with too little energy": energy_kwh < sessions.energy_kwh - ENERGY_TOLERANCE_KWH,
        "get more than they need": energy_kwh > sessions.energy_kwh + ENERGY_TOLERANCE_KWH,
    }
    return [f"vehicles: {int(bad.sum())} {what}" for what, bad in findings.items() if bad.any()]


def _replay_batteries(day: CityDay, battery_kw: Floats) -> tuple[float, list[str]]:
    batteries, names = day.batteries.batteries, day.batteries.id.tolist()
    price = tariff_price(day, battery_tariff(day))
    cost, found = 0.0, []
    for index, name in enumerate(names):
        energy = batteries.initial_kwh[index]
        for step, net in enumerate(battery_kw[index].tolist()):
            charge, discharge = max(net, 0.0), max(-net, 0.0)
            efficiency = batteries.efficiency[index]
            energy += day.step_h * (efficiency * charge - discharge / efficiency)
            cost += day.step_h * (net * price[step] + discharge * batteries.wear_krw_per_kwh[index])
            if max(charge, discharge) > batteries.power_kw[index] + POWER_TOLERANCE_KW:
                found.append(f"battery {name}: more than its power in step {step}")
            low, high = batteries.min_kwh[index], batteries.max_kwh[index]
            if not low - ENERGY_TOLERANCE_KWH <= energy <= high + ENERGY_TOLERANCE_KWH:
                found.append(f"battery {name}: {energy:.3f} kWh in step {step} is outside its window")
        if energy < batteries.terminal_min_kwh[index] - ENERGY_TOLERANCE_KWH:
            found.append(f"battery {name}: ends with {energy:.3f} kWh, less than it must")
    return float(cost), found


def _energy_costs(plan: CityPlan, replayed_krw: float) -> list[str]:
    if plan.coordinated is None:
        return []
    planned = plan.moved_krw
    if abs(planned - replayed_krw) <= COST_TOLERANCE * max(abs(replayed_krw), 1.0):
        return []
    return [f"vehicles and batteries: the plan says {planned:,.0f} KRW, the replay {replayed_krw:,.0f}"]
