"""The search behind `coordinate`: what is planned so far, the tangents found, the bound proved, area by area."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType

import numpy as np

from grid.powerflow import PowerFlow, solve
from grid.status import Status
from optimizers.ac_cuts import Tangents, tangents
from optimizers.arrays import Flags, Floats, Ints
from optimizers.coordination_area import AreaProgramme, AreaSolution, Member
from optimizers.coordination_areas import areas_of, branch_areas
from optimizers.coordination_bound import NodalPrices, PricedRows, area_gains, legal_prices, nodal_prices
from optimizers.coordination_first import first_plan, supply_prices
from optimizers.coordination_limits import LimitBook, Places, least_excess
from optimizers.coordination_loads import range_at_buses, rows_of
from optimizers.coordination_plan import Round
from optimizers.coordination_planned import Planned
from optimizers.coordination_problem import CityProblem
from optimizers.coordination_programmes import AreaRows, Programmes
from optimizers.coordination_settings import CoordinationSettings, CoordinationState
from optimizers.highs_arrays import SolverError

NEAR_PU, NEAR_SHARE = 0.004, 0.1
"""A violated limit gets its tangents in all steps in which it is nearer than this to binding."""
NEAREST = 6
"""Limits of one kind, group and step that get a tangent at once, the most exceeded first."""
REPLACING_ROUNDS = 6
"""Rounds after which newer tangents no longer replace those that are not outer: replacing can go round in circles."""


class Search:
    """A city being planned. Every method leaves the plan a plan: what is missing is only that limits are kept."""

    def __init__(
        self,
        problem: CityProblem,
        settings: CoordinationSettings,
        warm: CoordinationState | None,
        cancel: Callable[[], bool],
    ) -> None:
        self.begin = time.perf_counter()
        self.problem, self.settings, self._cancel = problem, settings, cancel
        self.book = LimitBook.of(problem)
        self.bus_area = areas_of(problem.network)
        branch_area = branch_areas(problem.network, self.bus_area)
        on_bus = self.book.kind < 2
        bus, branch = np.where(on_bus, self.book.element, 0), np.where(on_bus, 0, self.book.element)
        self.limit_area = np.where(on_bus, self.bus_area[bus], branch_area[branch])
        self.rows = warm.rows if warm else Tangents.none(len(problem.network.buses))
        self.row_price = np.zeros(len(self.rows))
        self.slack_seen: dict[tuple[int, int], float] = {}
        self.area_gain: dict[int, float] = {}
        self.rounds: list[Round] = []
        self.programmes = Programmes(problem, self.book, settings.time_limit_s)
        self._away: Flags | None = None
        self._proved_before = -np.inf

    # ---- what is known before any limit is looked at ----

    def start(self) -> None:
        """Make the first plan and what is proved without prices of limits."""
        first = first_plan(self.problem, self.settings)
        self.planned = Planned(self.problem, first.plans)
        self.own_bound = first.own_bound
        self.supply = first.supply
        self.supply_constant_krw = first.supply_constant_krw
        low, _ = range_at_buses(self.problem)
        flows = [first.resting]
        if low.any():
            relieved = self.problem.base_kw + low
            flows.append(solve(self.problem.network, relieved, self.problem.base_kvar, with_loading=True))
        self._relieved = flows[-1]
        self.least = least_excess(self.book, tuple(flows))
        self.allowed = self._allowed(self.rows)

    def stop(self) -> bool:
        """Return whether time is up or somebody asked to stop."""
        return self._cancel() or time.perf_counter() - self.begin >= self.settings.time_limit_s

    def net(self, places: Places) -> Places:
        """Return places with what no plan avoids taken off their excess."""
        return Places(places.limit, places.step, places.excess - _at(self.least, places))

    def converged(self, flow: PowerFlow) -> Flags:
        """Return (T,) steps that were solved everywhere."""
        return np.asarray(flow.solution.sums.status == Status.CONVERGED)

    def carry_over(self) -> None:
        """Plan the areas that tangents of an earlier plan speak of, where the first plan breaks them."""
        if not len(self.rows):
            return
        excess = self.rows.at(self.planned.kw, self.planned.kvar) - self.allowed
        broken = excess > self.book.tolerance[self.rows.limit]
        if broken.any():
            self.plan_areas(np.unique(self.limit_area[self.rows.limit[broken]]))

    def violated(self, flow: PowerFlow) -> Places:
        """Return what is beyond limits by more than the tolerance and could be avoided."""
        places = self.net(self.book.beyond(flow, np.zeros(len(self.book.kind))))
        return places.take(~(places.excess <= self.book.tolerance[places.limit]))

    def violation_krw(self, violated: Places) -> float:
        """Return the price of violations: the worst limit of each kind, group and step."""
        if not len(violated):
            return 0.0
        key = self.book.slack[violated.limit] * self.problem.steps + violated.step
        kinds, violation = np.unique(key, return_inverse=True)
        worst = np.zeros(len(kinds))
        priced = np.nan_to_num(violated.excess, nan=1e6) * self.book.price_krw[violated.limit]
        np.maximum.at(worst, violation, priced)
        return float(worst.sum() * self.problem.step_h)

    def objective_krw(self, flow: PowerFlow) -> float:
        """Return cost and price of violations."""
        return self.planned.cost_krw(flow) + self.violation_krw(self.violated(flow))

    def bound_krw(self) -> float:
        """Return the best bound proved so far."""
        here = self.unlimited_bound_krw() + sum(max(gain, 0.0) for gain in self.area_gain.values())
        return max(here, self._proved_before)

    def unlimited_bound_krw(self) -> float:
        """Return the bound without prices of limits."""
        return sum(float(bound.sum()) for bound in self.own_bound) + self.supply_constant_krw

    # ---- losses ----

    def price_losses(self, flow: PowerFlow) -> None:
        """Take the tangent of losses at the present plan, and plan at the prices it makes."""
        self._proved_before = self.bound_krw()
        self.supply, self.supply_constant_krw = supply_prices(self.problem, flow, self.planned.kw, self.planned.kvar)
        answers = [block.best_response(self.supply.seen_by(block.bus)) for block in self.problem.assets]
        self.own_bound = [answer.lower_bound_krw for answer in answers]
        areas = np.array(sorted(self.area_gain), dtype=np.int64)
        self.area_gain.clear()
        planned = np.zeros(len(self.bus_area), dtype=bool)
        if len(areas):
            self.prove(areas)
            planned = np.isin(self.bus_area, areas)
        for number, (block, answer) in enumerate(zip(self.problem.assets, answers, strict=True)):
            free = np.flatnonzero(~planned[block.bus])
            if free.size:
                self.planned.take(Member(number, free, block.select(free)), rows_of(answer.plan, free))
        if len(areas):
            self.programmes.forget(areas)
            self.plan_areas(areas)

    # ---- one round ----

    def surprising(self, violated: Places) -> Places:
        """Return violations that the last programmes did not already see and pay for."""
        number = self.book.slack[violated.limit]
        seen = [self.slack_seen.get(pair, 0.0) for pair in zip(number.tolist(), violated.step.tolist(), strict=True)]
        return violated.take(~(violated.excess - np.array(seen) <= self.book.tolerance[violated.limit]))

    def tighten(self, flow: PowerFlow, violated: Places) -> Ints:
        """Add tangents at what is violated, and near it at other steps of the same limits; return the areas."""
        status = flow.solution.sums.status
        solved = ~np.isin(status, [Status.DIVERGED, Status.BAD_LOAD])
        nearer = np.full(len(self.book.kind), -np.inf)
        at = np.unique(violated.limit)
        nearer[at] = np.where(self.book.kind[at] < 2, NEAR_PU, NEAR_SHARE * self.book.size[at])
        nearer[self._feeds_of_new_areas(at)] = np.inf
        places = self.book.beyond(flow, nearer)
        places = self._few_a_group(places.take(solved[places.step] & np.isfinite(places.excess)))
        new = tangents(self.book, flow, places, self.planned.kw, self.planned.kvar, self._always_away())
        kept = ~self.rows.stale_beside(new)
        if len(self.rounds) > REPLACING_ROUNDS:
            kept[:] = True
        self.rows = self.rows.take(kept) + new
        self.row_price = np.concatenate([self.row_price[kept], np.zeros(len(new))])
        self.allowed = self._allowed(self.rows)
        return np.unique(self.limit_area[violated.limit])

    def _feeds_of_new_areas(self, violated: Ints) -> Ints:
        """Return the limits of all feeds in areas met for the first time: what is moved away must not break them."""
        met = np.unique(self.limit_area[self.rows.limit])
        fresh = np.setdiff1d(self.limit_area[violated], met)
        feeds = self.problem.limits.group_feed
        is_feed = (self.book.kind >= 2) & np.isin(self.book.element, feeds[feeds >= 0])
        return np.flatnonzero(is_feed & np.isin(self.limit_area, fresh))

    def _few_a_group(self, places: Places) -> Places:
        """Keep, of each violation (kind, group, step), the limits that are beyond or nearest: others rarely bind."""
        key = self.book.slack[places.limit] * self.problem.steps + places.step
        order = np.lexsort((-places.excess, key))
        rank = np.arange(len(order)) - np.searchsorted(key[order], key[order])
        return places.take(np.sort(order[rank < NEAREST]))

    def _allowed(self, rows: Tangents) -> Floats:
        places = Places(rows.limit, rows.step, np.zeros(len(rows)))
        return np.maximum(_at(self.least, places), 0.0)

    def _always_away(self) -> Flags:
        if self._away is None:
            loaded = np.ones((1, len(self.problem.network.buses)))
            reference = solve(self.problem.network, loaded).solution.flows().from_kw
            self._away = self._relieved.solution.flows().from_kw * np.sign(reference) >= 0.0
        return self._away

    def plan_areas(self, areas: Ints) -> None:
        """Plan the assets that bear on the limits of some areas anew, and update the bound."""
        places, programmes = [], []
        for area in areas.tolist():
            at, rows = self._rows_of_area(area)
            places.append(at)
            programmes.append(self.programmes.of(area, rows, self.planned))
        for at, programme, solution in zip(places, programmes, self._solved(programmes), strict=True):
            if solution is None:
                continue
            self.row_price[at] = solution.row_price
            for number, value in programme.slack_values().items():
                self.slack_seen[divmod(number, self.problem.steps)] = value
            for member, plan in zip(programme.members, solution.plans, strict=True):
                self.planned.take(member, plan)
        self.prove(areas)

    def plan_with_columns(self, areas: Ints, choices: list[tuple[Member, ...]]) -> list[AreaSolution | None]:
        """Return solutions of areas in which depots may mix the plans known of them, and note their prices."""
        parts = [self._rows_of_area(area) for area in areas.tolist()]
        programmes = [
            self.programmes.built(rows, self.planned, extra) for (_, rows), extra in zip(parts, choices, strict=True)
        ]
        solutions = self._solved(programmes)
        for (at, _), solution in zip(parts, solutions, strict=True):
            if solution is not None:
                self.row_price[at] = solution.row_price
        return solutions

    def _solved(self, programmes: list[AreaProgramme]) -> list[AreaSolution | None]:
        with ThreadPoolExecutor(self.settings.threads) as pool:
            return list(pool.map(_solved, programmes))

    def _rows_of_area(self, area: int) -> tuple[Ints, AreaRows]:
        at = np.flatnonzero(self.limit_area[self.rows.limit] == area)
        return at, AreaRows(self.rows.take(at), self.allowed[at], self.supply)

    # ---- the bound ----

    def prices(self, areas: Ints) -> NodalPrices:
        """Return the added prices at every bus by the present prices of some areas' outer tangents."""
        priced = self._priced(areas)
        return nodal_prices(priced.rows, priced.price_krw, self.problem)

    def prove(self, areas: Ints, known: Mapping[int, tuple[Ints, Floats]] = MappingProxyType({})) -> None:
        """Evaluate the bound that the present prices of some areas' tangents prove; see `area_gains`."""
        gain = area_gains(self.problem, self.bus_area, self._priced(areas), self.supply, self.own_bound, known)
        for area in areas.tolist():
            self.area_gain[area] = max(self.area_gain.get(area, 0.0), float(gain[area]))

    def _priced(self, areas: Ints) -> PricedRows:
        mine = np.flatnonzero(np.isin(self.limit_area[self.rows.limit], areas))
        rows = self.rows.take(mine)
        price = legal_prices(self.book, rows, self.row_price[mine])
        return PricedRows(rows, price, self.allowed[mine], self.limit_area[rows.limit])


def _solved(programme: AreaProgramme) -> AreaSolution | None:
    try:
        return programme.solve()
    except SolverError:
        return None


def _at(values: object, places: Places) -> Floats:
    if not len(places):
        return np.zeros(0)
    return np.asarray(values[places.limit, places.step]).ravel()  # type: ignore[index]
