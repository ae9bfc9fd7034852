"""One depot of any size: bound by column generation, plan by search, both for the problem as it is stated.

The bound comes from lattices rounded outward, the plan from one rounded inward and then from a linear programme
without any lattice, so that plan and bound enclose the optimum of the continuous problem. Prices are refined only
while the gap is open.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

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
from optimizers.depot_cost import Schedule, plan_of
from optimizers.depot_decomposition_reasons import hopeless, why_none
from optimizers.depot_decomposition_settings import DecompositionSettings, Stop
from optimizers.depot_progress import Progress
from optimizers.depot_schedule import drivable_lattice, schedule_of
from optimizers.master_site import SiteModel, site_model
from optimizers.master_wear import wear_duals
from optimizers.plan import DepotPlan, NoPlan, PlanStatus, Verdict
from optimizers.pricing_lattice import Rounding, lattice
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
PROOF_SPACING = 0.1
"""The final bound is proved on levels so many times as far apart."""
PRICES_FIRST = 5.0
"""With a gap wider than so many times the gap asked for, better prices come before more search."""
MASTER_GAP = 0.05
"""Columns are generated until bound and master are within this share of the gap asked for."""
TRIES_A_BUS = 8
PATIENCE = 2
"""Rounds of search without gain after which it goes on from another rounding."""
ROUNDINGS = 5
"""How often the master's solution is rounded with and without regard to the peak, first to the largest shares."""
BOUND_FOR = "the depot's problem as stated, charge levels and powers continuous"


def solve_decomposed(problem: DepotProblem, limits: SolveLimits) -> DepotPlan | NoPlan:
    """Plan a depot without lanes by decomposition; see `plan_depot`."""
    return plan_depot(problem, DecompositionSettings(limits))


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
    problem: DepotProblem,
    settings: DecompositionSettings,
    cancel: Callable[[], bool] = never,
    progress: Progress | None = None,
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
    progress
        Of an earlier solve of the same problem to go on from; updated.

    Returns
    -------
    DepotPlan or NoPlan
        `OPTIMAL` only if the gap asked for is proved.
    """
    progress = Progress() if progress is None else progress
    stop, before_s = Stop(settings.limits, cancel), progress.wall_s
    solve = _Solve(problem, settings, stop, progress)
    try:
        reasons = solve.run()
    except KeyboardInterrupt:
        stop.interrupted = True
        reasons = ()
    progress.wall_s = wall_s = before_s + stop.wall_s
    method = f"decomposition by bus, {solver_version()}"
    if reasons:
        return NoPlan(problem.id, PlanStatus.INFEASIBLE, reasons, method, wall_s)
    if progress.schedule is None:
        return NoPlan(problem.id, PlanStatus.FAILED, (why_none(solve.short, stop()),), method, wall_s)
    status = PlanStatus.OPTIMAL if progress.gap <= settings.limits.gap else PlanStatus.FEASIBLE
    return plan_of(problem, progress.schedule, Verdict(status, progress.bound_krw, BOUND_FOR, method, wall_s))


class _Solve:
    """The steps of one solve, in order, each ending early when the gap is closed or it is time to stop."""

    def __init__(self, problem: DepotProblem, settings: DecompositionSettings, stop: Stop, best: Progress) -> None:
        self.problem, self.settings, self.stop, self.best = problem, settings, stop, best
        self.proof_kwh = settings.coarseness * settings.spacing_kwh
        self.inward = drivable_lattice(problem, self.proof_kwh)
        self.site: SiteModel = site_model(problem)
        self.short = 0.0
        self._proved: tuple[int, float] | None = None

    def run(self) -> tuple[str, ...]:
        """Solve; return the reasons when no plan can exist."""
        if self.best.site_plan is None:
            outward = lattice(self.problem, self.settings.spacing_kwh, Rounding.OUTWARD)
            pooled = pooled_depot(self.problem, outward, self.site)
            reasons = hopeless(self.problem, outward)
            if reasons:
                return reasons
            self._keep_baseline()
            duals = self._at_pooled_prices(pooled)
            if self._done():
                return ()
            self._generate(duals)
        if self.best.site_plan is not None:
            self._search_on(self.best.site_plan)
        return ()

    def _generate(self, duals: Floats) -> None:
        """Generate columns from some prices on, prove their bound, round the master."""
        columns = self._columns(duals)
        if len(columns.impossible):
            return
        self.short = float(columns.solution.unserved.sum())
        plan = self._site_plan(columns.duals, columns.solution.site_values)
        self.best.keep_master(columns, plan)
        self._prove(columns.duals, PROOF_SPACING * self.proof_kwh)
        self._round(plan)

    def _search_on(self, plan: SitePlan) -> None:
        """Search; after some rounds without gain go on from another rounding."""
        best = self.best
        for _ in range(self.settings.searches):
            if self._done():
                break
            before_krw = best.objective_krw
            self._search(plan, self._effort(TRIES_A_BUS * self.problem.bus_count, 3 + best.rounds))
            best.rounds += 1
            best.idle = 0 if best.objective_krw < before_krw else best.idle + 1
            if best.idle == PATIENCE:
                best.idle, best.fleet = 0, self._rounded(plan, 2 * ROUNDINGS + best.rounds)

    def _at_pooled_prices(self, pooled: Pooled) -> Floats:
        """Search at the prices of the pooled depot, while that goes well; return the prices, wear included."""
        duals, size = pooled.duals, self.problem.bus_count
        self._prove(duals, self.proof_kwh)
        if self.stop() and self.best.schedule is not None:
            return duals
        for number, tries in enumerate((size, 2 * size, 4 * size)):
            self._search(self._site_plan(duals, pooled.site_values), self._effort(tries, number))
            if self.site.wear_rows.size and self.best.fleet is not None:
                duals = pooled.duals + self._wear_duals(self.best.fleet)
                self._prove(duals, self.proof_kwh)
            if self.best.gap <= REFINE_WITHIN * self.settings.limits.gap:
                self._prove(duals, PROOF_SPACING * self.proof_kwh)
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
        return self.stop() or self.best.gap <= self.settings.enough

    def _columns(self, duals: Floats) -> BoundResult:
        start = () if self.best.fleet is None else (fleet_plans(self.problem, self.inward, self.best.fleet),)
        settings = BoundSettings(gap=self.settings.limits.gap * MASTER_GAP, stop=self.stop)
        return generate_columns(self.problem, self.inward, start, settings, duals)

    def _round(self, plan: SitePlan) -> None:
        """Round the master's shares of plans to one plan a bus, several times; go on from the best."""
        room = search_room(self.problem, self.site, plan, unserved_krw(self.problem))
        before, best_krw = self.best.fleet, np.inf
        if before is not None:
            recount(self.inward, room, before)
        for capped in (False, True):
            drawn = [self._rounded(plan, 2 * i + capped) for i in range(ROUNDINGS) if not self._done()]
            starts = [fleet for fleet in (*drawn, before) if fleet is not None]
            if not starts:
                return
            fleet = min(starts, key=lambda fleet: float(fleet_cost(room, fleet)))
            krw = self._polished_krw(fleet, plan)
            if krw < best_krw or self.best.fleet is before:
                self.best.fleet, best_krw = fleet, krw

    def _rounded(self, plan: SitePlan, number: int) -> Fleet | None:
        """Round once more: numbers that are even disregard the peak."""
        if self.best.plans is None or self.best.shares is None:
            return self.best.fleet
        room = search_room(self.problem, self.site, plan, unserved_krw(self.problem))
        return rounded_plan(self.inward, room, self.best.plans, self.best.shares, number // 2, capped=number % 2 == 1)

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
        if self.best.fleet is not None:
            recount(self.inward, room, self.best.fleet)
        if self.best.fleet is None or not self.best.fleet.served.all():
            fresh = build_plan(self.inward, room, settings.seed)
            if self.best.fleet is None or fleet_cost(room, fresh) < fleet_cost(room, self.best.fleet):
                self.best.fleet = fresh
        target = self.best.bound_krw * (1 + 0.5 * self.settings.enough) if np.isfinite(self.best.bound_krw) else -np.inf
        self.best.fleet = improve_plan(
            self.inward, room, copied(self.best.fleet), replace(settings, target_krw=target, stop=self.stop)
        )
        self._polished_krw(self.best.fleet, plan)

    def _polished_krw(self, fleet: Fleet, plan: SitePlan) -> float:
        """Keep the plans of a fleet as they are and polished, if they are the best; return what they cost then."""
        if not fleet.served.all():
            return np.inf
        schedule = schedule_of(self.problem, self.inward, fleet, plan)
        return min(self._keep(schedule), self._keep(polish(self.problem, self.site, schedule)))

    def _keep_baseline(self) -> None:
        """Begin with what plugging in on arrival does, where it serves every bus: a plan at once."""
        plan = plug_on_arrival(self.problem)
        if not plan.relaxed:
            self._keep(
                Schedule(plan.charge_kw, plan.discharge_kw, plan.plugged_class, plan.pv_kw, plan.site_battery_kw)
            )

    def _keep(self, schedule: Schedule) -> float:
        """Keep a schedule if the site can carry it and it is the best; return its cost, inf if it cannot be carried."""
        plan = plan_of(self.problem, schedule, Verdict(PlanStatus.FEASIBLE, -np.inf, "", "", 0.0))
        limits = self.problem.site
        fits = (plan.grid_kw <= limits.import_limit_kw + 1e-4).all() and (
            -plan.grid_kw <= limits.export_limit_kw + 1e-4
        ).all()
        if not fits:
            return np.inf
        if plan.objective_krw < self.best.objective_krw:
            self.best.schedule, self.best.objective_krw = schedule, plan.objective_krw
        return plan.objective_krw

    def _prove(self, duals: Floats, spacing_kwh: float) -> None:
        """Raise the bound to what the prices prove on a lattice."""
        if self._proved == (id(duals), spacing_kwh):
            return
        self._proved = (id(duals), spacing_kwh)
        grid = lattice(self.problem, spacing_kwh, Rounding.OUTWARD)
        self.best.bound_krw = max(self.best.bound_krw, lagrangian_bound_krw(self.problem, grid, self.site, duals))
