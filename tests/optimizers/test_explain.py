"""What binds, what more is worth and what a bus waits for, in days small enough to see it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optimizers.depot import Method, solve_depot
from optimizers.explain import (
    Binding,
    Limit,
    WaitsFor,
    binding_limits,
    waits,
    with_larger_connection,
    with_more_outlets,
    worth_of,
)
from optimizers.problem import DemandCharge
from tests.optimizers.depot_builders import buses, charger, depot, duty


def solve(problem):
    return solve_depot(problem, time_limit_s=20, gap=1e-6, method=Method.COMPACT)


def two_buses(**fields):
    """Two buses need 60 kWh each from one outlet of 60 kW; hour 0 costs 50, hour 1 costs 90, then 99."""
    fields = {"chargers": (charger(1, 60.0),), "prices": {"buy_krw_per_kwh": [50, 90, 99, 99]}, **fields}
    return duty(duty(depot(2, 4, **fields), 0, 3, 4, 140.0), 1, 3, 4, 140.0)


def test_taken_outlets_and_exact_departures_bind():
    problem = two_buses()
    found = binding_limits(problem, solve(problem))
    assert Binding(Limit.OUTLETS, "slow", 0, 2) in found
    assert {b.what for b in found if b.limit is Limit.DEPARTURE} == {"bus 0", "bus 1"}
    assert not any(b.limit is Limit.CONNECTION for b in found)


def test_an_outlet_in_handover_is_taken():
    problem = two_buses(rules={"handover_steps": 1})
    plan = solve(problem)
    taken = [b for b in binding_limits(problem, plan) if b.limit is Limit.OUTLETS]
    assert [(b.start, b.stop) for b in taken] == [(0, 4)]  # plugged in 0 and 2, handed over in 1 and 3


def test_the_connection_and_the_billing_demand_bind():
    problem = two_buses(chargers=(charger(2, 60.0),), site={"import_limit_kw": np.array([70.0, 60, 60, 60])})
    assert Binding(Limit.CONNECTION, "site", 0, 1) in binding_limits(problem, solve(problem))
    demand = DemandCharge(9000.0, 0.1, 10.0, 0.0, 0.0, np.array([0, 1, 2, 3]))
    priced = two_buses(demand=demand)
    plan = solve(priced)
    bound = [b for b in binding_limits(priced, plan) if b.limit is Limit.BILLING_DEMAND]
    assert [(b.start, b.stop) for b in bound] == [(0, 2)]  # each bus fills one hour of the one outlet
    paid = replace(priced, demand=replace(demand, ratchet_kw=500.0))
    assert not [b for b in binding_limits(paid, solve(paid)) if b.limit is Limit.BILLING_DEMAND]


def test_one_more_outlet_is_worth_the_cheap_hour():
    problem = two_buses()
    plan = solve(problem)
    worth = worth_of(problem, plan, with_more_outlets(problem, 0), solve)
    assert worth.saved_krw == pytest.approx(60 * 40)
    assert worth.at_least_krw <= worth.saved_krw + 1e-3 <= worth.at_most_krw + 2e-3
    assert worth_of(problem, plan, with_larger_connection(problem), solve).saved_krw == pytest.approx(0)


def test_a_larger_connection_is_worth_what_it_moves():
    problem = two_buses(chargers=(charger(2, 60.0),), site={"import_limit_kw": np.full(4, 70.0)})
    worth = worth_of(problem, solve(problem), with_larger_connection(problem, 30.0), solve)
    assert worth.saved_krw == pytest.approx(30 * 40)


def test_no_plan_has_no_worth():
    problem = two_buses()
    none = with_more_outlets(problem, 0, -1)
    assert worth_of(problem, solve(problem), none, solve) is None


def reason(problem, bus):
    found = [wait for wait in waits(problem, solve(problem)) if wait.bus == bus]
    assert len(found) == 1
    return found[0].waits_for


def test_a_bus_waits_for_what_stands_in_its_way():
    plan = solve(two_buses())
    late = int(plan.charge_kw[1, 0] == 0)
    assert reason(two_buses(), late) is WaitsFor.OUTLET
    one = {"chargers": (charger(1, 60.0),), "buses": buses(1)}
    cheap_late = duty(depot(1, 4, prices={"buy_krw_per_kwh": [90, 50, 99, 99]}, **one), 0, 3, 4, 140.0)
    assert reason(cheap_late, 0) is WaitsFor.PRICE
    staff = {"plug_allowed": np.array([False, True, True, True])}
    prices = {"buy_krw_per_kwh": [50, 90, 99, 99]}
    assert reason(duty(depot(1, 4, prices=prices, rules=staff, **one), 0, 3, 4, 140.0), 0) is WaitsFor.STAFF
    site = {"base_kw": np.array([60.0, 0, 0, 0]), "import_limit_kw": np.full(4, 60.0)}
    assert reason(duty(depot(1, 4, prices=prices, site=site, **one), 0, 3, 4, 140.0), 0) is WaitsFor.POWER
    assert reason(depot(1, 4, **one), 0) is WaitsFor.NEVER
    steady = replace(cheap_late, prices=replace(cheap_late.prices, buy_krw_per_kwh=np.full(4, 50.0)))
    plan = solve(steady)
    shifted = replace(plan, charge_kw=np.array([[0.0, 60, 0, 0]]), plugged_class=np.array([[-1, 0, -1, -1]]))
    assert waits(steady, shifted)[0].waits_for is WaitsFor.NOTHING
