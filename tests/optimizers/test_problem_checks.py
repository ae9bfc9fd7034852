"""Every input check fires on the input it is for, and lists everything at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data.errors import InvalidInput
from optimizers.depot import solve_depot
from optimizers.problem import Cabinet, Degradation, DemandCharge, DepotProblem, SiteBattery, UnderWay
from optimizers.problem_checks import check_problem, require_sound
from tests.optimizers.depot_builders import buses, charger, depot, duty, random_depot

BATTERY = SiteBattery(5.0, 50.0, 20.0, 10.0, 15.0, 15.0, 0.9, 0.9, 3.0)
DEMAND = DemandCharge(8000.0, 0.1, 20.0, 0.0, 0.0, np.arange(4))
WEAR = Degradation(np.array([[60.0, 120.0]]), np.array([[5.0, 20.0]]), np.full(1, 0.1), np.full(1, 100.0))


def with_buses(**columns: object) -> DepotProblem:
    return depot(1, 4, buses=buses(1, **columns))


def with_charger(**fields: object) -> DepotProblem:
    return depot(1, 4, chargers=(charger(**{"count": 1, **fields}),))


def with_site(**fields: object) -> DepotProblem:
    problem = depot(1, 4)
    return replace(problem, site=replace(problem.site, battery=replace(BATTERY, **fields)))


def with_demand(**fields: object) -> DepotProblem:
    problem = depot(1, 4, demand=replace(DEMAND, **fields))
    return replace(problem, site=replace(problem.site, import_limit_kw=np.full(4, 500.0)))


def with_under_way(plugged: int, steps: int, sessions: int, **fields: object) -> DepotProblem:
    under_way = UnderWay(np.array([plugged]), np.array([steps]), np.array([sessions]))
    return depot(1, 4, under_way=under_way, **fields)


def nan_at(array: np.ndarray) -> np.ndarray:
    copy = array.copy()
    copy.flat[0] = np.nan
    return copy


TWO = depot(2, 4)
BAD: dict[str, tuple[DepotProblem, str, str]] = {
    "no bus": (depot(0, 4), "buses", "at least one"),
    "no step": (depot(1, 0), "step_h", "at least one"),
    "tariff too short": (depot(1, 4, prices={"buy_krw_per_kwh": np.ones(3)}), "prices.buy", "cover the day"),
    "wrong shape": (replace(depot(1, 4), trip_kwh=np.zeros((1, 3))), "trip_kwh", "(1, 4)"),
    "wrong compatible": (replace(depot(1, 4), compatible=np.ones((1, 2), dtype=bool)), "compatible", "(1, 1)"),
    "taper does not match": (with_buses(taper_kw=np.zeros((1, 2))), "buses.taper_kw", "(bus, segment)"),
    "labels": (depot(1, 4, labels=("04:00",)), "labels", "4 steps"),
    "step of no length": (replace(depot(1, 4), step_h=np.array([1, 0, 1, 1.0])), "step_h", "length in hours"),
    "nan": (replace(depot(1, 4), trip_kwh=nan_at(np.zeros((1, 4)))), "trip_kwh", "number for every entry"),
    "inf": (with_buses(initial_kwh=np.inf), "buses.initial_kwh", "number for every entry"),
    "minus inf": (depot(1, 4, prices={"buy_krw_per_kwh": np.full(4, -np.inf)}), "prices.buy", "number for every entry"),
    "minus inf taper": (
        with_buses(taper_kw=np.array([[-np.inf]]), taper_kw_per_kwh=np.zeros((1, 1))),
        "buses.taper_kw",
        "number for every entry",
    ),
    "negative energy": (replace(depot(1, 4), trip_kwh=np.full((1, 4), -1.0)), "trip_kwh", "0 or more"),
    "bus twice": (
        replace(TWO, buses=replace(TWO.buses, id=np.array(["a", "a"]))),
        "buses.id",
        "its own name",
    ),
    "battery in Wh": (with_buses(battery_kwh=2e5), "buses.battery_kwh", "give kWh"),
    "empty window": (with_buses(min_kwh=200.0), "buses.max_kwh", "min < max"),
    "window above the battery": (with_buses(max_kwh=210.0), "buses.max_kwh", "min < max"),
    "SoC outside": (with_buses(initial_kwh=10.0), "buses.initial_kwh", "between"),
    "end above the window": (with_buses(terminal_min_kwh=220.0), "buses.terminal_min_kwh", "at most max_kwh"),
    "efficiency in percent": (with_buses(charge_efficiency=95.0), "buses.charge_efficiency", "0.95"),
    "efficiency of 0": (with_buses(discharge_efficiency=0.0), "buses.discharge_efficiency", "0.95"),
    "power in W": (with_buses(max_charge_kw=1e5), "buses.max_charge_kw", "not W"),
    "negative taper": (
        with_buses(taper_kw=np.array([[100.0]]), taper_kw_per_kwh=np.array([[-1.0]])),
        "buses.taper_kw",
        "0 kW or more",
    ),
    "trip at home": (replace(depot(1, 4), trip_kwh=np.ones((1, 4))), "trip_kwh", "away"),
    "need above the battery": (replace(depot(1, 4), need_kwh=np.full((1, 4), 201.0)), "need_kwh", "shorten the duty"),
    "need at once": (replace(depot(1, 4), need_kwh=np.full((1, 4), 150.0)), "need_kwh", "earlier"),
    "duty above the battery": (duty(depot(1, 4), 0, 1, 3, 190.0), "trip_kwh", "split the duty"),
    "class twice": (depot(1, 4, chargers=(charger(), charger())), "chargers", "its own name"),
    "charger of 0 kW": (with_charger(max_kw=0.0), "chargers, slow", "positive power"),
    "charger in W": (with_charger(max_kw=1e5), "chargers, slow", "not W"),
    "negative count": (with_charger(count=-1), "chargers, slow", "0 or more outlets"),
    "minimum above maximum": (with_charger(min_kw=120.0), "chargers, slow", "between 0 and max_kw"),
    "discharge in W": (with_charger(max_discharge_kw=1e5), "chargers, slow", "not W"),
    "charger efficiency": (with_charger(efficiency=95.0), "chargers, slow", "0.95"),
    "cannot pause": (with_charger(max_discharge_kw=10.0, can_pause=False), "chargers, slow", "can_pause"),
    "cabinet of nothing": (depot(1, 4, cabinets=(Cabinet("x", (3,), 10.0),)), "cabinets, x", "positions"),
    "cabinet of 0 kW": (depot(1, 4, cabinets=(Cabinet("x", (0,), 0.0),)), "cabinets, x", "positive"),
    "no session length": (depot(1, 4, rules={"min_plug_steps": 0}), "rules.min_plug_steps", "1 or more"),
    "no sessions": (depot(1, 4, rules={"max_sessions_per_stay": 0}), "rules.max_sessions", "1 or more"),
    "negative handover": (depot(1, 4, rules={"handover_steps": -1}), "rules.handover_steps", "0 or more"),
    "start pays": (depot(1, 4, rules={"start_krw": -1.0}), "rules.start_krw", "0 or more"),
    "site battery window": (with_site(max_kwh=5.0, initial_kwh=5.0, terminal_min_kwh=5.0), "site.battery", "min < max"),
    "site battery initial": (with_site(initial_kwh=60.0), "site.battery", "between"),
    "site battery end": (with_site(terminal_min_kwh=60.0), "site.battery", "up to max_kwh"),
    "site battery efficiency": (with_site(charge_efficiency=90.0), "site.battery", "0.95"),
    "site battery power": (with_site(max_charge_kw=-1.0), "site.battery", "0 or more"),
    "negative demand price": (with_demand(price_krw_per_kw=-1.0), "demand.price", "0 or more"),
    "share in percent": (with_demand(share=3.0), "demand.share", "(0, 1]"),
    "peak above the connection": (with_demand(peak_so_far_kw=900.0), "demand.peak_so_far_kw", "connection"),
    "intervals fall": (with_demand(interval=np.array([3, 2, 1, 0])), "demand.interval", "0, 1, 2"),
    "wear falls": (
        depot(1, 4, degradation=replace(WEAR, krw_per_kwh=np.array([[9.0, 2.0]]))),
        "degradation.krw_per_kwh",
        "convex",
    ),
    "wear too shallow": (
        depot(1, 4, degradation=replace(WEAR, depth_kwh=np.array([[9.0, 2.0]]))),
        "degradation.depth_kwh",
        "deep segment",
    ),
    "no such class": (with_under_way(4, 1, 1), "under_way.plugged_class", "-1 to 0"),
    "under way does not fit": (
        with_under_way(0, 1, 1, compatible=np.zeros((1, 1), dtype=bool)),
        "under_way.plugged_class",
        "compatible",
    ),
    "under way since 0 steps": (with_under_way(0, 0, 1), "under_way.steps_plugged", "count the session"),
    "under way and gone": (
        replace(with_under_way(0, 1, 1, rules={"min_plug_steps": 3}), present=np.zeros((1, 4), dtype=bool)),
        "under_way.steps_plugged",
        "departure",
    ),
    "more under way than outlets": (
        with_under_way(0, 1, 1, chargers=(charger(0),)),
        "under_way.plugged_class",
        "0 outlets",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_every_check_fires(name):
    problem, field, fix = BAD[name]
    found = check_problem(problem)
    assert any(p.field.startswith(field) and fix in p.fix for p in found), found


def test_all_problems_are_listed_at_once():
    problem = depot(2, 4, buses=buses(2, initial_kwh=10.0, charge_efficiency=95.0), chargers=(charger(max_kw=0.0),))
    with pytest.raises(InvalidInput) as caught:
        require_sound(problem)
    assert len(caught.value.problems) == 5
    assert "buses.initial_kwh, bus 1" in str(caught.value)


def test_nothing_is_planned_from_bad_input():
    with pytest.raises(InvalidInput):
        solve_depot(depot(1, 4, chargers=(charger(max_kw=0.0),)), time_limit_s=1)


@pytest.mark.parametrize("seed", range(3))
def test_a_sound_problem_has_no_problems(seed):
    assert check_problem(random_depot(seed)) == ()
