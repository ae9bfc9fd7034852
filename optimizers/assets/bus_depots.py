"""Electric-bus depots: integer plans, so the coordinator knows them by whole plans that answer its prices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from data.errors import ProblemList
from optimizers.arrays import Floats, Ints
from optimizers.coordination_assets import AssetPlan, BestResponse, BusPrices
from optimizers.depot_cost import Schedule, plan_of
from optimizers.fleet import FleetSettings, plan_fleet
from optimizers.plan import DepotPlan, NoPlan, PlanStatus, Verdict
from optimizers.problem import DepotProblem

NO_PRICE_KRW = 1e-6
"""Added prices below this leave a depot's plan as it is."""


@dataclass(frozen=True, eq=False)
class BusDepots:
    """A depots with a plan each: the answer to no added price, made beforehand or by a baseline.

    Attributes
    ----------
    bus
        (A,) position in the network's buses.
    problems, plans
        The depots and their plans at their own tariffs.
    kvar_per_kw
        Reactive power drawn with each kW.
    step_h
        Length of a step.
    settings
        How depots are planned anew when prices are added.
    """

    bus: Ints
    problems: Sequence[DepotProblem]
    plans: Sequence[DepotPlan]
    kvar_per_kw: float
    step_h: float
    settings: FleetSettings
    kind: str = "electric-bus depots"
    by_columns: bool = True

    def select(self, assets: Ints) -> BusDepots:
        """Return some of the depots."""
        return replace(
            self,
            bus=self.bus[assets],
            problems=[self.problems[k] for k in assets],
            plans=[self.plans[k] for k in assets],
        )

    def check(self, steps: int, step_h: float, problems: ProblemList) -> None:
        """Note depots of another horizon; depots themselves are checked when they are planned."""
        for problem in self.problems:
            if problem.step_count != steps or not np.allclose(problem.step_h, step_h):
                problems.add(problem.id, "a depot of another horizon", f"give {steps} steps of {step_h:g} h")
        if len(self.plans) != len(self.problems) or len(self.bus) != len(self.problems):
            problems.add(self.kind, "not one plan and bus a depot", "give one each")

    def best_response(self, prices: BusPrices) -> BestResponse:
        """Return each depot's best plan; those that see no price keep theirs, the others are planned anew.

        A depot that gives no plan in time keeps its old one, with the bound that its cost never goes below that of no
        added price less what the price could save at most.
        """
        active = prices.kw_krw_per_kwh[prices.row] + self.kvar_per_kw * prices.kvar_krw_per_kvarh[prices.row]
        plans = list(self.plans)
        asked = np.flatnonzero((np.abs(active) > NO_PRICE_KRW).any(axis=1)).tolist()
        bound = np.array([_bound(plan) for plan in plans]) + self._least_paid_krw(active)
        if asked:
            priced = [_priced(self.problems[k], active[k]) for k in asked]
            for k, plan in zip(asked, plan_fleet(priced, self.settings).plans, strict=True):
                if not isinstance(plan, NoPlan):
                    bound[k] = max(bound[k], plan.lower_bound_krw)
                    plans[k] = _at_own_tariff(self.problems[k], plan, self.plans[k])
        return BestResponse(self._plan(plans), bound)

    def _least_paid_krw(self, price: Floats) -> Floats:
        """Return an (A,) lower bound of what any plan pays at the added price alone."""
        low, high = self.power_range_kw()
        return np.asarray((np.minimum(price * low, price * high)).sum(axis=1) * self.step_h)

    def _plan(self, plans: list[DepotPlan]) -> AssetPlan:
        kw = np.array([plan.grid_kw for plan in plans]).reshape(len(plans), -1)
        return AssetPlan(kw, kw * self.kvar_per_kw, np.array([plan.objective_krw for plan in plans]), plans)

    def power_range_kw(self) -> tuple[Floats, Floats]:
        """Return what the site's connections allow, or all chargers at once where that is less."""
        ranges = [_power_range_kw(problem) for problem in self.problems]
        shape = (len(ranges), -1) if ranges else (0, 0)
        return np.array([low for low, _ in ranges]).reshape(shape), np.array([high for _, high in ranges]).reshape(
            shape
        )

    def model(self) -> None:
        """Return nothing: a depot is planned by columns of best responses."""

    def plan_of(self, columns: Floats) -> AssetPlan:
        """Raise: there is no compact model whose columns could be meant."""
        raise TypeError(f"{len(columns)} columns for depots, which are planned by whole plans")


def _bound(plan: DepotPlan) -> float:
    """Return the bound of a plan at its own tariff; 0 holds where none was proved, for a depot never earns."""
    return max(plan.lower_bound_krw, 0.0)


def _power_range_kw(problem: DepotProblem) -> tuple[Floats, Floats]:
    """Return (T,) least and most import: base load, all outlets, battery and PV at once, inside the connection."""
    site, battery = problem.site, problem.site.battery
    charge = sum(kind.count * kind.max_kw / kind.efficiency for kind in problem.chargers)
    discharge = sum(kind.count * kind.max_discharge_kw * kind.efficiency for kind in problem.chargers)
    stored_kw = (0.0, 0.0) if battery is None else (battery.max_charge_kw, battery.max_discharge_kw)
    high = np.minimum(site.base_kw + charge + stored_kw[0], site.import_limit_kw)
    low = np.maximum(site.base_kw - site.pv_kw - discharge - stored_kw[1], -site.export_limit_kw)
    return low, np.maximum(high, low)


def _at_own_tariff(problem: DepotProblem, plan: DepotPlan, before: DepotPlan) -> DepotPlan:
    """Return a plan made at added prices as the depot's own tariff sees it, with the bound known for that tariff."""
    schedule = Schedule(plan.charge_kw, plan.discharge_kw, plan.plugged_class, plan.pv_kw, plan.site_battery_kw)
    status = PlanStatus.FEASIBLE if plan.status is PlanStatus.OPTIMAL else plan.status
    method = f"{plan.method}, at prices of the grid's limits"
    verdict = Verdict(status, before.lower_bound_krw, before.bound_for, method, plan.wall_s, plan.relaxed)
    return plan_of(problem, schedule, verdict)


def _priced(problem: DepotProblem, price: Floats) -> DepotProblem:
    prices = problem.prices
    buy, sell = prices.buy_krw_per_kwh + price, prices.sell_krw_per_kwh + price
    return replace(problem, prices=replace(prices, buy_krw_per_kwh=buy, sell_krw_per_kwh=sell))
