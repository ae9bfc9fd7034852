"""Districts of Seoul and the whole of it, planned by the coordinator: gap, time, memory, what the power flow says.

Each case runs in a process of its own; its memory is that of this process and of all workers at their highest.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

import data
from benchmarks.claims import Claim
from data.city_folder import read_city_folder
from grid.powerflow import PowerFlow, solve
from optimizers.arrays import Floats
from optimizers.assets.charging import Charging
from optimizers.baselines import plug_on_arrival
from optimizers.coordination import CoordinationSettings, coordinate
from optimizers.coordination_assets import AssetBlock, AssetPlan, BusPrices
from optimizers.coordination_limits import LimitBook
from optimizers.coordination_loads import loads_of
from optimizers.coordination_plan import CoordinatedPlan
from optimizers.coordination_problem import CityProblem
from optimizers.envelopes import Envelopes, fill_valleys_kw
from optimizers.fleet import FleetSettings
from optimizers.plan import PlanStatus
from twin.city import build_city, embedded_weather
from twin.city_problem import VEHICLES, city_problem
from twin.day import CityDay, city_day
from twin.ev_envelopes import unmanaged_kw
from twin.scenario import scenario_of
from twin.schedule_scenario import depot_plans, flexible_problem

SERVICE_DATE = date(2026, 8, 12)
COORDINATION_S = 600.0


@dataclass(frozen=True)
class CityCase:
    """What is planned, and the bars: gap, seconds, GB (None for no bar).

    `uptake` is how many vehicles stand for each one of the scenario; `all_kinds` adds rooms, hot water, fleets,
    inverters and vehicles that feed back; `depots_s` limits the garages' own plans.
    """

    name: str
    district: str | None
    scenario: str
    uptake: float
    depots_s: float
    gap_bar: float
    seconds_bar: float
    gb_bar: float | None = None
    all_kinds: bool = False


DISTRICT = CityCase("Dobong-gu, all kinds of assets", "11320", "today", 1.0, 10.0, 2e-3, 20.0, all_kinds=True)
STRESS = CityCase("Gangnam-gu, 20 times the vehicles", "11680", "today", 20.0, 20.0, 2e-3, 60.0)
SEOUL = CityCase("Seoul today", None, "today", 1.0, 150.0, 2e-3, 300.0, 8.0)
SEOUL_2035 = CityCase("Seoul 2035", None, "2035", 1.0, 420.0, 5e-3, 900.0)


@dataclass(frozen=True)
class Outcome:
    """A plan judged by the power flow: cost, price of avoidable violations, minutes beyond limits, peak, losses."""

    cost_krw: float
    violation_krw: float
    element_minutes: float
    peak_mw: float
    loss_mwh: float

    @property
    def objective_krw(self) -> float:
        """Cost and price of violations."""
        return self.cost_krw + self.violation_krw

    def __str__(self) -> str:
        return (
            f"{self.cost_krw / 1e6:,.1f} + {self.violation_krw / 1e6:,.1f} million KRW, "
            f"{self.element_minutes:,.0f} min beyond limits, peak {self.peak_mw:,.1f} MW, "
            f"losses {self.loss_mwh:,.2f} MWh"
        )


@dataclass(frozen=True)
class Measured:
    """What one case came to."""

    buses: int
    assets: int
    depots_s: float
    problem_s: float
    coordination_s: float
    single_thread_s: float | None
    memory_gb: float
    gap: float
    status: str
    violations: int
    unavoidable: int
    rounds: int
    worst_pu: float
    worst_loading: float
    ours: Outcome
    baselines: dict[str, Outcome]

    @property
    def planning_s(self) -> float:
        """Garages, problem and coordination."""
        return self.depots_s + self.problem_s + self.coordination_s


def city_claims(*, quick: bool) -> Iterator[Claim]:
    """Measure all cases; with `quick` the two districts only."""
    for case in [DISTRICT, STRESS] if quick else [DISTRICT, STRESS, SEOUL, SEOUL_2035]:
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            found = pool.submit(measure, case).result()
        yield from _claims(case, found)


def _claims(case: CityCase, found: Measured) -> Iterator[Claim]:
    name = f"{case.name} ({found.buses:,} buses, {found.assets:,} assets)"
    avoidable = found.violations - found.unavoidable
    listed = f"{found.violations} limits and steps, {found.unavoidable} of them by the base load alone"
    yield Claim(
        f"{name}: violations 0, or status relaxed and all listed",
        f"{found.status}, {listed}; worst {found.worst_pu:.1e} pu, {found.worst_loading:.2%}; {found.rounds} rounds",
        met=found.violations == 0 or found.status == PlanStatus.RELAXED.value,
    )
    yield Claim(f"{name}: proved gap ≤ {case.gap_bar:.1%}", f"{found.gap:.4%}", met=found.gap <= case.gap_bar)
    yield Claim(
        f"{name}: planned in ≤ {case.seconds_bar:.0f} s",
        f"{found.planning_s:.1f} s (garages {found.depots_s:.1f}, coordination {found.coordination_s:.1f})",
        met=found.planning_s <= case.seconds_bar,
    )
    if case.gb_bar is not None:
        yield Claim(
            f"{name}: memory ≤ {case.gb_bar:g} GB", f"{found.memory_gb:.1f} GB", met=found.memory_gb <= case.gb_bar
        )
    else:
        yield Claim(f"{name}: memory", f"{found.memory_gb:.1f} GB")
    if found.single_thread_s is not None:
        yield Claim(
            f"{name}: coordination on one thread", f"{found.coordination_s:.1f} s", f"{found.single_thread_s:.1f} s"
        )
    for rival, outcome in found.baselines.items():
        never_worse = found.ours.objective_krw <= outcome.objective_krw * (1 + case.gap_bar)
        yield Claim(
            f"{name}: objective against {rival}", str(found.ours), str(outcome), met=never_worse and avoidable >= 0
        )


def measure(case: CityCase) -> Measured:
    """Plan a case and judge it."""
    day = _day(case)
    workers = os.cpu_count() or 1
    fleet = FleetSettings(case.depots_s, 1e-3, workers, seed=day.city.folder.settings.seed)
    begin = time.perf_counter()
    depots = depot_plans(day, fleet)
    planned_depots = time.perf_counter()
    build = flexible_problem if case.all_kinds else city_problem
    problem = _with_uptake(build(day, depots, replace(fleet, time_limit_s=case.depots_s / 4)), case.uptake)
    built = time.perf_counter()
    plan = coordinate(problem, CoordinationSettings(COORDINATION_S, case.gap_bar, workers))
    done = time.perf_counter()
    single = None
    if case is STRESS or case.name == STRESS.name:
        coordinate(problem, CoordinationSettings(COORDINATION_S, case.gap_bar, 1))
        single = time.perf_counter() - done
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    book = LimitBook.of(problem)
    return Measured(
        buses=len(problem.network.buses),
        assets=sum(len(block.bus) for block in problem.assets),
        depots_s=planned_depots - begin,
        problem_s=built - planned_depots,
        coordination_s=done - built,
        single_thread_s=single,
        memory_gb=own + workers * children,
        gap=plan.gap,
        status=plan.status.value,
        violations=len(plan.violations),
        unavoidable=sum(violation.unavoidable for violation in plan.violations),
        rounds=len(plan.rounds),
        worst_pu=max(plan.rounds[-1].worst_voltage_pu, 0.0),
        worst_loading=max(plan.rounds[-1].worst_loading, 0.0),
        ours=replace(_judged(problem, book, plan.flow, plan.cost_krw), violation_krw=plan.violation_krw),
        baselines=_baselines(day, problem, book, plan, case),
    )


def _day(case: CityCase) -> CityDay:
    folder = read_city_folder(Path(data.__file__).parent / "seoul")
    with tempfile.TemporaryDirectory() as cache:
        city = build_city(folder, scenario_of(folder, case.scenario), Path(cache), case.district)
        return city_day(city, SERVICE_DATE, embedded_weather(folder, SERVICE_DATE.year))


def _with_uptake(problem: CityProblem, uptake: float) -> CityProblem:
    """Let so many vehicles stand for each one."""
    if uptake == 1.0:
        return problem
    assets: list[AssetBlock] = []
    for block in problem.assets:
        if isinstance(block, Charging):
            curves = block.envelopes
            more = Envelopes(*(uptake * v for v in (curves.power_limit_kw, curves.latest_kwh, curves.earliest_kwh)))
            assets.append(replace(block, envelopes=more))
        else:
            assets.append(block)
    return replace(problem, assets=tuple(assets))


def _baselines(
    day: CityDay, problem: CityProblem, book: LimitBook, plan: CoordinatedPlan, case: CityCase
) -> dict[str, Outcome]:
    """Judge what others would do with the same city; only for cases with vehicles, batteries and garages alone."""
    if case.all_kinds:
        return {}
    found = {}
    for name, vehicles in (
        ("charging on arrival", _on_arrival),
        ("prices alone", _prices_alone),
        ("valley filling at each site", _valleys_of_sites),
    ):
        plans = []
        for block, ours in zip(problem.assets, plan.assets, strict=True):
            if block.kind == VEHICLES and isinstance(block, Charging):
                kw = vehicles(day, block, problem)
                cost = np.einsum("at,at->a", kw, block.price_krw_per_kwh[block.price_row]) * problem.step_h
                plans.append(AssetPlan(kw, kw * block.kvar_per_kw, cost))
            elif vehicles is _on_arrival:
                plans.append(_unmanaged(block, ours))
            else:
                plans.append(ours)
        kw, kvar = loads_of(problem, plans)
        cost_krw = sum(float(part.cost_krw.sum()) for part in plans)
        found[name] = _judged(problem, book, solve(problem.network, kw, kvar, with_loading=True), cost_krw)
    return found


def _on_arrival(day: CityDay, block: Charging, problem: CityProblem) -> Floats:
    scale = block.envelopes.earliest_kwh[:, -1] / np.maximum(day.sessions.energy_kwh, 1e-12)
    return np.asarray(unmanaged_kw(day.sessions, problem.steps, problem.step_h) * scale[:, np.newaxis])


def _prices_alone(_day: CityDay, block: Charging, problem: CityProblem) -> Floats:
    return block.best_response(BusPrices.zero(len(block.bus), problem.steps)).plan.kw


def _valleys_of_sites(_day: CityDay, block: Charging, problem: CityProblem) -> Floats:
    """Fill the valleys of the load at each bus, whatever energy costs."""
    at, group = np.unique(block.bus, return_inverse=True)
    flat, row = np.zeros((1, problem.steps)), np.zeros(len(block.bus), dtype=np.int64)
    load = np.ascontiguousarray(problem.base_kw[:, at].T)
    return fill_valleys_kw(block.envelopes, flat, row, group, load, np.full(load.shape, np.inf), problem.step_h)


def _unmanaged(block: object, ours: AssetPlan) -> AssetPlan:
    """Return garages that plug in on arrival and batteries that rest."""
    if not hasattr(block, "problems"):
        return AssetPlan(np.zeros_like(ours.kw), np.zeros_like(ours.kvar), np.zeros_like(ours.cost_krw))
    plans = [plug_on_arrival(problem) for problem in block.problems]
    kw = np.array([plan.grid_kw for plan in plans])
    return AssetPlan(kw, kw * block.kvar_per_kw, np.array([plan.objective_krw for plan in plans]))  # type: ignore[attr-defined]


def _judged(problem: CityProblem, book: LimitBook, flow: PowerFlow, cost_krw: float) -> Outcome:
    beyond = book.beyond(flow, -book.tolerance)
    worst = np.zeros((int(book.slack.max()) + 1, problem.steps))
    np.maximum.at(worst, (book.slack[beyond.limit], beyond.step), beyond.excess * book.price_krw[beyond.limit])
    sums = flow.solution.sums
    return Outcome(
        cost_krw=cost_krw,
        violation_krw=float(worst.sum()) * problem.step_h,
        element_minutes=len(beyond) * problem.step_h * 60,
        peak_mw=float(sums.slack_kw.sum(axis=0).max()) / 1e3,
        loss_mwh=float(sums.losses_kw.sum()) * problem.step_h / 1e3,
    )
