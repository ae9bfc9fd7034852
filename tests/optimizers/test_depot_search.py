"""The search of a depot is led to the peak of the bound, goes on where it stopped, and a fleet uses that."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.depot_cases import DepotCase, make_depot
from optimizers.column_generation import unserved_krw
from optimizers.depot_decomposition import plan_depot
from optimizers.depot_decomposition_settings import DecompositionSettings
from optimizers.depot_progress import Progress
from optimizers.depot_schedule import drivable_lattice
from optimizers.fleet import FIRST_SEARCHES, FleetSettings, most_promising, plan_fleet
from optimizers.master_site import site_model
from optimizers.plan import DepotPlan, PlanStatus
from optimizers.pricing_lattice import Rounding, lattice
from optimizers.primal import SitePlan, search_room
from optimizers.primal_room import EXCESS_SHARE, empty_fleet, fleet_cost
from optimizers.replay import replay
from optimizers.solver import SolveLimits

SIZES = (4, 5)


def settings(gap: float = 1e-3, searches: int = 2, aim: float | None = None) -> DecompositionSettings:
    return DecompositionSettings(SolveLimits(60.0, gap), searches=searches, aim=aim)


@pytest.fixture(scope="module")
def problem():
    return make_depot(DepotCase(buses=8, chargers=2, seed=5))


def test_every_interval_above_the_target_counts_but_none_below(problem):
    site, grid = site_model(problem), lattice(problem, 1.0, Rounding.INWARD)
    duals, target_kw = np.zeros(site.matrix.shape[0]), problem.demand.sunk_kw + 50.0
    room = search_room(problem, site, SitePlan(duals, np.zeros(problem.step_count), target_kw), unserved_krw(problem))
    fleet = empty_fleet(grid, room)
    fleet.served[:] = True

    def demand_part(*peaks_kw: float) -> float:
        fleet.bus_kw[:] = 0.0
        fleet.bus_kw[: len(peaks_kw)] = np.array(peaks_kw) - room.other_kw[: len(peaks_kw)]
        net_kw = np.maximum(room.other_kw + fleet.bus_kw, 0.0)
        return fleet_cost(room, fleet) - float(net_kw @ (room.buy_krw * room.step_h))

    paid = room.demand_krw
    assert demand_part(target_kw, target_kw) == pytest.approx(paid * 50.0)
    assert demand_part(target_kw + 10, target_kw - 10) == pytest.approx(paid * (60.0 + EXCESS_SHARE * 10))
    assert demand_part(target_kw + 10, target_kw + 4) == pytest.approx(paid * (60.0 + EXCESS_SHARE * 14))


def test_only_a_bus_with_little_to_spare_gets_a_finer_lattice(problem):
    plain = lattice(problem, 1.0, Rounding.INWARD)
    assert (plain.low <= plain.high).all()
    away = int(np.flatnonzero(~problem.present[0]).min())
    least, battery = float(problem.buses.initial_kwh[0]), problem.buses
    need, top = problem.need_kwh.copy(), battery.max_kwh.copy()
    top[0] = least + 0.3
    need[0, away] = least + 0.2
    tight = replace(problem, need_kwh=need, buses=replace(battery, max_kwh=top))
    coarse = lattice(tight, 1.0, Rounding.INWARD)
    assert np.flatnonzero((coarse.low > coarse.high).any(axis=1)).tolist() == [0]
    fine = drivable_lattice(tight, 1.0)
    assert (fine.low <= fine.high).all()
    assert fine.spacing_kwh[0] < 0.5 * coarse.spacing_kwh[0]
    assert np.array_equal(fine.spacing_kwh[1:], coarse.spacing_kwh[1:])


def test_a_search_goes_on_where_it_stopped(problem):
    whole, parts = Progress(), Progress()
    at_once = plan_depot(problem, settings(searches=4, aim=1e-9), progress=whole)
    plan_depot(problem, settings(searches=2, aim=1e-9), progress=parts)
    parts = pickle.loads(pickle.dumps(parts))
    first_krw, first_s = parts.objective_krw, parts.wall_s
    in_parts = plan_depot(problem, settings(searches=2, aim=1e-9), progress=parts)
    assert isinstance(at_once, DepotPlan)
    assert isinstance(in_parts, DepotPlan)
    assert parts.rounds == whole.rounds == 4
    assert np.array_equal(at_once.charge_kw, in_parts.charge_kw)
    assert at_once.lower_bound_krw == in_parts.lower_bound_krw
    assert in_parts.objective_krw <= first_krw
    assert in_parts.wall_s > first_s


def test_optimal_is_judged_by_the_gap_of_the_limits_not_by_the_aim(problem):
    near = plan_depot(problem, settings(gap=1.0, searches=1, aim=1e-9))
    assert near.status is PlanStatus.OPTIMAL
    assert plan_depot(problem, settings(gap=1e-12, searches=1, aim=1.0)).status is PlanStatus.FEASIBLE


def test_a_fleet_searches_further_while_its_gap_is_open(monkeypatch):
    monkeypatch.setattr("optimizers.fleet.MOST_FRUITLESS", 1)
    problems = [make_depot(DepotCase(buses=size, chargers=2, seed=size)) for size in SIZES]
    limits = FleetSettings(600.0, 1e-4, workers=1)
    first = [plan_depot(problem, settings(1e-4, FIRST_SEARCHES)).objective_krw for problem in problems]
    alone = plan_fleet(problems, limits)
    assert all(replay(problem, plan).ok for problem, plan in zip(problems, alone.planned, strict=True))
    assert alone.objective_krw <= sum(first)
    both = plan_fleet(problems, replace(limits, workers=2))
    for one, other in zip(alone.planned, both.planned, strict=True):
        assert np.array_equal(one.charge_kw, other.charge_kw)
        assert one.lower_bound_krw == other.lower_bound_krw


def test_the_most_open_depots_are_searched_first_and_fruitless_ones_later(problem):
    plan = plan_depot(problem, settings(1.0, 1))
    assert isinstance(plan, DepotPlan)
    cost = plan.objective_krw
    open_krw = (10.0, 400.0, 30.0, 200.0, 100.0, 50.0, 60.0)
    plans = [replace(plan, lower_bound_krw=cost - won) for won in open_krw]
    progress = [Progress()] * len(plans)
    assert most_promising(plans, progress, [0] * 7, 0.0) == [1, 3, 4, 6]
    assert most_promising(plans, progress, [0, 2, 0, 0, 0, 0, 0], 0.0) == [3, 1, 4, 6]
    assert most_promising(plans, progress, [0, 9, 0, 9, 9, 0, 0], 0.0) == [6, 5, 2, 0]
    assert most_promising(plans, progress, [0] * 7, 90.0 / cost) == [1, 3, 4]
    assert most_promising(plans, [None] * 7, [0] * 7, 0.0) == []
