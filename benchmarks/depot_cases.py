"""Made-up depots of realistic size for the depot benchmarks and tests: Korean city buses on KEPCO's self-use EV tariff.

290 kWh buses, 200 kW chargers, about one for three buses, quarter hours from 04:00. Assumed, not measured: duties,
consumption, base load. The energy prices are KEPCO's EV charging rates for self use at high voltage, summer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from optimizers.plan import DepotPlan
from optimizers.problem import (
    Buses,
    ChargerClass,
    Degradation,
    DemandCharge,
    DepotProblem,
    EnergyPrices,
    SessionRules,
    SitePower,
    UnderWay,
)

SELL_KRW_PER_KWH = 111.75
"""For energy fed back: the mean system marginal price of 2025, but never above the purchase price of the same step."""
TAPER_FROM = 0.70
TAPER_SLOPE = 533.0
"""From 70 % of the battery on, full power falls by 533 kW per unit of it: to 40 kW when full."""
PRICE_COLUMNS = ("buy_krw_per_kwh", "sell_krw_per_kwh", "v2g_reward_krw_per_kwh")
SITE_COLUMNS = ("base_kw", "pv_kw", "import_limit_kw", "export_limit_kw")
STEP_H = 0.25
DAY_STEPS = 96
FIRST_HOUR = 4.0
DEMAND_KRW_PER_KW = 2580.0
SUMMER_KRW_PER_KWH = {"off": 79.2, "mid": 137.4, "peak": 190.4}


@dataclass(frozen=True)
class DepotCase:
    """What to make: size, rules, and which of the costly features are on."""

    buses: int = 33
    chargers: int = 11
    charger_kw: float = 200.0
    steps: int = 112
    seed: int = 1
    start_krw: float = 500.0
    min_plug_steps: int = 1
    max_sessions_per_stay: int = 99
    handover_steps: int = 0
    taper: bool = False
    v2g: bool = False
    degradation: bool = False
    pv_kw: float = 0.0


def summer_price_krw_per_kwh(hour: np.ndarray) -> np.ndarray:
    """Return KEPCO's summer rate by local hour: off-peak 22–08, peak 15–21, mid between."""
    of_day = hour % 24
    off = (of_day < 8) | (of_day >= 22)
    peak = (of_day >= 15) & (of_day < 21)
    return np.where(
        off, SUMMER_KRW_PER_KWH["off"], np.where(peak, SUMMER_KRW_PER_KWH["peak"], SUMMER_KRW_PER_KWH["mid"])
    )


def make_depot(case: DepotCase) -> DepotProblem:
    """Return the depot of a case; the same case is the same depot."""
    rng = np.random.default_rng(case.seed)
    present, trip_kwh = _duties(case, rng)
    count, steps = case.buses, case.steps
    hour = FIRST_HOUR + STEP_H * np.arange(steps)
    buy = summer_price_krw_per_kwh(hour)
    sunny = np.maximum(0.0, np.sin((hour % 24 - 6) / 12 * np.pi)) * ((hour % 24 > 6) & (hour % 24 < 18))
    charger = ChargerClass("fast", case.chargers, 10.0, case.charger_kw, True, 100.0 if case.v2g else 0.0, 0.95)  # noqa: FBT003
    return DepotProblem(
        id=f"depot-{case.buses}-{case.seed}",
        step_h=np.full(steps, STEP_H),
        buses=_buses(case, rng),
        present=present,
        trip_kwh=trip_kwh,
        need_kwh=np.zeros((count, steps)),
        chargers=(charger,),
        compatible=np.ones((count, 1), dtype=bool),
        rules=SessionRules(
            case.min_plug_steps,
            case.max_sessions_per_stay,
            case.handover_steps,
            np.ones(steps, dtype=bool),
            case.start_krw,
        ),
        prices=EnergyPrices(buy, np.minimum(buy, SELL_KRW_PER_KWH) if case.v2g else np.zeros(steps), np.zeros(steps)),
        site=SitePower(
            base_kw=np.full(steps, 30.0),
            pv_kw=case.pv_kw * sunny,
            import_limit_kw=np.full(steps, 100.0 * case.chargers + 1000.0),
            export_limit_kw=np.full(steps, 100.0 * case.chargers),
        ),
        demand=DemandCharge(DEMAND_KRW_PER_KW, 1 / 30, 30.0 * case.chargers, 0.0, 0.0, np.arange(steps)),
        degradation=_degradation(case) if case.degradation else None,
    )


def _buses(case: DepotCase, rng: np.random.Generator) -> Buses:
    count = case.buses
    battery = rng.choice([256.0, 290.4], size=count)
    empty = np.zeros((count, 0))
    taper = np.full((count, 1), 200.0 + TAPER_SLOPE * TAPER_FROM) if case.taper else empty
    slope = np.full((count, 1), -TAPER_SLOPE) / battery[:, None] if case.taper else empty
    return Buses(
        id=np.array([f"bus-{i:03d}" for i in range(count)]),
        battery_kwh=battery,
        min_kwh=0.15 * battery,
        max_kwh=0.95 * battery,
        initial_kwh=np.round(rng.uniform(0.80, 0.95, count) * battery, 2),
        terminal_min_kwh=0.85 * battery,
        charge_efficiency=np.full(count, 0.96),
        discharge_efficiency=np.full(count, 0.95),
        standing_loss_kw=np.zeros(count),
        max_charge_kw=np.full(count, 200.0),
        max_discharge_kw=np.full(count, 100.0 if case.v2g else 0.0),
        discharge_limit_kwh=np.full(count, np.inf),
        taper_kw=taper,
        taper_kw_per_kwh=slope,
    )


def _duties(case: DepotCase, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return presence and trip energy: an early and a late duty a bus, with a stay at the garage between them."""
    present = np.ones((case.buses, case.steps), dtype=bool)
    trip = np.zeros((case.buses, case.steps))
    for bus in range(case.buses):
        out = int(rng.integers(2, 22))
        first = int(rng.integers(20, 30))
        rest = int(rng.integers(5, 11))
        second = int(rng.integers(18, 28))
        for start, length in ((out, first), (out + first + rest, second)):
            stop = min(start + length, 84)
            if stop <= start:
                continue
            present[bus, start:stop] = False
            kw = float(rng.uniform(17.0, 23.0))
            trip[bus, start:stop] = kw * STEP_H * rng.uniform(0.8, 1.2, stop - start)
    return present, trip


def _degradation(case: DepotCase) -> Degradation:
    count = case.buses
    return Degradation(
        depth_kwh=np.tile([80.0, 80.0, 100.0], (count, 1)),
        krw_per_kwh=np.tile([15.0, 25.0, 40.0], (count, 1)),
        calendar_krw_per_kwh_h=np.full(count, 0.05),
        calendar_free_kwh=np.full(count, 150.0),
    )


def garage_sizes(buses: int, garages: int, seed: int) -> list[int]:
    """Return sizes of garages between 40 % and 250 % of their mean, adding up to `buses`."""
    rng = np.random.default_rng(seed)
    weight = np.clip(rng.lognormal(0.0, 0.45, garages), 0.4, 2.5)
    sizes = np.floor(buses * weight / weight.sum()).astype(int)
    sizes[: buses - int(sizes.sum())] += 1
    return [int(size) for size in sizes]


def delayed(problem: DepotProblem, plan: DepotPlan, from_step: int, late_steps: int) -> DepotProblem:
    """Return the rest of the day from `from_step` on, with the next bus to come back `late_steps` late."""
    here = slice(from_step, None)
    present, trip = problem.present[:, here].copy(), problem.trip_kwh[:, here].copy()
    away = np.flatnonzero(~present[:, 0] & present.any(axis=1))
    bus = int(away[np.argmax(present[away], axis=1).argmin()])
    back = int(np.argmax(present[bus]))
    present[bus, back : back + late_steps] = False
    trip[bus, back : back + late_steps] = trip[bus, max(back - 1, 0)]
    plugged = plan.plugged_class[:, from_step - 1]
    run = np.cumprod(plan.plugged_class[:, from_step - 1 :: -1] == plugged[:, None], axis=1).sum(axis=1)
    demand = problem.demand
    imported = float(np.maximum(plan.grid_kw[:from_step], 0.0).max())
    return replace(
        problem,
        id=f"{problem.id}, rest of the day",
        step_h=problem.step_h[here],
        buses=replace(problem.buses, initial_kwh=plan.energy_kwh[:, from_step].copy()),
        present=present,
        trip_kwh=trip,
        need_kwh=problem.need_kwh[:, here],
        rules=replace(problem.rules, plug_allowed=problem.rules.plug_allowed[here]),
        prices=EnergyPrices(*(getattr(problem.prices, name)[here] for name in PRICE_COLUMNS)),
        site=replace(problem.site, **{name: getattr(problem.site, name)[here] for name in SITE_COLUMNS}),
        demand=None
        if demand is None
        else replace(demand, interval=demand.interval[here], peak_so_far_kw=max(demand.peak_so_far_kw, imported)),
        under_way=UnderWay(plugged, np.where(plugged >= 0, run, 0), (plugged >= 0).astype(np.int64)),
    )
