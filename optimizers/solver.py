"""Pyomo models on HiGHS: compiled to arrays, solved in a thread of their own, watched from outside.

Pyomo's own HiGHS interfaces deadlock with two threads in one process (they capture the process's output) and one of
them ignores its time limit. Here Pyomo only compiles the model; `highspy` is called directly, which is safe in threads.
A watchdog outside the solver looks at the clock and the memory and asks HiGHS to stop; what it has found is kept.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

import highspy
import numpy as np
import pyomo.environ as pyo
from numpy.typing import NDArray
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

WATCH_EVERY_S = 0.02
ASK_AFTER_S = 0.5
"""How far HiGHS may run past its own time limit before the watchdog asks it to stop."""
GRACE_S = 10.0
"""How long HiGHS may go on after it was asked to stop, before the watchdog gives it up."""


class SolveStatus(Enum):
    """How a solve ended."""

    OPTIMAL = "optimal"
    """Within the gap that was asked for."""
    STOPPED = "stopped"
    """Stopped early with a solution."""
    EMPTY_HANDED = "empty-handed"
    """Stopped early without a solution."""
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    FAILED = "failed"


def never() -> bool:
    """Return that nobody asks for the end."""
    return False


@dataclass(frozen=True)
class SolveLimits:
    """What a solve may cost (wall time, threads, memory of the whole process), and the relative gap that ends it.

    `cancel` is asked now and then; True ends the solve with the best so far.
    """

    time_limit_s: float
    gap: float = 1e-4
    threads: int = 1
    memory_limit_gb: float = float("inf")
    cancel: Callable[[], bool] = never


@dataclass(frozen=True)
class Solved:
    """How a solve ended. With `OPTIMAL` and `STOPPED` the values are in the model's variables.

    Attributes
    ----------
    objective, bound
        Of the solution (nan for none), and the proved lower bound (-inf for none).
    message
        What HiGHS or the watchdog said.
    """

    status: SolveStatus
    objective: float
    bound: float
    wall_s: float
    message: str


def solver_version() -> str:
    """Return name and version of the solver."""
    return f"HiGHS {highspy.Highs().version()}"


def solve_model(model: pyo.ConcreteModel, limits: SolveLimits, *, warm_start: bool = False) -> Solved:
    """Minimise a linear model with integers; values are loaded into its variables when there is a solution.

    Parameters
    ----------
    model
        With one active objective, which is minimised.
    limits
        Running into one of them gives `STOPPED` or `EMPTY_HANDED`, never `OPTIMAL`. So does a keyboard interrupt.
    warm_start
        Whether the values now in the variables are (a part of) a solution to start from; those of variables without
        a value are found by the solver.
    """
    begin = time.perf_counter()
    compiled = LinearStandardFormCompiler().write(model, mixed_form=True)
    highs: Any = highspy.Highs()
    highs.silent()
    highs.setOptionValue("threads", limits.threads)
    highs.setOptionValue("mip_rel_gap", limits.gap)
    highs.passModel(_highs_lp(compiled))
    if warm_start:
        known = [(i, float(var.value)) for i, var in enumerate(compiled.columns) if var.value is not None]
        if known:
            highs.setSolution(len(known), *(np.array(part) for part in zip(*known, strict=True)))
    left_s = limits.time_limit_s - (time.perf_counter() - begin)
    highs.setOptionValue("time_limit", max(left_s, 0.0))
    message = _run_watched(highs, replace(limits, time_limit_s=max(left_s, 0.0)))
    return _outcome(highs, compiled.columns, message, time.perf_counter() - begin)


class _Watch:
    """Lets one thread ask a running HiGHS to stop."""

    def __init__(self, highs: Any) -> None:
        self.stop = False
        highs.cbSimplexInterrupt.subscribe(self.pass_on)
        highs.cbIpmInterrupt.subscribe(self.pass_on)
        highs.cbMipInterrupt.subscribe(self.pass_on)

    def pass_on(self, event: Any) -> None:
        if self.stop:
            event.interrupt()


def _run_watched(highs: Any, limits: SolveLimits) -> str:
    """Run HiGHS in a thread; return why it was stopped, or "" when it ended by itself."""
    watch, reason, done = _Watch(highs), "", threading.Event()

    def run() -> None:
        try:
            highs.run()
        finally:
            done.set()

    # An event tells the end: a thread whose join was interrupted passes for dead while it runs (CPython 3.11).
    threading.Thread(target=run, name="HiGHS", daemon=True).start()
    deadline = time.monotonic() + limits.time_limit_s + ASK_AFTER_S
    while not done.is_set():
        try:
            done.wait(WATCH_EVERY_S)
            if watch.stop and time.monotonic() > deadline + GRACE_S:
                return f"{reason}; HiGHS did not stop when asked to"
            if not watch.stop and time.monotonic() > deadline:
                watch.stop, reason = True, "time limit"
            elif not watch.stop and _resident_gb() > limits.memory_limit_gb:
                watch.stop, reason, deadline = True, "memory limit", time.monotonic()
            elif not watch.stop and limits.cancel():
                watch.stop, reason, deadline = True, "cancelled", time.monotonic()
        except KeyboardInterrupt:
            watch.stop, reason, deadline = True, "interrupted", time.monotonic()
    return reason


def _resident_gb() -> float:
    """Return the memory this process holds; 0 where the system does not tell."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return 0.0
    return int(statm.read_text().split()[1]) * 4096 / 1e9


def _outcome(highs: Any, columns: list[Any], message: str, wall_s: float) -> Solved:
    status, kinds = highs.getModelStatus(), highspy.HighsModelStatus
    if message.endswith("did not stop when asked to"):
        return Solved(SolveStatus.FAILED, float("nan"), -float("inf"), wall_s, message)
    said = message or highs.modelStatusToString(status)
    info = highs.getInfo()
    mip = any(not var.is_continuous() for var in columns)
    optimal = status == kinds.kOptimal
    if status in (kinds.kInfeasible, kinds.kUnbounded, kinds.kUnboundedOrInfeasible):
        ended = SolveStatus.UNBOUNDED if status == kinds.kUnbounded else SolveStatus.INFEASIBLE
        return Solved(ended, float("nan"), -float("inf"), wall_s, said)
    bound = float(info.mip_dual_bound) if mip and info.valid else -float("inf")
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        stopped = bool(message) or status in (kinds.kTimeLimit, kinds.kInterrupt, kinds.kSolutionLimit)
        ended = SolveStatus.EMPTY_HANDED if stopped else SolveStatus.FAILED
        return Solved(ended, float("nan"), bound, wall_s, said)
    for var, value in zip(columns, highs.getSolution().col_value, strict=True):
        var.set_value(value if var.is_continuous() else round(value), skip_validation=True)
    objective = float(info.objective_function_value)
    if optimal and not mip:
        bound = objective
    return Solved(SolveStatus.OPTIMAL if optimal else SolveStatus.STOPPED, objective, bound, wall_s, said)


def _highs_lp(compiled: Any) -> Any:
    matrix = compiled.A.tocsc()
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.col_cost_ = np.asarray(compiled.c.todense(), dtype=float).ravel()
    lp.offset_ = float(compiled.c_offset[0])
    bounds = [var.bounds for var in compiled.columns]
    lp.col_lower_ = np.array([-highspy.kHighsInf if low is None else low for low, _ in bounds], dtype=float)
    lp.col_upper_ = np.array([highspy.kHighsInf if high is None else high for _, high in bounds], dtype=float)
    lp.row_lower_, lp.row_upper_ = _row_bounds(compiled)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    kinds = (highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous)
    lp.integrality_ = [kinds[int(var.is_continuous())] for var in compiled.columns]
    return lp


def _row_bounds(compiled: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return lower and upper row bounds; in mixed form a row is ``<=`` (1), ``>=`` (-1) or ``==`` (0)."""
    sense = np.array([row.bound_type for row in compiled.rows], dtype=int)
    rhs = np.asarray(compiled.rhs, dtype=float)
    lower = np.where(sense <= 0, rhs, -highspy.kHighsInf)
    upper = np.where(sense >= 0, rhs, highspy.kHighsInf)
    return lower, upper
