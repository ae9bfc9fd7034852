"""The solver wrapper: right answers, honest endings, and no deadlock between threads."""

from __future__ import annotations

import _thread
import threading
import time

import numpy as np
import pyomo.environ as pyo
import pytest

from optimizers import solver
from optimizers.solver import SolveLimits, SolveStatus, solve_model, solver_version

LIMITS = SolveLimits(20.0, 1e-6)


def knapsack(count: int, seed: int = 0) -> pyo.ConcreteModel:
    rng = np.random.default_rng(seed)
    weight, worth = rng.integers(10, 99, count), rng.integers(10, 99, count)
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(count), domain=pyo.Binary)
    m.room = pyo.Constraint(expr=sum(int(weight[i]) * m.x[i] for i in range(count)) <= int(weight.sum() // 3))
    m.cost = pyo.Objective(expr=7 - sum(int(worth[i]) * m.x[i] for i in range(count)))
    return m


def hard() -> pyo.ConcreteModel:
    """Many knapsacks at once: solutions are found at once, the proof takes very long."""
    rng = np.random.default_rng(0)
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(400), domain=pyo.Binary)
    weight, worth = rng.integers(10, 99, (30, 400)), rng.integers(10, 99, 400)
    m.rooms = pyo.ConstraintList()
    for row in weight:
        m.rooms.add(sum(int(w) * m.x[i] for i, w in enumerate(row)) <= int(row.sum() // 3))
    m.cost = pyo.Objective(expr=-sum(int(w) * m.x[i] for i, w in enumerate(worth)))
    return m


def test_every_kind_of_row_bound_and_constant_is_handed_over():
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(-5, None))
    m.y = pyo.Var(bounds=(None, 4))
    m.n = pyo.Var(domain=pyo.Integers, bounds=(0, 9))
    m.low = pyo.Constraint(expr=m.x + m.y >= -2)
    m.high = pyo.Constraint(expr=m.n - m.y <= 0.5)
    m.equal = pyo.Constraint(expr=m.x == 2 * m.n - 3)
    m.cost = pyo.Objective(expr=m.x + 3 * m.y + 10)
    solved = solve_model(m, LIMITS)
    # y >= -2 - x and y >= n - 0.5; x = 2n - 3: n = 0 gives x = -3, y = 1 and 10; n = 1 gives x = -1, y = 0.5 and 10.5
    assert solved.status is SolveStatus.OPTIMAL
    assert (m.x.value, m.y.value, m.n.value) == pytest.approx((-3, 1, 0), abs=1e-5)
    assert solved.objective == pytest.approx(10, abs=1e-5)
    assert solved.bound == pytest.approx(10, abs=1e-5)


def test_infeasible_and_unbounded_are_told():
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.row = pyo.Constraint(expr=m.x >= 2)
    m.cost = pyo.Objective(expr=m.x)
    assert solve_model(m, LIMITS).status is SolveStatus.INFEASIBLE
    n = pyo.ConcreteModel()
    n.x = pyo.Var()
    n.y = pyo.Var(bounds=(0, 1))
    n.row = pyo.Constraint(expr=n.x + n.y <= 2)
    n.cost = pyo.Objective(expr=n.x)
    assert solve_model(n, LIMITS).status in (SolveStatus.UNBOUNDED, SolveStatus.INFEASIBLE)


def test_a_time_limit_keeps_what_was_found_and_its_bound():
    m = hard()
    solved = solve_model(m, SolveLimits(2.0, 0.0))
    assert solved.status is SolveStatus.STOPPED
    assert solved.bound < solved.objective
    assert pyo.value(m.cost) == pytest.approx(solved.objective, rel=1e-6)


def test_no_time_is_no_solution_and_not_an_error():
    solved = solve_model(hard(), SolveLimits(0.0))
    assert solved.status is SolveStatus.EMPTY_HANDED
    assert np.isnan(solved.objective)


def test_a_memory_limit_stops_the_solve():
    solved = solve_model(hard(), SolveLimits(60.0, 0.0, memory_limit_gb=1e-3))
    assert solved.status in (SolveStatus.STOPPED, SolveStatus.EMPTY_HANDED)
    assert solved.message == "memory limit"


def test_the_watchdog_stops_a_solver_that_overruns(monkeypatch):
    monkeypatch.setattr(solver, "ASK_AFTER_S", -1.5)  # asks to stop before the limit HiGHS itself knows
    solved = solve_model(hard(), SolveLimits(3.0, 0.0))
    assert solved.message == "time limit"
    assert solved.status in (SolveStatus.STOPPED, SolveStatus.EMPTY_HANDED)


def test_the_watchdog_gives_up_a_solver_that_does_not_stop(monkeypatch):
    monkeypatch.setattr(solver, "ASK_AFTER_S", -2.0)
    monkeypatch.setattr(solver, "GRACE_S", 0.1)
    monkeypatch.setattr(solver._Watch, "pass_on", lambda self, event: None)
    solved = solve_model(hard(), SolveLimits(3.0, 0.0))
    assert solved.status is SolveStatus.FAILED
    assert solved.message == "time limit; HiGHS did not stop when asked to"
    time.sleep(3.0)  # HiGHS ends by its own limit; its thread must not outlive the test


def test_an_interrupt_keeps_what_was_found():
    knapsack_solved = solve_model(knapsack(10), LIMITS)  # everything is imported before the clock runs
    assert knapsack_solved.status is SolveStatus.OPTIMAL
    timer = threading.Timer(2.0, _thread.interrupt_main)
    model = hard()
    timer.start()
    solved = solve_model(model, SolveLimits(60.0, 0.0))
    timer.join()
    assert solved.message == "interrupted"
    assert solved.status is SolveStatus.STOPPED


def test_two_threads_do_not_deadlock():
    models = [knapsack(40, seed) for seed in range(6)]
    answers: list[SolveStatus] = []

    def work(part):
        answers.extend(solve_model(model, LIMITS).status for model in part)

    threads = [threading.Thread(target=work, args=(models[start::2],)) for start in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == [SolveStatus.OPTIMAL] * 6


def test_a_warm_start_is_kept_when_there_is_no_time():
    m = knapsack(60)
    for i in m.x:
        m.x[i].set_value(0)
    m.x[0].set_value(1)
    solved = solve_model(m, SolveLimits(1e-3, 0.0), warm_start=True)
    assert solved.status in (SolveStatus.STOPPED, SolveStatus.OPTIMAL)
    assert solved.objective <= 7


def test_the_version_names_the_solver():
    assert solver_version().startswith("HiGHS 1.")
