"""The replay accepts a right plan and names every broken rule of a wrong one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from optimizers.depot_cost import Schedule, cycling_cost_krw, plan_of, stored_energy_kwh
from optimizers.plan import DepotCost, DepotPlan, PlanStatus, Verdict
from optimizers.problem import Cabinet, Degradation, DemandCharge, DepotProblem, LaneRule, SiteBattery, UnderWay
from optimizers.replay import replay, sessions_of
from optimizers.replay_cost import replayed_cost
from tests.optimizers.depot_builders import buses, charger, depot, duty

VERDICT = Verdict(PlanStatus.FEASIBLE, 0.0, "", "by hand", 0.0)


def base() -> DepotProblem:
    """Two buses, two classes, everything that can be broken."""
    bus = buses(
        2,
        initial_kwh=np.array([100.0, 120.0]),
        terminal_min_kwh=40.0,
        max_discharge_kw=np.array([30.0, 0.0]),
        discharge_limit_kwh=25.0,
        charge_efficiency=0.9,
        discharge_efficiency=0.9,
        standing_loss_kw=1.0,
        taper_kw=np.array([[300.0], [300.0]]),
        taper_kw_per_kwh=np.array([[-1.4], [-1.4]]),
    )
    outlets = (charger(1, 80.0, id="fast", min_kw=10.0, max_discharge_kw=30.0, efficiency=0.95), charger(1, 50.0))
    battery = SiteBattery(5.0, 50.0, 20.0, 10.0, 15.0, 15.0, 0.9, 0.9, 3.0)
    problem = depot(
        2,
        6,
        buses=bus,
        chargers=outlets,
        compatible=np.array([[True, True], [False, True]]),
        cabinets=(Cabinet("cabinet", (0, 1), 100.0),),
        demand=DemandCharge(8000.0, 0.1, 20.0, 0.0, 0.0, np.array([0, 0, 1, 1, -1, -1])),
        degradation=Degradation(
            np.array([[60.0, 120.0]] * 2), np.array([[5.0, 20.0]] * 2), np.full(2, 0.1), np.full(2, 100.0)
        ),
        prices={"sell_krw_per_kwh": np.full(6, 40.0), "v2g_reward_krw_per_kwh": np.full(6, 200.0)},
        rules={
            "min_plug_steps": 2,
            "max_sessions_per_stay": 1,
            "plug_allowed": np.array([1, 1, 1, 0, 1, 1], dtype=bool),
            "start_krw": 100.0,
        },
    )
    site = replace(
        problem.site,
        base_kw=np.full(6, 5.0),
        pv_kw=np.full(6, 10.0),
        import_limit_kw=np.full(6, 110.0),
        export_limit_kw=np.full(6, 50.0),
        battery=battery,
    )
    problem = duty(duty(replace(problem, site=site), 0, 4, 6, 80.0), 1, 5, 6, 60.0)
    need_kwh = problem.need_kwh.copy()
    need_kwh[0, 4] = 130.0
    return replace(problem, need_kwh=need_kwh)


def schedule() -> Schedule:
    charge = np.zeros((2, 6))
    charge[0, :3] = [60.0, 20.0, 0.0]
    charge[1, :3] = [30.0, 20.0, 10.0]
    feed = np.zeros((2, 6))
    feed[0, 2] = 20.0
    plugged = np.full((2, 6), -1)
    plugged[0, :3], plugged[1, :3] = 0, 1
    return Schedule(charge, feed, plugged, np.full(6, 10.0), np.array([10.0, -15.0, 0.0, 0.0, 0.0, 0.0]))


def plan(problem: DepotProblem, chosen: Schedule | None = None) -> DepotPlan:
    return plan_of(problem, chosen or schedule(), VERDICT)


def test_a_right_plan_passes_with_the_same_bill():
    report = replay(base(), plan(base()))
    assert report.violations == ()
    assert report.ok
    assert report.cost.total_krw == pytest.approx(plan(base()).objective_krw)
    for term in DepotCost.__dataclass_fields__:
        assert getattr(report.cost, term) == pytest.approx(getattr(plan(base()).cost, term)), term
        assert getattr(report.cost, term) != 0 or term == "export_krw", term


def changed(name: str, at: tuple[int, ...], value: float) -> Callable[[], tuple[DepotProblem, DepotPlan]]:
    def make() -> tuple[DepotProblem, DepotPlan]:
        array = getattr(schedule(), name).copy()
        array[at] = value
        return base(), plan(base(), replace(schedule(), **{name: array}))

    return make


def other(**fields: object) -> Callable[[], tuple[DepotProblem, DepotPlan]]:
    def make() -> tuple[DepotProblem, DepotPlan]:
        problem = replace(base(), **fields)
        return problem, plan(problem)

    return make


def other_in(part: str, **fields: object) -> Callable[[], tuple[DepotProblem, DepotPlan]]:
    def make() -> tuple[DepotProblem, DepotPlan]:
        problem = replace(base(), **{part: replace(getattr(base(), part), **fields)})
        return problem, plan(problem)

    return make


def reported(**fields: object) -> Callable[[], tuple[DepotProblem, DepotPlan]]:
    return lambda: (base(), replace(plan(base()), **fields))


def lane(rule: LaneRule, stops: tuple[int, int]) -> Callable[[], tuple[DepotProblem, DepotPlan]]:
    def make() -> tuple[DepotProblem, DepotPlan]:
        problem = depot(2, 6, chargers=(charger(2, lane=rule),))
        plugged = np.full((2, 6), -1)
        plugged[0, 0 : stops[0]] = 0
        plugged[1, 1 : stops[1]] = 0
        zero = np.zeros((2, 6))
        return problem, plan(problem, Schedule(zero, zero, plugged, np.zeros(6), np.zeros(6)))

    return make


BROKEN: dict[str, tuple[Callable[[], tuple[DepotProblem, DepotPlan]], str]] = {
    "too little at departure": (changed("charge_kw", (0, 0), 20.0), "short of 130"),
    "below the window": (other_in("buses", min_kwh=np.array([20.0, 119.0])), "short of 119"),
    "too little at the end": (other_in("buses", terminal_min_kwh=np.array([40.0, 115.0])), "bus 1, end: "),
    "above the window": (other_in("buses", max_kwh=np.array([150.0, 200.0])), "above the window's 150"),
    "taper": (other_in("buses", taper_kw=np.array([[150.0], [300.0]])), "it takes"),
    "warranty": (other_in("buses", discharge_limit_kwh=np.array([10.0, 0.0])), "warranted are 10"),
    "above the outlet": (changed("charge_kw", (1, 0), 55.0), "more than bus or slow can"),
    "above the bus": (other_in("buses", max_charge_kw=np.array([50.0, 50.0])), "more than bus or fast can"),
    "feeds back too much": (changed("discharge_kw", (0, 2), 35.0), "feeds back 35.000 kW, more than"),
    "below the minimum": (changed("charge_kw", (0, 1), 5.0), "fast starts at 10"),
    "may not pause": (
        other(chargers=(replace(base().chargers[0]), replace(base().chargers[1], min_kw=15.0, can_pause=False))),
        "slow starts at 15",
    ),
    "both directions": (changed("discharge_kw", (0, 1), 5.0), "at once"),
    "negative power": (changed("charge_kw", (1, 2), -5.0), "negative power"),
    "not plugged": (changed("plugged_class", (1, 2), -1), "without being plugged"),
    "away": (changed("plugged_class", (1, 5), 1), "plugged to slow while away"),
    "does not fit": (changed("plugged_class", (1, slice(0, 3)), 0), "does not fit"),
    "nobody there": (changed("plugged_class", (1, slice(3, 5)), [-1, 1]), "at most 1 are allowed"),
    "staff": (other_in("rules", plug_allowed=np.zeros(6, dtype=bool)), "nobody is there"),
    "short session": (other_in("rules", min_plug_steps=4), "the least is 4"),
    "outlets": (other(chargers=(replace(base().chargers[0], count=0), base().chargers[1])), "there are 0"),
    "cabinet": (other(cabinets=(Cabinet("cabinet", (0, 1), 70.0),)), "cabinet cabinet"),
    "connection": (other_in("site", import_limit_kw=np.full(6, 60.0)), "the connection gives 60"),
    "export": (other_in("site", export_limit_kw=np.full(6, 1.0)), "the connection takes 1"),
    "more PV than there is": (changed("pv_kw", (3,), 12.0), "of PV, there are 10"),
    "site battery power": (changed("site_battery_kw", (0,), 16.0), "is outside its power"),
    "site battery window": (changed("site_battery_kw", (3,), -15.0), "kWh is outside its window"),
    "site battery end": (changed("site_battery_kw", (1,), -17.5), "needed are 10"),
    "no site battery": (other_in("site", battery=None), "there is none"),
    "energy misreported": (reported(energy_kwh=plan(base()).energy_kwh + 0.01), "the plan says"),
    "site misreported": (reported(grid_kw=plan(base()).grid_kw + 0.01), "site, step 0: the plan says"),
    "cost misreported": (reported(cost=replace(plan(base()).cost, demand_krw=7.0)), "cost, demand_krw"),
    "first in first out": (lane(LaneRule.FIRST_IN_FIRST_OUT, (4, 3)), "bus 1 leaves the lane through bus bus 0"),
    "last in first out": (lane(LaneRule.LAST_IN_FIRST_OUT, (3, 4)), "bus 0 leaves the lane through bus bus 1"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_every_broken_rule_is_named(name):
    make, words = BROKEN[name]
    report = replay(*make())
    assert not report.ok
    assert any(words in violation for violation in report.violations), report.violations


@pytest.mark.parametrize(
    ("rule", "stops"), [(LaneRule.FIRST_IN_FIRST_OUT, (3, 4)), (LaneRule.LAST_IN_FIRST_OUT, (4, 3))]
)
def test_a_lane_in_order_passes(rule, stops):
    assert replay(*lane(rule, stops)()).ok


def test_handover_counts_the_empty_outlet():
    problem = depot(2, 4, rules={"handover_steps": 2})
    plugged = np.array([[0, -1, -1, -1], [-1, -1, 0, 0]])
    zero = np.zeros((2, 4))
    answer = replay(problem, plan(problem, Schedule(zero, zero, plugged, np.zeros(4), np.zeros(4))))
    assert answer.violations == ("slow, step 2: 1 buses plugged and 1 outlets in handover, there are 1",)


def test_a_session_under_way_keeps_its_age_and_costs_no_start():
    under_way = UnderWay(np.array([0]), np.array([1]), np.array([1]))
    rules = {"min_plug_steps": 3, "max_sessions_per_stay": 1, "start_krw": 50.0}
    problem = depot(1, 4, rules=rules, under_way=under_way)
    zero = np.zeros((1, 4))

    def answer(row):
        return replay(problem, plan(problem, Schedule(zero, zero, np.array([row]), np.zeros(4), np.zeros(4))))

    assert answer([0, 0, -1, -1]).ok
    assert answer([0, 0, -1, -1]).cost.starts_krw == 0
    assert "2 steps long, the least is 3" in answer([0, -1, -1, -1]).violations[0]
    assert "2 sessions, at most 1" in answer([0, 0, -1, 0]).violations[0]
    begun = sessions_of(problem, plan(problem, Schedule(zero, zero, np.array([[0, 0, -1, -1]]), zero[0], zero[0])))
    assert [(s.start, s.stop) for s in begun] == [(-1, 2)]


def test_two_ways_to_price_cycles_agree():
    rng = np.random.default_rng(0)
    for _ in range(30):
        steps, count = 12, 3
        wear = Degradation(
            rng.uniform(20, 120, (count, 3)), np.sort(rng.uniform(0, 50, (count, 3))), np.zeros(count), np.zeros(count)
        )
        wear = replace(wear, depth_kwh=np.column_stack([wear.depth_kwh[:, :2], np.full(count, 200.0)]))
        problem = depot(count, steps, buses=buses(count, initial_kwh=rng.uniform(30, 190, count)), degradation=wear)
        energy = np.column_stack([problem.buses.initial_kwh, rng.uniform(20, 200, (count, steps))])
        change = np.diff(energy, axis=1)
        charge, drawn = np.maximum(change, 0), np.maximum(-change, 0)
        problem = replace(problem, trip_kwh=drawn)
        still = np.zeros(steps)
        chosen = Schedule(charge, np.zeros_like(charge), np.zeros((count, steps), dtype=int), still, still)
        assert stored_energy_kwh(problem, charge, np.zeros_like(charge)) == pytest.approx(energy)
        other_way = replayed_cost(problem, plan(problem, chosen)).cycling_krw
        assert cycling_cost_krw(problem, energy).sum() == pytest.approx(other_way)
