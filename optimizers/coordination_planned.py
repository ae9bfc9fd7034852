"""The plan of a city while it is being made: what every asset does, and the loads that follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from grid.powerflow import PowerFlow, solve
from optimizers.arrays import Floats
from optimizers.coordination_area import Member
from optimizers.coordination_assets import AssetPlan
from optimizers.coordination_loads import at_buses, loads_of, put_rows
from optimizers.coordination_problem import CityProblem


class Planned:
    """Plans of all blocks and the (T, N) loads with them, kept in step with each other."""

    def __init__(self, problem: CityProblem, plans: Sequence[AssetPlan]) -> None:
        self.problem = problem
        self.plans = list(plans)
        self.kw, self.kvar = loads_of(problem, plans)

    def take(self, member: Member, plan: AssetPlan) -> None:
        """Put the plan of some assets in place."""
        whole, rows, bus = self.plans[member.block], member.assets, member.part.bus
        buses = self.kw.shape[1]
        self.kw += at_buses(plan.kw - whole.kw[rows], bus, buses)
        self.kvar += at_buses(plan.kvar - whole.kvar[rows], bus, buses)
        self.plans[member.block] = put_rows(whole, rows, plan)

    def flow(self) -> PowerFlow:
        """Return the power flow of the plan."""
        return solve(self.problem.network, self.kw, self.kvar, with_loading=True)

    def cost_krw(self, flow: PowerFlow) -> float:
        """Return what assets pay, and what supply costs where it has a price."""
        supplied = flow.solution.sums.slack_kw.sum(axis=0)
        paid = float((supplied * self.problem.supply_price).sum() * self.problem.step_h)
        return sum(float(plan.cost_krw.sum()) for plan in self.plans) + paid

    def snapshot(self) -> tuple[list[AssetPlan], Floats, Floats]:
        """Return a copy of the plan that `restore` can bring back."""
        plans = [replace(p, kw=p.kw.copy(), kvar=p.kvar.copy(), cost_krw=p.cost_krw.copy()) for p in self.plans]
        return plans, self.kw.copy(), self.kvar.copy()

    def restore(self, before: tuple[list[AssetPlan], Floats, Floats]) -> None:
        """Bring a plan back."""
        self.plans, self.kw, self.kvar = before
