"""A fleet is planned the same way by one process, by many, and by Dask; a worker that dies loses only its task."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from distributed import Client, LocalCluster

from benchmarks.depot_cases import DepotCase, make_depot
from data.errors import InvalidInput
from optimizers.fleet import FleetPlan, FleetProgress, FleetSettings, plan_fleet
from optimizers.fleet_workers import Lost, run_tasks
from optimizers.plan import PlanStatus
from optimizers.replay import replay
from tests.optimizers.depot_builders import depot

SIZES = (5, 8, 6)


@pytest.fixture(scope="module")
def problems():
    return [make_depot(DepotCase(buses=size, chargers=3, seed=size)) for size in SIZES]


@pytest.fixture(scope="module")
def alone(problems) -> FleetPlan:
    return plan_fleet(problems, FleetSettings(600.0, workers=1))


def assert_same(one: FleetPlan, other: FleetPlan) -> None:
    assert [plan.problem_id for plan in one.plans] == [plan.problem_id for plan in other.plans]
    for a, b in zip(one.planned, other.planned, strict=True):
        assert np.array_equal(a.charge_kw, b.charge_kw)
        assert np.array_equal(a.plugged_class, b.plugged_class)
        assert a.lower_bound_krw == b.lower_bound_krw


def test_all_depots_are_planned_in_order(problems, alone):
    assert [plan.problem_id for plan in alone.plans] == [problem.id for problem in problems]
    assert not alone.missing
    assert all(replay(problem, plan).ok for problem, plan in zip(problems, alone.planned, strict=True))
    assert alone.objective_krw == pytest.approx(sum(plan.objective_krw for plan in alone.planned))
    assert 0.0 <= alone.gap <= 1e-3


def test_many_processes_give_the_same_plans_and_report_progress(problems, alone):
    seen: list[FleetProgress] = []
    assert_same(alone, plan_fleet(problems, FleetSettings(600.0, workers=2), seen.append))
    assert [report.done for report in seen] == [1, 2, 3]
    assert {report.depot_id for report in seen} == {problem.id for problem in problems}


def test_dask_gives_the_same_plans(problems, alone):
    options = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": None}
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        assert_same(alone, plan_fleet(problems, FleetSettings(600.0, scheduler=client)))
        assert_same(alone, plan_fleet(problems, FleetSettings(600.0, scheduler=cluster.scheduler_address)))


def test_cancelled_before_it_starts(problems):
    fleet = plan_fleet(problems, FleetSettings(600.0, workers=1, cancel=lambda: True))
    assert [plan.status for plan in fleet.missing] == [PlanStatus.FAILED] * 3
    assert fleet.gap == float("inf")


def test_bad_input_is_refused_before_anything_is_planned(problems):
    wrong = depot(prices={"buy_krw_per_kwh": np.full(4, np.nan)})
    with pytest.raises(InvalidInput):
        plan_fleet([*problems, wrong], FleetSettings(600.0, workers=1))


def doubled_or_dead(task: tuple[int, str], _cancelled: object) -> int:
    """Double a number; die at -1 always, at -2 only the first time."""
    number, marker = task
    if number == -1:
        os.kill(os.getpid(), signal.SIGKILL)
    if number == -2 and not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * number


def failing(_task: object, _cancelled: object) -> None:
    raise ValueError("as a bug would")


def test_a_killed_worker_loses_only_its_task(tmp_path):
    tasks = [(number, str(tmp_path / "died")) for number in (1, -2, 3, -1, 5)]
    results = dict(run_tasks(doubled_or_dead, tasks, 2, lambda: False))
    assert results == {0: 2, 1: -4, 2: 6, 3: Lost(2), 4: 10}


def test_an_error_in_a_worker_is_raised_here():
    with pytest.raises(ValueError, match="as a bug would"):
        list(run_tasks(failing, [1], 1, lambda: False))
