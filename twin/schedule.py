"""The plan of a city for a day: garages first, then vehicles and batteries under what the feeders have left."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.tariffs import energy_price_krw_per_kwh
from optimizers.baselines import plug_on_arrival
from optimizers.batteries import Batteries
from optimizers.dispatch import DispatchPlan, solve_dispatch
from optimizers.dispatch_problem import DispatchProblem
from optimizers.fleet import FleetProgress, FleetSettings, plan_fleet
from optimizers.plan import DepotPlan, NoPlan
from optimizers.problem import DepotProblem
from optimizers.replay import replay
from twin.day import CityDay
from twin.ev_cohorts import Cohort
from twin.ev_envelopes import session_envelopes, unmanaged_kw
from twin.grid_check import GridState, check_grid
from twin.stopping import never

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BATTERY_HOST_CLASS = "general"
"""Contract class whose most common plan stationary batteries pay and earn by."""


@dataclass(frozen=True)
class ScheduleLimits:
    """How long planning may take, how close it should come, and on how many processes."""

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
    dispatches
        Plan of vehicles and batteries of each substation area, by substation id.
    session_kw
        (S, T) charging power of every session of `CityDay.sessions`.
    battery_kw
        (K, T) net power of the city's batteries.
    load_kw, load_kvar
        (T, N) load at every bus, all in.
    wall_s
        Seconds each part took.
    """

    depots: Mapping[str, DepotPlan]
    fallbacks: Mapping[str, str]
    dispatches: Mapping[str, DispatchPlan]
    session_kw: Floats
    battery_kw: Floats
    load_kw: Floats
    load_kvar: Floats
    wall_s: Mapping[str, float]


def unmanaged_plan(day: CityDay) -> CityPlan:
    """Return what happens when nobody plans: everything charges on arrival, batteries stand still."""
    begin = time.perf_counter()
    depots = {name: plug_on_arrival(garage.problem) for name, garage in day.garages.items()}
    session_kw, battery_kw = unmanaged_kw(day.sessions, day.steps, day.step_h), _idle(day)
    load_kw, load_kvar = loads_at_buses(day, depots, session_kw, battery_kw)
    wall_s = {"unmanaged": time.perf_counter() - begin}
    return CityPlan(depots, {}, {}, session_kw, battery_kw, load_kw, load_kvar, wall_s)


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
    session_kw, battery_kw = np.zeros((len(day.sessions), day.steps)), _idle(day)
    before = check_grid(day.city.grid, *loads_at_buses(day, depots, session_kw, battery_kw))
    dispatches = {}
    stations = day.city.grid.substations.id.tolist()
    for number, name in enumerate(stations):
        area = area_problem(day, before, number)
        plan = solve_dispatch(area.problem, limits.dispatch_s)
        dispatches[str(name)] = plan
        session_kw[area.sessions], battery_kw[area.batteries] = plan.charge_kw, plan.battery.net_kw
        progress("areas", number + 1, len(stations))
    load_kw, load_kvar = loads_at_buses(day, depots, session_kw, battery_kw)
    wall_s = {"depots": planned_depots - begin, "areas": time.perf_counter() - planned_depots}
    return CityPlan(depots, reasons, dispatches, session_kw, battery_kw, load_kw, load_kvar, wall_s)


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
    settings = FleetSettings(
        time_limit_s=limits.depots_s,
        gap=limits.gap,
        workers=limits.workers,
        seed=day.city.folder.settings.seed,
        cancel=stop,
    )
    plans, reasons = {}, {}
    for problem, plan in zip(problems, plan_fleet(problems, settings, tell).plans, strict=True):
        reason = _reason_against(problem, plan)
        if isinstance(plan, NoPlan) or reason:
            plans[problem.id], reasons[problem.id] = fallback[problem.id], reason
        else:
            plans[problem.id] = plan
    return plans, reasons


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


@dataclass(frozen=True, eq=False)
class Area:
    """The dispatch problem of one substation, and which of the city's sessions and batteries it plans."""

    problem: DispatchProblem
    sessions: Ints
    batteries: Ints


def area_problem(day: CityDay, before: GridState, substation: int) -> Area:
    """Return what one substation has to decide, with what its feeders and banks carry already.

    A limit in kW is what remains of the rating in kVA beside the reactive power that flows before vehicles charge,
    less the city's margin for losses; a feeder's limit is also its rating in kW. What is really carried is found by
    the power flow afterwards.
    """
    grid = day.city.grid
    feeders = np.flatnonzero(grid.feeders.substation == substation)
    banks = np.flatnonzero(grid.banks.substation == substation)
    sessions = np.flatnonzero(grid.buses.substation[day.sessions.bus] == substation)
    batteries = np.flatnonzero(grid.buses.substation[day.batteries.bus] == substation)
    position = {int(feeder): index for index, feeder in enumerate(feeders)}
    bank_at = {int(bank): len(feeders) + index for index, bank in enumerate(banks)}
    parents = [bank_at[int(bank)] for bank in grid.feeders.bank[feeders]] + [-1] * len(banks)
    base = np.concatenate([before.feeder_kw[:, feeders].T, before.bank_kw[:, banks].T])
    prices, vehicle_price, battery_price = _prices(day, sessions, batteries)

    def group_of(bus: Ints) -> Ints:
        return np.array([position[int(feeder)] for feeder in grid.buses.feeder[bus]], dtype=np.int64)

    problem = DispatchProblem(
        id=str(grid.substations.id[substation]),
        step_h=day.step_h,
        price_krw_per_kwh=prices,
        envelopes=session_envelopes(day.sessions.take(sessions), day.steps, day.step_h),
        envelope_price=vehicle_price,
        envelope_group=group_of(day.sessions.bus[sessions]),
        batteries=_select(day.batteries.batteries, batteries),
        battery_price=battery_price,
        battery_group=group_of(day.batteries.bus[batteries]),
        group_parent=np.array(parents, dtype=np.int64),
        group_base_kw=base,
        group_limit_kw=_limits_kw(day, before, feeders, banks),
        overload_krw_per_kwh=day.city.folder.parameter("overload_krw_per_kwh"),
    )
    return Area(problem, sessions, batteries)


def _limits_kw(day: CityDay, before: GridState, feeders: Ints, banks: Ints) -> Floats:
    grid = day.city.grid
    share = 1.0 - day.city.folder.parameter("dispatch_limit_margin")
    network = grid.network
    head = grid.feeders.head_line[feeders]
    kv = network.buses.base_kv[network.lines.from_bus[head]]
    feeder_kva = np.sqrt(3) * kv * network.lines.rating_a[head]
    apparent = np.concatenate([feeder_kva, grid.banks.rating_kva[banks]])[:, np.newaxis] * share
    reactive = np.concatenate([before.feeder_kvar[:, feeders].T, before.bank_kvar[:, banks].T])
    active = np.sqrt(np.maximum(apparent**2 - reactive**2, 0.0))
    active[: len(feeders)] = np.minimum(active[: len(feeders)], share * grid.feeders.rating_kw[feeders][:, np.newaxis])
    return np.asarray(active)


def _prices(day: CityDay, sessions: Ints, batteries: Ints) -> tuple[Floats, Ints, Ints]:
    """Return the price rows of an area, and the row of each of its sessions and batteries."""
    plans = cohort_tariffs(day)
    names = [plans[cohort] for cohort in Cohort]
    rows = [*dict.fromkeys([*names, battery_tariff(day)])]
    prices = np.stack([tariff_price(day, name) for name in rows])
    of_cohort = np.array([rows.index(name) for name in names], dtype=np.int64)
    return prices, of_cohort[day.sessions.cohort[sessions]], np.full(len(batteries), rows.index(battery_tariff(day)))


def tariff_price(day: CityDay, tariff: str) -> Floats:
    """Return the (T,) price of energy under a plan."""
    settings, calendar = day.city.folder.settings, day.planning.calendar
    return energy_price_krw_per_kwh(day.city.tariffs[tariff], day.planning.times_utc, settings.zone, calendar)


def cohort_tariffs(day: CityDay) -> dict[Cohort, str]:
    """Return the plan each cohort of vehicles pays by."""
    table = day.city.folder.tables["charging_tariffs"]
    of_name = {str(name): str(plan) for name, plan in zip(table["cohort"], table["tariff"], strict=True)}
    return {cohort: of_name[cohort.label] for cohort in Cohort}


def battery_tariff(day: CityDay) -> str:
    """Return the plan batteries pay by: the most common one of their hosts' class."""
    table = day.city.folder.tables["class_tariffs"]
    rows = table[table["contract_class"] == BATTERY_HOST_CLASS]
    return str(rows.loc[rows["energy_share"].idxmax(), "tariff"])


def _select(batteries: Batteries, rows: Ints) -> Batteries:
    return Batteries(**{name: values[rows] for name, values in vars(batteries).items()})
