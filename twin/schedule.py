"""The plan of a city for a day: garages at their tariffs first, then everything together inside the grid's limits."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizers.baselines import plug_on_arrival
from optimizers.coordination import CoordinationSettings, coordinate
from optimizers.coordination_assets import AssetPlan
from optimizers.coordination_plan import CoordinatedPlan
from optimizers.coordination_problem import CityProblem
from optimizers.fleet import FleetProgress, FleetSettings, plan_fleet
from optimizers.plan import DepotPlan, NoPlan
from optimizers.problem import DepotProblem
from optimizers.replay import replay
from twin.city_problem import BATTERIES, DEPOTS, VEHICLES, city_problem
from twin.day import CityDay
from twin.ev_envelopes import unmanaged_kw
from twin.stopping import never

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class ScheduleLimits:
    """How long garages and all assets together may take, how close they should come, on how many processes."""

    depots_s: float
    dispatch_s: float
    gap: float
    workers: int


@dataclass(frozen=True, eq=False)
class CityPlan:
    """What every planned asset does, and the loads that follow.

    Attributes
    ----------
    depots
        Plan of each garage, by garage id.
    fallbacks
        Garages whose optimizer gave no plan, with its reason; they plug in on arrival.
    coordinated
        What the coordinator found and proved; None where nobody planned.
    moved_krw
        What vehicles and batteries pay, wear included.
    session_kw
        (S, T) charging power of every session of `CityDay.sessions`.
    battery_kw
        (K, T) net power of the city's batteries.
    load_kw, load_kvar
        (T, N) load at every bus, all in.
    wall_s
        Seconds each part took.
    problem
        What the coordinator was asked; None where nobody planned.
    """

    depots: Mapping[str, DepotPlan]
    fallbacks: Mapping[str, str]
    coordinated: CoordinatedPlan | None
    moved_krw: float
    session_kw: Floats
    battery_kw: Floats
    load_kw: Floats
    load_kvar: Floats
    wall_s: Mapping[str, float]
    problem: CityProblem | None = None


def unmanaged_plan(day: CityDay) -> CityPlan:
    """Return what happens when nobody plans: everything charges on arrival, batteries stand still."""
    begin = time.perf_counter()
    depots = {name: plug_on_arrival(garage.problem) for name, garage in day.garages.items()}
    session_kw, battery_kw = unmanaged_kw(day.sessions, day.steps, day.step_h), _idle(day)
    load_kw, load_kvar = loads_at_buses(day, depots, session_kw, battery_kw)
    wall_s = {"unmanaged": time.perf_counter() - begin}
    return CityPlan(depots, {}, None, 0.0, session_kw, battery_kw, load_kw, load_kvar, wall_s)


def _idle(day: CityDay) -> Floats:
    return np.zeros((day.batteries.batteries.count, day.steps))


def plan_city(
    day: CityDay,
    limits: ScheduleLimits,
    progress: Callable[[str, int, int], None],
    fallback: Mapping[str, DepotPlan],
    stop: Callable[[], bool] = never,
) -> CityPlan:
    """Plan every garage, vehicle and battery of a city for a day.

    Parameters
    ----------
    day
        What there is to plan.
    limits
        Time, gap and processes.
    progress
        Told "depots" or "areas", how many are done, and of how many.
    fallback
        Plan of each garage to use when its optimizer gives none, or one that a replay refuses.
    stop
        Asked now and then while garages are planned; True ends them with their best so far.
    """
    begin = time.perf_counter()
    depots, reasons = _plan_depots(day, limits, progress, fallback, stop)
    planned_depots = time.perf_counter()
    problem = city_problem(day, depots, _fleet_settings(day, limits, limits.dispatch_s / 4, stop))
    settings = CoordinationSettings(limits.dispatch_s, limits.gap, limits.workers, _cap_share(day))
    found = coordinate(problem, settings, cancel=stop)
    progress("areas", 1, 1)
    by_kind = {block.kind: plan for block, plan in zip(problem.assets, found.assets, strict=True)}
    none = AssetPlan(np.zeros((0, day.steps)), np.zeros((0, day.steps)), np.zeros(0), [])
    vehicles, batteries = by_kind.get(VEHICLES, none), by_kind.get(BATTERIES, none)
    wall_s = {"depots": planned_depots - begin, "areas": time.perf_counter() - planned_depots}
    return CityPlan(
        depots=_answered(depots, by_kind.get(DEPOTS, none)),
        fallbacks=reasons,
        coordinated=found,
        moved_krw=float(vehicles.cost_krw.sum() + batteries.cost_krw.sum()),
        session_kw=vehicles.kw,
        battery_kw=batteries.kw,
        load_kw=found.load_kw,
        load_kvar=found.load_kvar,
        wall_s=wall_s,
        problem=problem,
    )


def _cap_share(day: CityDay) -> float:
    return 1.0 - day.city.folder.parameter("dispatch_limit_margin")


def _answered(depots: Mapping[str, DepotPlan], answer: AssetPlan) -> dict[str, DepotPlan]:
    """Return the garages' plans with those that answer the grid's limits put in place."""
    plans = dict(depots)
    detail = answer.detail if isinstance(answer.detail, list) else []
    plans.update({plan.problem_id: plan for plan in detail})
    return plans


def _plan_depots(
    day: CityDay,
    limits: ScheduleLimits,
    progress: Callable[[str, int, int], None],
    fallback: Mapping[str, DepotPlan],
    stop: Callable[[], bool],
) -> tuple[dict[str, DepotPlan], dict[str, str]]:
    def tell(done: FleetProgress) -> None:
        progress("depots", done.done, done.total)

    problems = [garage.problem for garage in day.garages.values()]
    settings = _fleet_settings(day, limits, limits.depots_s, stop)
    plans, reasons = {}, {}
    for problem, plan in zip(problems, plan_fleet(problems, settings, tell).plans, strict=True):
        reason = _reason_against(problem, plan)
        if isinstance(plan, NoPlan) or reason:
            plans[problem.id], reasons[problem.id] = fallback[problem.id], reason
        else:
            plans[problem.id] = plan
    return plans, reasons


def _fleet_settings(
    day: CityDay, limits: ScheduleLimits, time_limit_s: float, stop: Callable[[], bool]
) -> FleetSettings:
    return FleetSettings(
        time_limit_s=time_limit_s,
        gap=limits.gap,
        workers=limits.workers,
        seed=day.city.folder.settings.seed,
        cancel=stop,
    )


def _reason_against(problem: DepotProblem, plan: DepotPlan | NoPlan) -> str:
    """Return why a plan cannot be used, "" when it can: the replay has the last word, whatever the optimizer says."""
    if isinstance(plan, NoPlan):
        return "; ".join(plan.reasons)
    return "; ".join(replay(problem, plan).violations[:3])


def loads_at_buses(
    day: CityDay, depots: Mapping[str, DepotPlan], session_kw: Floats, battery_kw: Floats
) -> tuple[Floats, Floats]:
    """Return (T, N) active and reactive load at every bus: what is fixed, garages, vehicles and batteries.

    Charging draws at the city's charging power factor, batteries at unity, a garage as its charging does.
    """
    load_kw, load_kvar = day.fixed_kw.copy(), day.fixed_kvar.copy()
    charging = np.zeros_like(load_kw)
    np.add.at(charging.T, day.sessions.bus, session_kw)
    for name, plan in depots.items():
        charging[:, day.city.garage_bus[name]] += plan.grid_kw
    factor = day.city.folder.parameter("charging_power_factor")
    load_kw += charging
    load_kvar += charging * np.sqrt(1 / factor**2 - 1)
    np.add.at(load_kw.T, day.batteries.bus, battery_kw)
    return load_kw, load_kvar
