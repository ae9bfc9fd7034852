"""One depot of any size: bound by column generation, plan by search, both for the problem as it is stated.

The bound comes from lattices rounded outward, the plan from one rounded inward and then from a linear programme
without any lattice, so that plan and bound enclose the optimum of the continuous problem. Prices are refined only
while the gap is open.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from optimizers.baselines import plug_on_arrival
from optimizers.column_generation import (
    BoundResult,
    BoundSettings,
    generate_columns,
    lagrangian_bound_krw,
    unserved_krw,
)
from optimizers.column_start import Pooled, pooled_depot
from optimizers.depot_cost import Schedule, charging_at_bus_bar_kw, feeding_at_bus_bar_kw, plan_of, pv_worth_using_kw
from optimizers.depot_decomposition_reasons import hopeless, why_none
from optimizers.depot_decomposition_settings import DecompositionSettings, Stop
from optimizers.master_site import SiteModel, site_model
from optimizers.master_wear import wear_duals
from optimizers.plan import DepotPlan, NoPlan, PlanStatus, Verdict, relative_gap
from optimizers.pricing import joined
from optimizers.pricing_lattice import Lattice, Rounding, lattice
from optimizers.primal import (
    SearchSettings,
    SitePlan,
    build_plan,
    copied,
    fleet_plans,
    improve_plan,
    rounded_plan,
    search_room,
)
from optimizers.primal_polish import polish
from optimizers.primal_room import Fleet, fleet_cost, recount
from optimizers.problem import DepotProblem, LaneRule, discharge_limit_kw
from optimizers.solver import SolveLimits, solver_version

Floats = NDArray[np.float64]

REFINE_WITHIN = 2.5
"""The bound is proved on the fine lattice once the gap is within so many times the gap asked for."""
PROOF_SPACING = 0.2
"""The final bound is proved on levels so many times as far apart."""
PRICES_FIRST = 5.0
"""With a gap wider than so many times the gap asked for, better prices come before more search."""
PATIENCE = 2
"""Rounds of search without gain after which it goes on from another rounding."""
ROUNDINGS = 8
"""How often the master's solution is rounded, the first time to the largest shares, then by chance."""
FINER_TRIES = 8
"""How often the spacing of the plans' lattice is halved for the sake of a bus with little to spare."""
SEARCHES = 150
"""Most rounds of search at the prices of column generation."""

BOUND_FOR = "the depot's problem as stated, charge levels and powers continuous"


@dataclass(eq=False)
class _Best:
    """The best schedule and bound so far."""

    schedule: Schedule | None = None
    objective_krw: float = np.inf
    bound_krw: float = -np.inf

    @property
    def gap(self) -> float:
        return relative_gap(self.objective_krw, self.bound_krw) if self.schedule is not None else np.inf


def solve_decomposed(problem: DepotProblem, limits: SolveLimits) -> DepotPlan | NoPlan:
    """Plan a depot without lanes by decomposition; see `plan_depot`."""
    return plan_depot(problem, DecompositionSettings(limits), limits.cancel)


def can_decompose(problem: DepotProblem) -> bool:
    """Return whether every rule of the problem fits the decomposition.

    All do but three: lanes, in which buses block each other; selling dearer than buying, which is not convex; and a
    limit of the energy that a bus may feed back over the day.
    """
    free = all(charger.lane is LaneRule.FREE for charger in problem.chargers)
    convex = bool((problem.prices.sell_krw_per_kwh <= problem.prices.buy_krw_per_kwh).all())
    warranted = np.isfinite(problem.buses.discharge_limit_kwh) & (
        discharge_limit_kw(problem).max(axis=1, initial=0.0) > 0
    )
    return free and convex and not warranted.any()


def never() -> bool:
    """Return that nobody has cancelled."""
    return False


def plan_depot(
    problem: DepotProblem, settings: DecompositionSettings, cancel: Callable[[], bool] = never
) -> DepotPlan | NoPlan:
    """Return the cheapest plan found and a lower bound that holds for the problem as stated.

    Parameters
    ----------
    problem
        A sound problem (`optimizers.problem_checks`) for which `can_decompose` holds.
    settings
        Limits, lattice, seed. Out of time or memory, or interrupted, it returns the best so far with its true gap.
    cancel
        Asked now and then; True ends the solve with the best so far.

    Returns
    -------
    DepotPlan or NoPlan
        `OPTIMAL` only if the gap asked for is proved.
    """
    stop, best = Stop(settings.limits, cancel), _Best()
    solve = _Solve(problem, settings, stop, best)
    try:
        reasons = solve.run()
    except KeyboardInterrupt:
        stop.interrupted = True
        reasons = ()
    method = f"decomposition by bus, {solver_version()}"
    if reasons:
        return NoPlan(problem.id, PlanStatus.INFEASIBLE, reasons, method, stop.wall_s)
    if best.schedule is None:
        return NoPlan(problem.id, PlanStatus.FAILED, (why_none(solve.short, stop()),), method, stop.wall_s)
    status = PlanStatus.OPTIMAL if best.gap <= settings.limits.gap else PlanStatus.FEASIBLE
    return plan_of(problem, best.schedule, Verdict(status, best.bound_krw, BOUND_FOR, method, stop.wall_s))


class _Solve:
    """The steps of one solve, in order, each ending early when the gap is closed or it is time to stop."""

    def __init__(self, problem: DepotProblem, settings: DecompositionSettings, stop: Stop, best: _Best) -> None:
        self.problem, self.settings, self.stop, self.best = problem, settings, stop, best
        self.inward = _drivable_lattice(problem, settings.coarseness * settings.spacing_kwh)
        self.outward = lattice(problem, settings.spacing_kwh, Rounding.OUTWARD)
        self.site: SiteModel = site_model(problem)
        self.fleet: Fleet | None = None
        self.short = 0.0
        self._proved: tuple[int, float] | None = None

    def run(self) -> tuple[str, ...]:
        """Solve; return the reasons when no plan can exist."""
        pooled = pooled_depot(self.problem, self.outward, self.site)
        reasons = hopeless(self.problem, self.outward)
        if reasons:
            return reasons
        self._keep_baseline()
        duals = self._at_pooled_prices(pooled)
        if self._done():
            return ()
        columns = self._columns(duals)
        if len(columns.impossible):
            return ()
        self.short = float(columns.solution.unserved.sum())
        plan = self._site_plan(columns.duals, columns.solution.site_values)
        self._prove(columns.duals, PROOF_SPACING * self.settings.coarseness * self.settings.spacing_kwh)
        self._round(columns, plan)
        idle = 0
        for number in range(SEARCHES):
            if self._done():
                break
            before_krw = self.best.objective_krw
            self._search(plan, self._effort(8 * self.problem.bus_count, 3 + number))
            idle = 0 if self.best.objective_krw < before_krw else idle + 1
            if idle == PATIENCE:
                idle, self.fleet = 0, self._rounded(columns, plan, ROUNDINGS + number)
        return ()

    def _at_pooled_prices(self, pooled: Pooled) -> Floats:
        """Search at the prices of the pooled depot, while that goes well; return the prices, wear included."""
        duals, size = pooled.duals, self.problem.bus_count
        self._prove(duals, self.settings.coarseness * self.settings.spacing_kwh)
        if self.stop() and self.best.schedule is not None:
            return duals
        for number, tries in enumerate((size, 2 * size, 4 * size)):
            self._search(self._site_plan(duals, pooled.site_values), self._effort(tries, number))
            if self.site.wear_rows.size and self.fleet is not None:
                duals = pooled.duals + self._wear_duals(self.fleet)
                self._prove(duals, self.settings.coarseness * self.settings.spacing_kwh)
            if self.best.gap <= REFINE_WITHIN * self.settings.limits.gap:
                self._prove(duals, PROOF_SPACING * self.settings.coarseness * self.settings.spacing_kwh)
            if self._done() or self.best.gap > PRICES_FIRST * self.settings.limits.gap:
                break
        return duals

    def _wear_duals(self, fleet: Fleet) -> Floats:
        into_cells = np.diff(fleet.level, axis=1) * self.inward.spacing_kwh[:, None]
        return wear_duals(self.problem, self.site.wear_rows, into_cells, len(self.site.row_low))

    def _effort(self, tries: int, number: int) -> SearchSettings:
        group = 4 + 2 * (number % 2)
        return SearchSettings(tries=tries, patience=tries, largest_group=group, seed=self.settings.seed * 1000 + number)

    def _done(self) -> bool:
        return self.stop() or self.best.gap <= self.settings.limits.gap

    def _columns(self, duals: Floats) -> BoundResult:
        start = () if self.fleet is None else (fleet_plans(self.problem, self.inward, self.fleet),)
        settings = BoundSettings(gap=self.settings.limits.gap / 5, stop=self.stop)
        return generate_columns(self.problem, self.inward, start, settings, duals)

    def _round(self, columns: BoundResult, plan: SitePlan) -> None:
        """Round the master's shares of plans to one plan a bus, several times; go on from the best."""
        room = search_room(self.problem, self.site, plan, unserved_krw(self.problem))
        if self.fleet is not None:
            recount(self.inward, room, self.fleet)
        for attempt in range(ROUNDINGS):
            if self._done():
                return
            fleet = self._rounded(columns, plan, attempt)
            if self.fleet is None or fleet_cost(room, fleet) < fleet_cost(room, self.fleet):
                self.fleet = fleet
        self._keep_polished(plan)

    def _rounded(self, columns: BoundResult, plan: SitePlan, seed: int) -> Fleet:
        room = search_room(self.problem, self.site, plan, unserved_krw(self.problem))
        return rounded_plan(self.inward, room, joined(columns.plans), columns.solution.weights, seed)

    def _site_plan(self, duals: Floats, values: Floats) -> SitePlan:
        site, demand = self.site, self.problem.demand
        battery = np.zeros(self.problem.step_count)
        if len(site.battery_up_kw):
            battery = values[site.battery_up_kw] - values[site.battery_down_kw]
        peak = np.inf if demand is None else demand.sunk_kw + float(values[site.peak_over_kw].sum())
        return SitePlan(duals, battery, peak)

    def _search(self, plan: SitePlan, settings: SearchSettings) -> None:
        """Improve the fleet's plans and polish them; keep the result if it is the best."""
        room = search_room(self.problem, self.site, plan, unserved_krw(self.problem))
        if self.fleet is not None:
            recount(self.inward, room, self.fleet)
        if self.fleet is None or not self.fleet.served.all():
            fresh = build_plan(self.inward, room, settings.seed)
            if self.fleet is None or fleet_cost(room, fresh) < fleet_cost(room, self.fleet):
                self.fleet = fresh
        target = (
            self.best.bound_krw * (1 + 0.5 * self.settings.limits.gap) if np.isfinite(self.best.bound_krw) else -np.inf
        )
        self.fleet = improve_plan(
            self.inward, room, copied(self.fleet), replace(settings, target_krw=target, stop=self.stop)
        )
        self._keep_polished(plan)

    def _keep_polished(self, plan: SitePlan) -> None:
        if self.fleet is None or not self.fleet.served.all():
            return
        schedule = _schedule(self.problem, self.inward, self.fleet, plan)
        for candidate in (schedule, polish(self.problem, self.site, schedule)):
            self._keep(candidate)

    def _keep_baseline(self) -> None:
        """Begin with what plugging in on arrival does, where it serves every bus: a plan at once."""
        plan = plug_on_arrival(self.problem)
        if not plan.relaxed:
            self._keep(
                Schedule(plan.charge_kw, plan.discharge_kw, plan.plugged_class, plan.pv_kw, plan.site_battery_kw)
            )

    def _keep(self, schedule: Schedule) -> None:
        plan = plan_of(self.problem, schedule, Verdict(PlanStatus.FEASIBLE, -np.inf, "", "", 0.0))
        limits = self.problem.site
        fits = (plan.grid_kw <= limits.import_limit_kw + 1e-4).all() and (
            -plan.grid_kw <= limits.export_limit_kw + 1e-4
        ).all()
        if fits and plan.objective_krw < self.best.objective_krw:
            self.best.schedule, self.best.objective_krw = schedule, plan.objective_krw

    def _prove(self, duals: Floats, spacing_kwh: float) -> None:
        """Raise the bound to what the prices prove on a lattice."""
        if self._proved == (id(duals), spacing_kwh):
            return
        self._proved = (id(duals), spacing_kwh)
        grid = lattice(self.problem, spacing_kwh, Rounding.OUTWARD)
        self.best.bound_krw = max(self.best.bound_krw, lagrangian_bound_krw(self.problem, grid, self.site, duals))


def _drivable_lattice(problem: DepotProblem, spacing_kwh: float) -> Lattice:
    """Return an inward lattice, finer than asked for at the buses with too little to spare to drive on it."""
    spacing = np.full(problem.bus_count, spacing_kwh)
    for _ in range(FINER_TRIES):
        grid = lattice(problem, spacing, Rounding.INWARD)
        stuck = (grid.low > grid.high).any(axis=1)
        if not stuck.any():
            break
        spacing[stuck] /= 2
    return grid


def _schedule(problem: DepotProblem, grid: Lattice, fleet: Fleet, plan: SitePlan) -> Schedule:
    plans = fleet_plans(problem, grid, fleet)
    load = (
        problem.site.base_kw
        + charging_at_bus_bar_kw(problem, plans.charge_kw, plans.plugged_class)
        - feeding_at_bus_bar_kw(problem, plans.discharge_kw, plans.plugged_class)
        + plan.battery_kw
    )
    pv = pv_worth_using_kw(problem, load)
    return Schedule(plans.charge_kw, plans.discharge_kw, plans.plugged_class, pv, plan.battery_kw)
