"""Hand-checked answers, one feature of the compact model at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optimizers.depot import Method, solve_depot
from optimizers.plan import DepotPlan, NoPlan, PlanStatus
from optimizers.problem import Cabinet, Degradation, DemandCharge, LaneRule, SiteBattery, UnderWay
from tests.optimizers.depot_builders import buses, charger, depot, duty, random_depot


def solved(problem) -> DepotPlan:
    plan = solve_depot(problem, time_limit_s=30, gap=1e-6, method=Method.COMPACT)
    assert isinstance(plan, DepotPlan), plan
    assert plan.status is PlanStatus.OPTIMAL
    assert plan.lower_bound_krw <= plan.objective_krw + 1e-3
    return plan


def infeasible(problem) -> NoPlan:
    answer = solve_depot(problem, time_limit_s=30, method=Method.COMPACT)
    assert isinstance(answer, NoPlan), answer
    assert answer.status is PlanStatus.INFEASIBLE
    assert answer.reasons
    return answer


def test_charging_waits_for_the_cheap_hour():
    plan = solved(duty(depot(1, 4, prices={"buy_krw_per_kwh": [90, 60, 80, 70]}), 0, 3, 4, 150.0))
    assert plan.charge_kw[0] == pytest.approx([0, 70, 0, 0])
    assert plan.cost.energy_krw == pytest.approx(4200)
    assert plan.objective_krw == pytest.approx(4200)


def test_efficiencies_and_standing_loss_add_to_the_bill():
    # 70 kWh are missing and 3 h lose 2 kW: 76 kWh into the cells, /0.8 at the inlet, /0.95 at the bus bar
    bus = buses(1, charge_efficiency=0.8, standing_loss_kw=2.0)
    plan = solved(duty(depot(1, 4, buses=bus, chargers=(charger(1, efficiency=0.95),)), 0, 3, 4, 150.0))
    assert plan.objective_krw == pytest.approx(100 * 76 / 0.8 / 0.95)
    assert plan.grid_kw.sum() == pytest.approx(76 / 0.8 / 0.95)


def test_departure_needs_and_the_need_at_the_end_are_met_at_least_cost():
    problem = duty(depot(1, 4, buses=buses(1, terminal_min_kwh=90.0)), 0, 1, 2, 30.0)
    need_kwh = problem.need_kwh.copy()
    need_kwh[0, 1] = 110.0
    plan = solved(replace(problem, need_kwh=need_kwh))
    assert plan.energy_kwh[0, 1] >= 110 - 1e-6
    assert plan.energy_kwh[0, 4] == pytest.approx(90.0)
    assert plan.objective_krw == pytest.approx(100 * 20)


def test_one_outlet_serves_one_bus_at_a_time():
    problem = duty(duty(depot(2, 3), 0, 2, 3, 150.0), 1, 2, 3, 150.0)
    plan = solved(problem)
    assert ((plan.plugged_class >= 0).sum(axis=0) <= 1).all()
    infeasible(duty(duty(depot(2, 2), 0, 1, 2, 150.0), 1, 1, 2, 150.0))


def test_handover_keeps_an_outlet_empty():
    problem = duty(duty(depot(2, 3), 0, 2, 3, 150.0), 1, 2, 3, 150.0)
    infeasible(replace(problem, rules=replace(problem.rules, handover_steps=1)))
    longer = duty(duty(depot(2, 4, rules={"handover_steps": 1}), 0, 3, 4, 150.0), 1, 3, 4, 150.0)
    assert (solved(longer).plugged_class[:, 1] == -1).all()


def test_a_session_lasts_its_minimum_and_starts_only_with_staff():
    prices = {"buy_krw_per_kwh": [90, 50, 95, 60, 99]}
    problem = duty(depot(1, 5, prices=prices, rules={"min_plug_steps": 3}), 0, 4, 5, 150.0)
    plugged = solved(problem).plugged_class[0] >= 0
    assert plugged.sum() >= 3
    assert plugged[1]
    staff = np.array([True, False, False, False, True])
    staffed = solved(replace(problem, rules=replace(problem.rules, plug_allowed=staff)))
    assert staffed.plugged_class[0, :2].tolist() == [0, 0]


def test_a_session_may_not_end_early_because_its_bus_leaves():
    problem = duty(depot(1, 3, prices={"buy_krw_per_kwh": [9, 1, 9]}, rules={"min_plug_steps": 2}), 0, 2, 3, 150.0)
    assert solved(problem).plugged_class[0].tolist() == [0, 0, -1]
    infeasible(replace(problem, rules=replace(problem.rules, min_plug_steps=3)))


def test_at_most_so_many_sessions_in_a_stay():
    # bus 1 needs the outlet in hour 1, between the two cheap hours of bus 0
    prices = {"buy_krw_per_kwh": [50, 99, 50, 80, 99]}
    problem = duty(depot(2, 5, prices=prices, chargers=(charger(1, 40.0),)), 0, 4, 5, 150.0)
    problem = duty(duty(problem, 1, 0, 1, 0.0), 1, 2, 5, 100.0)
    free = solved(problem)
    once = solved(replace(problem, rules=replace(problem.rules, max_sessions_per_stay=1)))
    assert free.objective_krw == pytest.approx(50 * 70 + 99 * 20)
    assert once.objective_krw == pytest.approx(50 * 40 + 80 * 30 + 99 * 20)


def test_the_cost_of_a_start_merges_sessions():
    prices = {"buy_krw_per_kwh": [50, 60, 50, 99]}
    problem = duty(depot(1, 4, prices=prices, chargers=(charger(1, 40.0),)), 0, 3, 4, 150.0)
    plan = solved(replace(problem, rules=replace(problem.rules, start_krw=100.0)))
    assert plan.cost.starts_krw == pytest.approx(100)
    assert plan.cost.energy_krw == pytest.approx(50 * 70)


def test_minimum_power_with_and_without_pausing():
    outlet = charger(1, min_kw=50.0)
    problem = duty(depot(1, 4, chargers=(outlet,)), 0, 3, 4, 140.0)
    plan = solved(problem)
    assert np.isin(plan.charge_kw[0] > 1, [True, False]).all()
    assert plan.charge_kw[0][plan.charge_kw[0] > 1].min() >= 50 - 1e-6
    assert plan.charge_kw[0].sum() == pytest.approx(60)
    steady = replace(problem, chargers=(replace(outlet, can_pause=False),))
    steady = replace(steady, rules=replace(steady.rules, min_plug_steps=2, max_sessions_per_stay=1))
    assert solved(steady).charge_kw[0].sum() == pytest.approx(100)


def test_taper_slows_a_full_battery():
    # p <= 410 - 2 e, quarter hours: from 185 kWh 40 kW give 10 kWh, then from 195 kWh 20 kW give 5
    lines = {"taper_kw": np.array([[410.0]]), "taper_kw_per_kwh": np.array([[-2.0]])}
    bus = buses(1, battery_kwh=205.0, max_kwh=205.0, initial_kwh=185.0, terminal_min_kwh=200.0, **lines)
    assert solved(depot(1, 2, 0.25, buses=bus)).charge_kw[0] == pytest.approx([40, 20])
    infeasible(depot(1, 2, 0.25, buses=replace(bus, terminal_min_kwh=np.array([201.0]))))


def test_cabinet_power_is_shared():
    outlets = (charger(1, 60.0), charger(1, 60.0, id="twin"))
    problem = duty(duty(depot(2, 2, chargers=outlets), 0, 1, 2, 130.0), 1, 1, 2, 130.0)
    assert solved(problem).grid_kw[0] == pytest.approx(100)
    infeasible(replace(problem, cabinets=(Cabinet("cabinet", (0, 1), 90.0),)))


def test_a_bus_uses_only_what_fits():
    outlets = (charger(1, 60.0), charger(1, 60.0, id="twin"))
    problem = duty(depot(1, 2, chargers=outlets), 0, 1, 2, 130.0)
    plan = solved(replace(problem, compatible=np.array([[False, True]])))
    assert plan.plugged_class[0, 0] == 1


def test_site_limit_and_base_load_cap_the_charging():
    site = {"base_kw": np.array([10.0, 10, 10]), "import_limit_kw": np.array([45.0, 50, 60])}
    plan = solved(duty(depot(1, 3, site=site, prices={"buy_krw_per_kwh": [50, 60, 70]}), 0, 2, 3, 150.0))
    assert plan.charge_kw[0] == pytest.approx([35, 35, 0])
    assert plan.grid_kw == pytest.approx([45, 45, 10])


def test_pv_is_used_before_the_grid_and_curtailed_at_the_export_limit():
    site = {"pv_kw": np.array([50.0, 50]), "export_limit_kw": np.array([20.0, 20])}
    plan = solved(duty(depot(1, 3, site={k: np.append(v, 0.0) for k, v in site.items()}), 0, 2, 3, 150.0))
    assert plan.objective_krw == pytest.approx(0)
    assert plan.charge_kw[0].sum() == pytest.approx(70)
    sold = solved(depot(1, 2, site=site, prices={"sell_krw_per_kwh": [30, 0]}))
    assert sold.cost.export_krw == pytest.approx(-20 * 30)
    assert sold.pv_kw[0] == pytest.approx(20)


def test_selling_dearer_than_buying_does_not_make_money_from_nothing():
    plan = solved(depot(1, 1, prices={"buy_krw_per_kwh": [50], "sell_krw_per_kwh": [80]}))
    assert plan.objective_krw == pytest.approx(0)


def test_feeding_back_earns_the_spread_once_and_keeps_the_warranty():
    bus = buses(1, max_discharge_kw=60.0, charge_efficiency=0.9, discharge_efficiency=0.9, terminal_min_kwh=100.0)
    prices = {"buy_krw_per_kwh": [50, 300], "sell_krw_per_kwh": [0, 300]}
    problem = depot(1, 2, buses=bus, chargers=(charger(1, max_discharge_kw=60.0),), prices=prices)
    plan = solved(problem)
    # 60 kWh fed back take 66.67 from the cells and 74.07 at the inlet
    assert plan.discharge_kw[0] == pytest.approx([0, 60])
    assert plan.objective_krw == pytest.approx(50 * 60 / 0.81 - 300 * 60)
    warranted = solved(replace(problem, buses=replace(bus, discharge_limit_kwh=np.array([25.0]))))
    assert warranted.discharge_kw.sum() == pytest.approx(25)


def test_a_reward_does_not_pay_for_burning_energy():
    bus = buses(1, max_discharge_kw=60.0, charge_efficiency=0.9, discharge_efficiency=0.9, terminal_min_kwh=100.0)
    prices = {"buy_krw_per_kwh": [50], "v2g_reward_krw_per_kwh": [500]}
    plan = solved(depot(1, 1, buses=bus, chargers=(charger(1, max_discharge_kw=60.0),), prices=prices))
    assert plan.objective_krw == pytest.approx(0)
    paid = {"buy_krw_per_kwh": [-50]}
    burnt = solved(depot(1, 1, buses=bus, chargers=(charger(1, max_discharge_kw=60.0),), prices=paid))
    assert burnt.charge_kw[0, 0] * burnt.discharge_kw[0, 0] == 0


def test_demand_charge_flattens_only_above_what_is_paid_for_and_in_counted_intervals():
    demand = DemandCharge(9000.0, 0.1, 20.0, 25.0, 15.0, np.array([0, 1, -1, -1]))
    prices = {"buy_krw_per_kwh": [50, 50, 60, 99]}
    plan = solved(duty(depot(1, 4, demand=demand, prices=prices, chargers=(charger(1, 40.0),)), 0, 3, 4, 170.0))
    # 90 kWh: 25 + 25 under the ratchet, 40 in the hour that does not count
    assert plan.grid_kw == pytest.approx([25, 25, 40, 0])
    assert plan.cost.demand_krw == pytest.approx(0)
    small = solved(duty(depot(1, 3, demand=replace(demand, interval=np.array([0, 0, -1]))), 0, 2, 3, 170.0))
    assert small.cost.demand_krw == pytest.approx(900 * (45 - 25))


def test_demand_is_averaged_over_the_metering_interval():
    demand = DemandCharge(1000.0, 1.0, 0.0, 0.0, 0.0, np.array([0, 0, -1]))
    problem = duty(depot(1, 3, demand=demand, prices={"buy_krw_per_kwh": [50, 99, 99]}), 0, 2, 3, 150.0)
    plan = solved(replace(problem, step_h=np.array([0.75, 0.25, 1.0])))
    assert plan.cost.demand_krw == pytest.approx(1000 * 70)
    assert plan.charge_kw[0, 0] * 0.75 == pytest.approx(70)


def test_a_stationary_battery_moves_the_cheap_hour():
    battery = SiteBattery(0.0, 50.0, 10.0, 10.0, 40.0, 30.0, 0.8, 1.0, 7.0)
    problem = duty(depot(1, 3, prices={"buy_krw_per_kwh": [20, 100, 100]}), 0, 0, 1, 0.0)
    problem = duty(problem, 0, 2, 3, 150.0)
    site = replace(problem.site, battery=battery)
    plan = solved(replace(problem, site=site))
    # 30 kWh from the battery cost 30/0.8 * 20 and 30 * 7 of wear, 40 come from the grid
    assert plan.site_battery_kw == pytest.approx([37.5, -30, 0])
    assert plan.objective_krw == pytest.approx(37.5 * 20 + 210 + 40 * 100)


def test_a_stationary_battery_is_paid_for_storing_but_not_for_burning():
    battery = SiteBattery(0.0, 50.0, 10.0, 10.0, 40.0, 30.0, 0.8, 1.0, 0.0)
    problem = depot(1, 2, prices={"buy_krw_per_kwh": [-20, 10]})
    plan = solved(replace(problem, site=replace(problem.site, battery=battery)))
    # it fills up to 42 kWh at -20; 32 of them come back in hour 1, of which 30 fit through, but nobody needs them
    assert plan.site_battery_kw[0] == pytest.approx(40)
    assert plan.objective_krw <= -800 + 1e-6
    small = replace(battery, max_kwh=10.0)
    still = solved(replace(problem, site=replace(problem.site, battery=small)))
    assert still.site_battery_kw[0] <= 1e-6


def test_wear_prefers_shallow_cycles():
    prices = {"buy_krw_per_kwh": [60, 99, 50, 99]}
    wear = Degradation(np.array([[50.0, 130.0]]), np.array([[10.0, 40.0]]), np.zeros(1), np.zeros(1))
    bus = buses(1, initial_kwh=150.0, terminal_min_kwh=20.0)
    problem = duty(duty(depot(1, 4, prices=prices, buses=bus), 0, 1, 2, 100.0), 0, 3, 4, 60.0)
    # Depth counts from 200 kWh. Charged early (30 kWh) the first trip draws 30 shallow and 70 deep, the second 60 deep;
    # charged late it draws 100 deep, then 30 shallow and 30 deep: 5500 of wear both, and the late hour is cheaper.
    plan = solved(replace(problem, degradation=wear))
    assert plan.charge_kw[0] == pytest.approx([0, 0, 30, 0])
    assert plan.cost.cycling_krw == pytest.approx(100 * 40 + 30 * 10 + 30 * 40)


def test_calendar_wear_delays_charging():
    wear = Degradation(np.array([[180.0]]), np.array([[0.0]]), np.array([0.5]), np.array([120.0]))
    plan = solved(duty(depot(1, 4, degradation=wear), 0, 3, 4, 150.0))
    assert plan.energy_kwh[0] == pytest.approx([100, plan.energy_kwh[0, 1], plan.energy_kwh[0, 2], 170, 20])
    assert plan.energy_kwh[0, 2] <= 120 + 1e-6
    assert plan.cost.calendar_krw == pytest.approx(0.5 * 50)


@pytest.mark.parametrize("lane", list(LaneRule))
def test_a_lane_lets_nobody_through(lane):
    # bus 0 comes first; in one lane of two places it must also leave first (or last)
    problem = duty(duty(depot(2, 5), 1, 0, 1, 0.0), 0, 4, 5, 150.0)
    problem = duty(problem, 1, 3, 5, 80.0)
    prices = replace(problem.prices, buy_krw_per_kwh=np.array([50.0, 90, 60, 50, 99]))
    outlet = charger(2, 40.0, lane=lane, can_pause=True)
    rules = replace(problem.rules, max_sessions_per_stay=1)
    problem = replace(problem, chargers=(outlet,), prices=prices, rules=rules, compatible=np.ones((2, 1), dtype=bool))
    initial = replace(problem.buses, initial_kwh=np.array([100.0, 70.0]))
    cost = solved(replace(problem, buses=initial)).objective_krw
    # bus 0 wants hours 0 and 3 at 50 (70 kWh), bus 1 hour 2 at 60 (30 kWh): first in, first out forbids both
    assert cost == pytest.approx(50 * 70 + 60 * 30) if lane is not LaneRule.FIRST_IN_FIRST_OUT else cost > 5300 + 1


def test_buses_that_stood_in_a_lane_already_keep_its_order():
    # both are in the lane, bus 0 came first: when bus 1 leaves for its duty at hour 1, bus 0 must make way
    under_way = UnderWay(np.array([0, 0]), np.array([3, 1]), np.array([1, 1]))
    prices = {"buy_krw_per_kwh": [90, 90, 50, 50, 99]}
    problem = depot(2, 5, prices=prices, rules={"start_krw": 10.0}, under_way=under_way, chargers=(charger(2, 40.0),))
    problem = duty(duty(problem, 0, 4, 5, 150.0), 1, 1, 5, 20.0)
    assert solved(problem).cost.starts_krw == 0
    in_lane = replace(problem.chargers[0], lane=LaneRule.FIRST_IN_FIRST_OUT)
    assert solved(replace(problem, chargers=(in_lane,))).cost.starts_krw == pytest.approx(10)


def test_what_is_under_way_goes_on():
    under_way = UnderWay(np.array([0, -1]), np.array([1, 0]), np.array([1, 0]))
    rules = {"min_plug_steps": 3, "max_sessions_per_stay": 1}
    problem = depot(2, 4, rules=rules, under_way=under_way, buses=buses(2, terminal_min_kwh=np.array([0.0, 150.0])))
    plan = solved(problem)
    assert plan.plugged_class[0, :2].tolist() == [0, 0]
    assert plan.cost.starts_krw == 0
    assert (plan.plugged_class[1, 2:] == 0).any()
    # the one session of the stay is used up: bus 0 cannot come back
    again = replace(problem, buses=buses(2, terminal_min_kwh=np.array([150.0, 0.0])))
    assert solved(again).plugged_class[0, 0] == 0


def test_counting_says_why_before_any_solver():
    answer = infeasible(duty(depot(1, 2, chargers=(charger(1, 40.0),)), 0, 1, 2, 150.0))
    assert answer.method == "counting"
    assert "bus 0 needs 170.0 kWh at step 1 and reaches 140.0 at most" in answer.reasons[0]
    assert "30.0 kWh short" in answer.reasons[0]


def test_a_stopped_solve_is_never_called_optimal():
    problem = random_depot(0, bus_count=12, step_count=48, charger_count=4)
    answer = solve_depot(problem, time_limit_s=1.0, gap=0.0, method=Method.COMPACT)
    assert isinstance(answer, DepotPlan)
    assert answer.status in (PlanStatus.FEASIBLE, PlanStatus.FALLBACK, PlanStatus.RELAXED)
    assert answer.lower_bound_krw <= answer.objective_krw
