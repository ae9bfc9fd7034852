"""The search behind `coordinate`: what is planned so far, the tangents found, the bound proved, area by area."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from grid.powerflow import PowerFlow, solve
from grid.status import Status
from optimizers.ac_cuts import Tangents, tangents
from optimizers.arrays import Flags, Floats, Ints
from optimizers.coordination_area import AreaProgramme, AreaSolution, Member
from optimizers.coordination_areas import areas_of, branch_areas
from optimizers.coordination_assets import AssetPlan
from optimizers.coordination_bound import NodalPrices, constants_krw, legal_prices, nodal_prices
from optimizers.coordination_first import first_plan, supply_prices
from optimizers.coordination_limits import LimitBook, Places, least_excess
from optimizers.coordination_loads import at_buses, loads_of, put_rows, range_at_buses, rows_of
from optimizers.coordination_plan import Round
from optimizers.coordination_problem import CityProblem
from optimizers.coordination_settings import CoordinationSettings, CoordinationState
from optimizers.highs_arrays import SolverError

BEARING = 0.05
"""An asset bears on a limit when its bus moves the limit by this share of what the most effective bus does."""
NEAR_PU, NEAR_SHARE = 0.004, 0.1
"""A violated limit gets its tangents in all steps in which it is nearer than this to binding."""
MARGIN = 0.02
"""Tangents ask for this share of the tolerance more than the limit, so that few rounds end inside it."""
PRICE_FLOOR_KRW = 1e-9


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
        self._programmes: dict[int, tuple[tuple[Ints, ...], AreaProgramme, Ints]] = {}
        self._away: Flags | None = None
        self._proved_before = -np.inf

    # ---- what is known before any limit is looked at ----

    def start(self) -> None:
        """Make the first plan and what is proved without prices of limits."""
        first = first_plan(self.problem, self.settings)
        self.plans: list[AssetPlan] = list(first.plans)
        self.own_bound = first.own_bound
        self.supply = first.supply
        self.supply_constant_krw = first.supply_constant_krw
        self.kw, self.kvar = loads_of(self.problem, self.plans)
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

    def flow(self) -> PowerFlow:
        """Return the power flow of the plan."""
        return solve(self.problem.network, self.kw, self.kvar, with_loading=True)

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
        excess = self.rows.at(self.kw, self.kvar) - self.allowed
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

    def cost_krw(self, flow: PowerFlow) -> float:
        """Return what assets pay, and what supply costs where it has a price."""
        supplied = flow.solution.sums.slack_kw.sum(axis=0)
        paid = float((supplied * self.problem.supply_price).sum() * self.problem.step_h)
        return sum(float(plan.cost_krw.sum()) for plan in self.plans) + paid

    def objective_krw(self, flow: PowerFlow) -> float:
        """Return cost and price of violations."""
        return self.cost_krw(flow) + self.violation_krw(self.violated(flow))

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
        self.supply, self.supply_constant_krw = supply_prices(self.problem, flow, self.kw, self.kvar)
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
                self.take(Member(number, free, block.select(free)), rows_of(answer.plan, free))
        if len(areas):
            self.forget_programmes(areas)
            self.plan_areas(areas)

    def snapshot(self) -> tuple[list[AssetPlan], Floats, Floats]:
        """Return a copy of the plan that `restore` can bring back."""
        plans = [replace(p, kw=p.kw.copy(), kvar=p.kvar.copy(), cost_krw=p.cost_krw.copy()) for p in self.plans]
        return plans, self.kw.copy(), self.kvar.copy()

    def restore(self, before: tuple[list[AssetPlan], Floats, Floats]) -> None:
        """Bring a plan back."""
        self.plans, self.kw, self.kvar = before

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
        places = self.book.beyond(flow, nearer)
        places = self._few_a_group(places.take(solved[places.step] & np.isfinite(places.excess)))
        new = tangents(self.book, flow, places, self.kw, self.kvar, self._always_away())
        kept = ~self.rows.stale_beside(new)
        self.rows = self.rows.take(kept) + new
        self.row_price = np.concatenate([self.row_price[kept], np.zeros(len(new))])
        self.allowed = self._allowed(self.rows)
        return np.unique(self.limit_area[violated.limit])

    def _few_a_group(self, places: Places) -> Places:
        """Keep, of each violation (kind, group, step), the limits that are beyond or nearest: others rarely bind."""
        key = self.book.slack[places.limit] * self.problem.steps + places.step
        order = np.lexsort((-places.excess, key))
        rank = np.arange(len(order)) - np.searchsorted(key[order], key[order])
        return places.take(np.sort(order[rank < 6]))

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
        parts = [self._programme(int(area)) for area in areas]
        for (programme, rows), solution in zip(parts, self._solved([part[0] for part in parts]), strict=True):
            if solution is None:
                continue
            self.row_price[rows] = solution.row_price
            for number, value in programme.slack_values().items():
                self.slack_seen[divmod(number, self.problem.steps)] = value
            for member, plan in zip(programme.members, solution.plans, strict=True):
                self.take(member, plan)
        self.prove(areas)

    def plan_with_columns(self, areas: Ints, choices: list[tuple[Member, ...]]) -> list[AreaSolution | None]:
        """Return solutions of areas in which depots may mix the plans known of them, and note their prices."""
        parts = [self._built(int(area), extra) for area, extra in zip(areas, choices, strict=True)]
        solutions = self._solved([part[0] for part in parts])
        for (_, rows), solution in zip(parts, solutions, strict=True):
            if solution is not None:
                self.row_price[rows] = solution.row_price
        return solutions

    def forget_programmes(self, areas: Ints) -> None:
        """Build the programmes of some areas anew next time: loads they do not plan have changed."""
        for area in areas.tolist():
            self._programmes.pop(area, None)

    def _solved(self, programmes: list[AreaProgramme]) -> list[AreaSolution | None]:
        with ThreadPoolExecutor(self.settings.threads) as pool:
            return list(pool.map(_solved, programmes))

    def take(self, member: Member, plan: AssetPlan) -> None:
        """Put the plan of some assets in place, and the loads that follow."""
        whole, rows, bus = self.plans[member.block], member.assets, member.part.bus
        buses = len(self.problem.network.buses)
        self.kw += at_buses(plan.kw - whole.kw[rows], bus, buses)
        self.kvar += at_buses(plan.kvar - whole.kvar[rows], bus, buses)
        self.plans[member.block] = put_rows(whole, rows, plan)

    def _programme(self, area: int) -> tuple[AreaProgramme, Ints]:
        """Return an area's programme with all its tangents, made anew when other assets bear on them."""
        rows = np.flatnonzero(self.limit_area[self.rows.limit] == area)
        tangent = self.rows.take(rows)
        bearing = self._bearing(tangent)
        scope = tuple(
            np.flatnonzero(bearing[block.bus]) if _compact(block) else np.zeros(0, np.int64)
            for block in self.problem.assets
        )
        known = self._programmes.get(area)
        identity = self.rows.limit[rows] * self.problem.steps + self.rows.step[rows]
        if known is not None and tangent.outer.all() and all(map(np.array_equal, known[0], scope)):
            done = len(known[2])
            if np.array_equal(identity[:done], known[2]):
                self._add_rows(known[1], rows[done:])
                self._programmes[area] = (scope, known[1], identity)
                return known[1], rows
        programme, rows = self._built(area, ())
        self._programmes[area] = (scope, programme, identity)
        return programme, rows

    def _built(self, area: int, extra: tuple[Member, ...]) -> tuple[AreaProgramme, Ints]:
        rows = np.flatnonzero(self.limit_area[self.rows.limit] == area)
        bearing = self._bearing(self.rows.take(rows))
        compact = [(number, block) for number, block in enumerate(self.problem.assets) if _compact(block)]
        scopes = [(number, block, np.flatnonzero(bearing[block.bus])) for number, block in compact]
        members = (*(Member(number, at, block.select(at)) for number, block, at in scopes if at.size), *extra)
        prices = tuple(self.supply.seen_by(member.part.bus) for member in members)
        programme = AreaProgramme(members, prices, self.problem, self.settings.time_limit_s)
        self._add_rows(programme, rows)
        return programme, rows

    def _bearing(self, rows: Tangents) -> Flags:
        """Return (N,) buses that move any of the tangents."""
        strength = abs(rows.by_kw) + abs(rows.by_kvar)
        most = strength.max(axis=1).toarray().ravel()
        strength = strength.tocoo()
        bears = strength.data >= BEARING * most[strength.coords[0]]
        found = np.zeros(strength.shape[1], dtype=bool)
        found[strength.coords[1][bears]] = True
        return found

    def _add_rows(self, programme: AreaProgramme, rows: Ints) -> None:
        if not len(rows):
            return
        tangent = self.rows.take(rows)
        planned = programme.seen_by(tangent, [self.plans[m.block].kw[m.assets] for m in programme.members],
                                    [self.plans[m.block].kvar[m.assets] for m in programme.members])  # fmt: skip
        outside = tangent.at(self.kw, self.kvar) - planned
        room = self.allowed[rows] - MARGIN * self.book.tolerance[tangent.limit] - outside
        programme.add(
            tangent, self.book.slack[tangent.limit], self.book.price_krw[tangent.limit] * self.problem.step_h, room
        )

    # ---- the bound ----

    def prices(self, areas: Ints) -> NodalPrices:
        """Return the added prices at every bus by the present prices of some areas' outer tangents."""
        mine = np.flatnonzero(np.isin(self.limit_area[self.rows.limit], areas))
        rows = self.rows.take(mine)
        return nodal_prices(rows, legal_prices(self.book, rows, self.row_price[mine]), self.problem)

    def prove(self, areas: Ints, known: Mapping[int, tuple[Ints, Floats]] = MappingProxyType({})) -> None:
        """Evaluate the bound that the present prices of some areas' tangents prove.

        `known` has, for blocks planned by columns, assets and the (A,) bounds of their answers to these prices; without
        it they count with what costs no solve.
        """
        mine = np.flatnonzero(np.isin(self.limit_area[self.rows.limit], areas))
        rows = self.rows.take(mine)
        price = legal_prices(self.book, rows, self.row_price[mine])
        prices = nodal_prices(rows, price, self.problem)
        gain = np.zeros(int(self.bus_area.max()) + 1)
        np.add.at(gain, self.limit_area[rows.limit], constants_krw(rows, price, self.allowed[mine], self.problem))
        moved = (np.abs(prices.kw) > PRICE_FLOOR_KRW).any(axis=0) | (np.abs(prices.kvar) > PRICE_FLOOR_KRW).any(axis=0)
        for number, block in enumerate(self.problem.assets):
            at = np.flatnonzero(moved[block.bus])
            if at.size:
                part = block.select(at)
                own = self.own_bound[number][at]
                np.add.at(gain, self.bus_area[part.bus], self._answered(part, prices, own) - own)
            if number in known:
                asked, bound = known[number]
                cheap = self._answered(block.select(asked), prices, self.own_bound[number][asked])
                np.add.at(gain, self.bus_area[block.bus[asked]], np.maximum(bound - cheap, 0.0))
        for area in areas.tolist():
            self.area_gain[area] = max(self.area_gain.get(area, 0.0), float(gain[area]))

    def _answered(self, part: object, prices: NodalPrices, own: Floats) -> Floats:
        """Return (A,) bounds of assets at prices of limits; of kinds planned by columns what costs no solve."""
        if _compact(part):
            return part.best_response((prices + self.supply).seen_by(part.bus)).lower_bound_krw  # type: ignore[attr-defined]
        low, high = part.power_range_kw()  # type: ignore[attr-defined]
        seen = prices.seen_by(part.bus)  # type: ignore[attr-defined]
        price = seen.kw_krw_per_kwh[seen.row]
        return np.asarray(own + np.minimum(price * low, price * high).sum(axis=1) * self.problem.step_h)


def _solved(programme: AreaProgramme) -> AreaSolution | None:
    try:
        return programme.solve()
    except SolverError:
        return None


def _compact(block: object) -> bool:
    return not getattr(block, "by_columns", False)


def _at(values: object, places: Places) -> Floats:
    if not len(places):
        return np.zeros(0)
    return np.asarray(values[places.limit, places.step]).ravel()  # type: ignore[index]
