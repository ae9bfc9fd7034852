"""What the buses of a depot lack under any plan: the replay's own count, also of a plan that keeps not every rule."""

from __future__ import annotations

from optimizers.plan import DepotPlan
from optimizers.problem import DepotProblem
from optimizers.replay import TOLERANCE_KW


def missing_kwh(problem: DepotProblem, plan: DepotPlan) -> float:
    """Return the least energy the buses would have to be given, all together, to keep every need of the day.

    Each battery is followed step by step; whenever it is below its need it is filled up to that, and what was filled in
    is counted. Nothing is taken from what the plan says about stored energy.
    """
    buses, missing = problem.buses, 0.0
    for b in range(problem.bus_count):
        energy = float(buses.initial_kwh[b])
        for t in range(problem.step_count + 1):
            needed = float(buses.terminal_min_kwh[b] if t == problem.step_count else problem.need_kwh[b, t])
            short = max(needed, float(buses.min_kwh[b])) - energy
            if short > TOLERANCE_KW:
                missing, energy = missing + short, energy + short
            if t == problem.step_count:
                break
            hours = float(problem.step_h[t])
            energy += hours * buses.charge_efficiency[b] * plan.charge_kw[b, t]
            energy -= hours * plan.discharge_kw[b, t] / buses.discharge_efficiency[b]
            energy -= hours * buses.standing_loss_kw[b] if problem.present[b, t] else 0.0
            energy -= problem.trip_kwh[b, t]
    return missing
