"""Changing a garage's plan by hand: a session is shifted, given to other outlets or taken out, and priced at once.

Nothing is planned anew. The changed plan is replayed by `optimizers.replay`, which shares no code with the planners;
what it finds broken, and its bill, are compared with those of the plan before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from data.errors import InvalidInput, ProblemList
from optimizers.depot_cost import Schedule, plan_of
from optimizers.plan import DepotCost, DepotPlan, PlanStatus, Verdict
from optimizers.problem import NOT_PLUGGED, DepotProblem
from optimizers.replay import Session, replay, sessions_of
from twin.depot_departures import Departure, DepartureState, departures
from twin.depot_record import DepotRecord, GridPlace

BY_HAND = "changed by hand"
OVER_KW = 1e-3


@dataclass(frozen=True)
class Move:
    """A change of one session of a plan.

    Attributes
    ----------
    bus
        Name of the bus.
    start
        First step of the session as it stands before this move.
    shift
        Steps by which it begins later, or earlier when negative.
    charger
        Charger class it is given to; None keeps its own.
    drop
        Whether the session is taken out instead.
    """

    bus: str
    start: int
    shift: int = 0
    charger: str | None = None
    drop: bool = False


@dataclass(frozen=True, eq=False)
class MoveOutcome:
    """What some moves do.

    Attributes
    ----------
    plan
        The changed plan, with status `RELAXED` when it breaks a rule.
    cost_before, cost_after
        Bills of both plans, by the replay.
    broken, mended
        Sentences of the replay that only the changed plan, and only the plan before, gives rise to.
    overloads
        Feeders and banks above the garage that the change takes over their rating, with the worst step.
    departures
        Departures that now stand differently, most urgent first.
    """

    plan: DepotPlan
    cost_before: DepotCost
    cost_after: DepotCost
    broken: tuple[str, ...]
    mended: tuple[str, ...]
    overloads: tuple[Overload, ...]
    departures: tuple[Departure, ...]

    @property
    def extra_krw(self) -> float:
        """What the moves cost; negative when they save."""
        return self.cost_after.total_krw - self.cost_before.total_krw

    @property
    def keeps_rules(self) -> bool:
        """Whether the moves break nothing that the plan before kept."""
        return not self.broken and not self.overloads


@dataclass(frozen=True)
class Overload:
    """A feeder or bank that a change takes over its rating: worst step, power there, rating."""

    element: str
    step: int
    kw: float
    rating_kw: float


def moved(record: DepotRecord, moves: Sequence[Move]) -> MoveOutcome:
    """Return what some moves, made one after the other, do to a plan.

    The power of a session moves with it, cut to what its new outlet gives. The load of feeder and bank is the power
    flow of the city's plan plus what the garage draws more; losses are left out.

    Raises
    ------
    InvalidInput
        When a move names a bus, a session or a charger that is not there, leaves the day, or meets another session of
        the same bus.
    """
    problem, before = record.problem, record.plan
    schedule = moved_schedule(problem, before, moves)
    verdict = Verdict(PlanStatus.FEASIBLE, before.lower_bound_krw, before.bound_for, BY_HAND, 0.0)
    after = plan_of(problem, schedule, verdict)
    new, known = replay(problem, after), set(record.violations)
    if new.violations:
        after = replace(after, status=PlanStatus.RELAXED, relaxed=new.violations)
    touched = {b for b, name in enumerate(problem.buses.id) if name in {move.bus for move in moves}}
    stood = {(d.bus, d.leave): d for d in departures(problem, before, touched)}
    return MoveOutcome(
        plan=after,
        cost_before=record.replayed_krw,
        cost_after=new.cost,
        broken=tuple(sentence for sentence in new.violations if sentence not in known),
        mended=tuple(sentence for sentence in record.violations if sentence not in set(new.violations)),
        overloads=_overloads(record.above, after.grid_kw - before.grid_kw),
        departures=tuple(d for d in departures(problem, after, touched) if stood[d.bus, d.leave] != d),
    )


def moved_schedule(problem: DepotProblem, plan: DepotPlan, moves: Sequence[Move]) -> Schedule:
    """Return the decisions after some moves; see `moved`."""
    schedule = Schedule(
        plan.charge_kw.copy(), plan.discharge_kw.copy(), plan.plugged_class.copy(), plan.pv_kw, plan.site_battery_kw
    )
    for number, move in enumerate(moves, 1):
        _apply(problem, plan, schedule, move, f"move {number}")
    return schedule


def sessions_after(problem: DepotProblem, plan: DepotPlan, schedule: Schedule) -> tuple[Session, ...]:
    """Return the sessions of changed decisions."""
    return sessions_of(problem, replace(plan, plugged_class=schedule.plugged_class))


def _apply(problem: DepotProblem, plan: DepotPlan, schedule: Schedule, move: Move, name: str) -> None:
    problems = ProblemList()
    ids = problem.buses.id.tolist()
    classes = [charger.id for charger in problem.chargers]
    if move.bus not in ids:
        problems.add(name, f"there is no bus {move.bus}", "choose a bus of this garage", field="bus")
    if move.charger is not None and move.charger not in classes:
        fix = f"choose one of {', '.join(classes)}"
        problems.add(name, f"there is no charger class {move.charger}", fix, field="charger")
    problems.raise_if_any()
    b = ids.index(move.bus)
    sessions = [s for s in sessions_after(problem, plan, schedule) if s.bus == b]
    session = next((s for s in sessions if s.start == move.start), None)
    if session is None:
        known = ", ".join(str(s.start) for s in sessions) or "none"
        what = f"bus {move.bus} has no session that begins in step {move.start} (it has: {known})"
        problems.add(name, what, "choose a session of the plan", field="start")
        raise InvalidInput(problems)
    start, stop = session.start + move.shift, session.stop + move.shift
    if not move.drop:
        _check_place(problem, sessions, session, (start, stop), name, problems)
        problems.raise_if_any()
    old = slice(session.start, session.stop)
    charge, discharge = schedule.charge_kw[b, old].copy(), schedule.discharge_kw[b, old].copy()
    schedule.charge_kw[b, old] = schedule.discharge_kw[b, old] = 0.0
    schedule.plugged_class[b, old] = NOT_PLUGGED
    if move.drop:
        return
    c = session.charger_class if move.charger is None else classes.index(move.charger)
    new, outlet = slice(start, stop), problem.chargers[c]
    schedule.charge_kw[b, new] = np.minimum(charge, outlet.max_kw)
    schedule.discharge_kw[b, new] = np.minimum(discharge, outlet.max_discharge_kw)
    schedule.plugged_class[b, new] = c


def _check_place(
    problem: DepotProblem,
    sessions: Sequence[Session],
    session: Session,
    place: tuple[int, int],
    name: str,
    problems: ProblemList,
) -> None:
    start, stop = place
    if start < 0 or stop > problem.step_count:
        what = f"the session would lie outside the day (steps {start} to {stop} of {problem.step_count})"
        problems.add(name, what, "shift it less", field="shift")
    for other in sessions:
        if other is not session and other.start < stop and start < other.stop:
            what = f"the session would meet the one of the same bus from {problem.step_name(other.start)} on"
            problems.add(name, what, "shift it less, or move the other one first", field="shift")


def _overloads(
    above: Sequence[GridPlace], more_kw: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> tuple[Overload, ...]:
    """Return the places that were within their rating, or carried less, and are over it with the change."""
    found = []
    for place in above:
        kw = place.kw + more_kw
        over = (kw > place.rating_kw + OVER_KW) & (more_kw > OVER_KW)
        if over.any():
            step = int(np.where(over, kw, -np.inf).argmax())
            found.append(Overload(place.element, step, float(kw[step]), place.rating_kw))
    return tuple(found)


def late_list(found: Sequence[Departure]) -> tuple[Departure, ...]:
    """Return the departures that are short or tight."""
    return tuple(departure for departure in found if departure.state is not DepartureState.SAFE)
