"""Planning a garage anew around sessions that somebody has fixed by hand, and what that costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from data.errors import ProblemList
from optimizers.depot import solve_depot
from optimizers.explain import binding_limits, waits
from optimizers.plan import NoPlan
from optimizers.problem import DepotProblem
from optimizers.replay import replay
from optimizers.solver import SolveLimits
from twin.depot_record import DepotRecord


@dataclass(frozen=True)
class Lock:
    """A bus may charge in one window of its stay only: steps ``start <= t < stop``, at one charger class if named."""

    bus: str
    start: int
    stop: int
    charger: str | None = None


def locked(problem: DepotProblem, locks: Sequence[Lock]) -> DepotProblem:
    """Return a problem in which some buses charge in their windows alone.

    The rest of each stay in which a window lies is closed to the bus: it counts as absent there, and what it loses
    standing is drawn as if by a trip. Needs and times of departure stay as they are.

    Raises
    ------
    InvalidInput
        When a lock names a bus or charger that is not there, or a window in which the bus does not stand in the garage.
    """
    present, trip_kwh, compatible = problem.present.copy(), problem.trip_kwh.copy(), problem.compatible.copy()
    ids, classes = problem.buses.id.tolist(), [charger.id for charger in problem.chargers]
    problems = ProblemList()
    for number, lock in enumerate(locks, 1):
        name = f"lock {number}"
        if lock.bus not in ids:
            problems.add(name, f"there is no bus {lock.bus}", "choose a bus of this garage", field="bus")
            continue
        if lock.charger is not None and lock.charger not in classes:
            fix = f"choose one of {', '.join(classes)}"
            problems.add(name, f"there is no charger class {lock.charger}", fix, field="charger")
            continue
        b = ids.index(lock.bus)
        inside = 0 <= lock.start < lock.stop <= problem.step_count
        if not inside or not problem.present[b, lock.start : lock.stop].all():
            what = f"bus {lock.bus} does not stand in the garage in all of steps {lock.start} to {lock.stop}"
            problems.add(name, what, "choose a window inside one stay", field="start")
            continue
        first, last = _stay_around(problem, b, lock)
        held = _windows_of(locks, lock.bus)
        for t in range(first, last):
            if present[b, t] and not any(start <= t < stop for start, stop in held):
                present[b, t] = False
                trip_kwh[b, t] += float(problem.step_h[t] * problem.buses.standing_loss_kw[b])
        if lock.charger is not None:
            compatible[b] &= [name == lock.charger for name in classes]
    problems.raise_if_any()
    return replace(problem, present=present, trip_kwh=trip_kwh, compatible=compatible)


def planned_around(record: DepotRecord, locks: Sequence[Lock], limits: SolveLimits) -> DepotRecord | NoPlan:
    """Return the record with the cheapest plan that keeps some locks, or why there is none.

    The problem of the record stays the unlocked one, so that pages show the real stays; the bound is the locked
    problem's and says so.
    """
    problem = locked(record.problem, locks)
    plan = solve_depot(problem, time_limit_s=limits.time_limit_s, gap=limits.gap, threads=limits.threads)
    if isinstance(plan, NoPlan):
        return plan
    bound_for = f"{plan.bound_for}, with {len(locks)} sessions fixed by hand"
    plan = replace(plan, bound_for=bound_for)
    report = replay(record.problem, plan)
    return replace(
        record,
        plan=plan,
        fallback="",
        replayed_krw=report.cost,
        violations=report.violations,
        bindings=binding_limits(problem, plan),
        waits=waits(problem, plan),
    )


def _stay_around(problem: DepotProblem, bus: int, lock: Lock) -> tuple[int, int]:
    first, last = lock.start, lock.stop
    while first > 0 and problem.present[bus, first - 1]:
        first -= 1
    while last < problem.step_count and problem.present[bus, last]:
        last += 1
    return first, last


def _windows_of(locks: Sequence[Lock], bus: str) -> list[tuple[int, int]]:
    return [(lock.start, lock.stop) for lock in locks if lock.bus == bus]
