"""Depots for tests: one plain depot to vary, and seeded random ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from optimizers.problem import (
    Buses,
    ChargerClass,
    DemandCharge,
    DepotProblem,
    EnergyPrices,
    SessionRules,
    SitePower,
    charge_limit_kw,
)


def buses(count: int, **columns: Any) -> Buses:
    """`count` equal buses of 200 kWh; any column may be given as a number or an array."""
    values: dict[str, Any] = {
        "battery_kwh": 200.0,
        "min_kwh": 20.0,
        "max_kwh": 200.0,
        "initial_kwh": 100.0,
        "terminal_min_kwh": 0.0,
        "charge_efficiency": 1.0,
        "discharge_efficiency": 1.0,
        "standing_loss_kw": 0.0,
        "max_charge_kw": 100.0,
        "max_discharge_kw": 0.0,
        "discharge_limit_kwh": np.inf,
        **columns,
    }
    taper_kw = values.pop("taper_kw", np.zeros((count, 0)))
    taper_kw_per_kwh = values.pop("taper_kw_per_kwh", np.zeros((count, 0)))
    filled = {name: np.broadcast_to(np.asarray(v, dtype=float), (count,)).copy() for name, v in values.items()}
    names = np.array([f"bus {number}" for number in range(count)])
    return Buses(id=names, taper_kw=np.asarray(taper_kw), taper_kw_per_kwh=np.asarray(taper_kw_per_kwh), **filled)


def charger(count: int = 1, max_kw: float = 100.0, **fields: Any) -> ChargerClass:
    values = {"id": "slow", "min_kw": 0.0, "can_pause": True, "max_discharge_kw": 0.0, "efficiency": 1.0, **fields}
    return ChargerClass(count=count, max_kw=max_kw, **values)


def depot(bus_count: int = 1, step_count: int = 4, step_h: float = 1.0, **fields: Any) -> DepotProblem:
    """A depot with nothing in it but buses that are always present and one charger of 100 kW."""
    count, steps = bus_count, step_count
    chargers = fields.pop("chargers", (charger(),))
    site = fields.pop("site", {})
    prices = fields.pop("prices", {})
    rules = fields.pop("rules", {})
    full = np.ones(steps)
    values: dict[str, Any] = {
        "id": "depot",
        "step_h": np.full(steps, step_h),
        "buses": buses(count),
        "present": np.ones((count, steps), dtype=bool),
        "trip_kwh": np.zeros((count, steps)),
        "need_kwh": np.zeros((count, steps)),
        "chargers": chargers,
        "compatible": np.ones((count, len(chargers)), dtype=bool),
        **fields,
    }
    return DepotProblem(
        rules=SessionRules(
            **{
                "min_plug_steps": 1,
                "max_sessions_per_stay": steps,
                "handover_steps": 0,
                "plug_allowed": np.ones(steps, dtype=bool),
                **rules,
            }
        ),
        prices=EnergyPrices(
            **{
                "buy_krw_per_kwh": 100 * full,
                "sell_krw_per_kwh": 0 * full,
                "v2g_reward_krw_per_kwh": 0 * full,
                **{name: np.asarray(value, dtype=float) for name, value in prices.items()},
            }
        ),
        site=SitePower(
            **{
                "base_kw": 0 * full,
                "pv_kw": 0 * full,
                "import_limit_kw": np.full(steps, np.inf),
                "export_limit_kw": np.full(steps, np.inf),
                **site,
            }
        ),
        **values,
    )


def duty(problem: DepotProblem, bus: int, start: int, stop: int, energy_kwh: float) -> DepotProblem:
    """The same depot with the bus away for ``start <= t < stop``, drawing `energy_kwh` in equal parts."""
    present, trip_kwh = problem.present.copy(), problem.trip_kwh.copy()
    present[bus, start:stop] = False
    trip_kwh[bus, start:stop] = energy_kwh / (stop - start)
    return replace(problem, present=present, trip_kwh=trip_kwh)


def random_depot(seed: int, bus_count: int = 4, step_count: int = 24, charger_count: int = 2) -> DepotProblem:
    """A night in a depot: buses come back one after the other, and leave one after the other."""
    rng = np.random.default_rng(seed)
    steps = step_count
    present = np.zeros((bus_count, steps), dtype=bool)
    trip_kwh = np.zeros((bus_count, steps))
    for bus in range(bus_count):
        come = int(rng.integers(0, steps // 4))
        go = int(rng.integers(steps * 2 // 3, steps - 1))
        present[bus, come:go] = True
        trip_kwh[bus, :come] = rng.uniform(4, 8) * 0.5
        trip_kwh[bus, go:] = rng.uniform(40, 90) / (steps - go)
    chargers = (charger(charger_count, 60.0, efficiency=0.95),)
    price = np.where(np.arange(steps) < steps // 3, 180.0, 90.0) + rng.uniform(-5, 5, steps)
    problem = depot(
        bus_count,
        steps,
        0.5,
        id=f"random depot {seed}",
        buses=buses(
            bus_count,
            initial_kwh=rng.uniform(60, 110, bus_count),
            terminal_min_kwh=30.0,
            charge_efficiency=0.96,
            discharge_efficiency=0.96,
            standing_loss_kw=0.2,
        ),
        present=present,
        trip_kwh=trip_kwh,
        chargers=chargers,
        prices={"buy_krw_per_kwh": price},
        rules={"start_krw": 300.0, "min_plug_steps": 2, "max_sessions_per_stay": 2},
        site={"base_kw": rng.uniform(0, 10, steps)},
        demand=DemandCharge(8000.0, 1 / 30, 20.0, 15.0, 10.0, np.arange(steps) // 2),
    )
    need_kwh = np.zeros((bus_count, steps))
    for bus in range(bus_count):
        go = int(np.flatnonzero(present[bus])[-1]) + 1
        most = trip_kwh[bus, :].sum() + 35
        need_kwh[bus, go] = min(most, 0.9 * problem.buses.max_kwh[bus])
    assert (charge_limit_kw(problem) > 0).all()
    return replace(problem, need_kwh=need_kwh)
