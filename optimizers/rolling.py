"""Re-planning during the day: the rest of it as a problem of its own, from what is known now.

Sessions under way keep their age, the month's peak its height, warranties what is left of them. `optimizers.depot`
plans the rest like any other day.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from optimizers.depot_cost import interval_peak_kw
from optimizers.plan import DepotPlan
from optimizers.problem import (
    NOT_METERED,
    NOT_PLUGGED,
    Buses,
    DemandCharge,
    DepotProblem,
    Floats,
    Ints,
    SitePower,
    UnderWay,
    stays,
)


@dataclass(frozen=True)
class Delay:
    """The bus comes back from the duty it is on, or from its next one, `steps` later and with `extra_kwh` less."""

    bus: int
    steps: int
    extra_kwh: float = 0.0


@dataclass(frozen=True, eq=False)
class Present:
    """What is known at the start of a step: (B,) stored energy and the charger class each bus is plugged to."""

    energy_kwh: Floats
    plugged_class: Ints


def rest_of_day(
    problem: DepotProblem, plan: DepotPlan, step: int, *, present: Present | None = None, delays: tuple[Delay, ...] = ()
) -> DepotProblem:
    """Return the problem from a step on.

    Parameters
    ----------
    problem, plan
        The day and the plan it was run by so far.
    step
        First step of the rest; at least 1.
    present
        What was measured; without it, what the plan says.
    delays
        Buses that are late.

    Returns
    -------
    DepotProblem
        With `under_way` filled. A metering interval that is cut by `step` counts with its remaining steps, a handover
        that is cut is over, and wear by depth starts anew from the present energy.
    """
    late = _delayed(problem, step, delays)
    now = present or Present(plan.energy_kwh[:, step], plan.plugged_class[:, step - 1])
    fed_kwh = (plan.discharge_kw * problem.step_h)[:, :step].sum(axis=1)
    buses: Buses = replace(
        problem.buses,
        initial_kwh=now.energy_kwh,
        discharge_limit_kwh=np.maximum(problem.buses.discharge_limit_kwh - fed_kwh, 0.0),
    )
    prices = {column.name: getattr(problem.prices, column.name)[step:] for column in fields(problem.prices)}
    return replace(
        late,
        step_h=problem.step_h[step:],
        buses=buses,
        present=late.present[:, step:],
        trip_kwh=late.trip_kwh[:, step:],
        need_kwh=_needs_ahead(late, step),
        rules=replace(problem.rules, plug_allowed=problem.rules.plug_allowed[step:]),
        prices=replace(problem.prices, **prices),
        site=_site(problem, plan, step),
        demand=_demand(problem, plan, step),
        under_way=_under_way(problem, plan, step, now.plugged_class),
        labels=problem.labels[step:],
    )


def _delayed(problem: DepotProblem, step: int, delays: tuple[Delay, ...]) -> DepotProblem:
    present, trip_kwh = problem.present.copy(), problem.trip_kwh.copy()
    for delay in delays:
        duty = next((away for away in stays(~present) if away.bus == delay.bus and away.stop > step), None)
        if duty is None or duty.stop == problem.step_count:
            continue  # it does not come back in this horizon anyway
        late = slice(duty.stop, min(duty.stop + delay.steps, problem.step_count))
        present[delay.bus, late] = False
        trip_kwh[delay.bus, duty.stop - 1 if delay.steps == 0 else duty.stop] += delay.extra_kwh
    return replace(problem, present=present, trip_kwh=trip_kwh)


def _needs_ahead(problem: DepotProblem, step: int) -> Floats:
    """Return the needs from a step on; that of the step itself is past: the bus has what it has."""
    need_kwh = problem.need_kwh[:, step:].copy()
    need_kwh[:, 0] = 0.0
    return need_kwh


def _site(problem: DepotProblem, plan: DepotPlan, step: int) -> SitePower:
    battery = problem.site.battery
    columns = {name: getattr(problem.site, name)[step:] for name in _SITE_COLUMNS}
    if battery is not None:
        battery = replace(battery, initial_kwh=float(plan.site_battery_kwh[step]))
    return replace(problem.site, **columns, battery=battery)


_SITE_COLUMNS = ("base_kw", "pv_kw", "import_limit_kw", "export_limit_kw")


def _demand(problem: DepotProblem, plan: DepotPlan, step: int) -> DemandCharge | None:
    """Return the demand charge with the peak of the intervals that are over."""
    demand = problem.demand
    if demand is None:
        return None
    past = np.where(np.arange(problem.step_count) < step, demand.interval, NOT_METERED)
    past = np.where(past == demand.interval[step], NOT_METERED, past)
    peak_kw = interval_peak_kw(problem.step_h, past, np.maximum(plan.grid_kw, 0.0))
    return replace(demand, interval=demand.interval[step:], peak_so_far_kw=max(demand.peak_so_far_kw, peak_kw))


def _under_way(problem: DepotProblem, plan: DepotPlan, step: int, plugged_now: Ints) -> UnderWay:
    """Return the age of every session, and the sessions of the running stay so far."""
    before = problem.under_way
    steps_plugged, sessions = np.zeros((2, problem.bus_count), dtype=np.int64)
    for b in range(problem.bus_count):
        history = [int(c) for c in plan.plugged_class[b, :step]]
        history[-1] = int(plugged_now[b])
        away = np.flatnonzero(~problem.present[b, :step])
        since = int(away[-1]) + 1 if len(away) else 0
        earlier = [NOT_PLUGGED, *history]
        if before is not None:
            earlier[0] = int(before.plugged_class[b])
            sessions[b] = before.sessions_used[b] if since == 0 else 0
        sessions[b] += sum(history[t] >= 0 and history[t] != earlier[t] for t in range(since, step))
        age = 0
        while age < step and history[step - 1 - age] == history[-1]:
            age += 1
        if age == step and before is not None and earlier[0] == history[-1]:
            age += int(before.steps_plugged[b])
        steps_plugged[b] = age if history[-1] != NOT_PLUGGED else 0
    return UnderWay(np.asarray(plugged_now), steps_plugged, sessions)
