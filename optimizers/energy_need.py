"""What each bus must have and must charge at least, whatever the plan: bounds that hold for all of them."""

from __future__ import annotations

import numpy as np

from optimizers.problem import DepotProblem, Floats


def must_charge_kwh(problem: DepotProblem, start: int, reach_kwh: Floats) -> Floats:
    """Return the (B, T+1) energy each bus must store between `start` and each later step, at least."""
    spent = np.concatenate([np.zeros((problem.bus_count, 1)), np.cumsum(_drawn_kwh(problem), axis=1)], axis=1)
    missing = needed_kwh(problem) + spent - spent[:, [start]] - reach_kwh[:, [start]]
    missing[:, : start + 1] = 0.0
    return np.maximum.accumulate(np.maximum(missing, 0.0), axis=1)


def needed_kwh(problem: DepotProblem) -> Floats:
    """Return the (B, T+1) least energy at the start of each step and at the end; before a duty, with all it takes."""
    needed = np.column_stack([problem.need_kwh, problem.buses.terminal_min_kwh])
    needed = np.maximum(needed, problem.buses.min_kwh[:, None])
    for t in range(problem.step_count - 1, -1, -1):
        for_duty = np.where(problem.present[:, t], 0.0, needed[:, t + 1] + problem.trip_kwh[:, t])
        needed[:, t] = np.maximum(needed[:, t], for_duty)
    return needed


def _drawn_kwh(problem: DepotProblem) -> Floats:
    """Return the (B, T) energy that leaves the cells whatever is decided."""
    return problem.trip_kwh + problem.step_h * problem.buses.standing_loss_kw[:, None] * problem.present


def _gain_kwh(problem: DepotProblem, power_kw: Floats) -> Floats:
    """Return the (B, T) most energy that can be stored in a step."""
    return problem.step_h * (power_kw * problem.buses.charge_efficiency)[:, None] * problem.present


def reach_kwh_of(problem: DepotProblem, power_kw: Floats) -> Floats:
    """Return the (B, T+1) highest energy of each bus with an outlet of its own."""
    drawn, gain = _drawn_kwh(problem), _gain_kwh(problem, power_kw)
    reach = np.empty((problem.bus_count, problem.step_count + 1))
    reach[:, 0] = problem.buses.initial_kwh
    for t in range(problem.step_count):
        reach[:, t + 1] = np.minimum(reach[:, t] + gain[:, t] - drawn[:, t], problem.buses.max_kwh)
    return reach
