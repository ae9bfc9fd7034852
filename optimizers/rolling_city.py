"""Re-planning a city during the day: the rest of it as a problem of its own, from the state its assets are in.

What was drawn, stored, warmed and plugged so far is carried over exactly; tangents of limits that lie ahead are kept,
so that a re-plan starts where the plan before ended. Limits of a day are reduced by what is spent of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import singledispatch

import numpy as np

from optimizers.ac_cuts import Tangents
from optimizers.arrays import Floats
from optimizers.assets.battery_fleet import BatteryFleet
from optimizers.assets.bus_depots import BusDepots
from optimizers.assets.charging import Charging
from optimizers.assets.solar import SolarInverters
from optimizers.assets.storage import Storage, plan_of_changes
from optimizers.assets.storage_block import Faults, StorageBlock
from optimizers.coordination_assets import AssetBlock, AssetPlan
from optimizers.coordination_plan import CoordinatedPlan
from optimizers.coordination_problem import CityProblem
from optimizers.coordination_settings import CoordinationState
from optimizers.depot_cost import Schedule, plan_of
from optimizers.plan import DepotPlan, PlanStatus, Verdict
from optimizers.problem import DepotProblem
from optimizers.rolling import rest_of_day
from optimizers.shared_limits import SharedState
from optimizers.shared_limits_master import Prices, supplied_kw


@dataclass(frozen=True, eq=False)
class StoragesUnderWay(StorageBlock):
    """Storages of any kind in the middle of their day, in the form all storages share.

    Attributes
    ----------
    name
        Name of the kind they are.
    under_way
        The rest of their day; prices are in it.
    """

    name: str
    under_way: Storage

    @property
    def kind(self) -> str:
        """Name of the kind."""
        return self.name

    def storage(self) -> Storage:
        """Return the rest of the day, at the block's own prices."""
        return replace(self.under_way, price_krw_per_kwh=self.price_krw_per_kwh)

    def faults(self) -> Faults:
        """Return nothing: the storages were checked at the start of the day."""
        return {}

    def select(self, assets: np.ndarray) -> StoragesUnderWay:
        """Return some of the storages."""
        return StoragesUnderWay(
            self.bus[assets],
            self.step_h,
            self.price_krw_per_kwh[assets],
            self.name,
            self.under_way.select(assets),
        )


def rest_of_city(problem: CityProblem, plan: CoordinatedPlan, step: int) -> CityProblem:
    """Return the problem from a step on, after the plan was followed up to it.

    Parameters
    ----------
    problem, plan
        The day (or the rest of it) and the plan it was run by so far.
    step
        First step of the rest, at least 1 and before the end.

    Raises
    ------
    TypeError
        For a kind of asset without a rule how its day goes on.
    """
    if not 0 < step < problem.steps:
        raise ValueError(f"step {step} of a horizon of {problem.steps}")
    shared = problem.shared
    spent_kg = float(supplied_kw(plan.flow)[:step] @ shared.carbon_kg_per_kwh[:step]) * problem.step_h
    ahead = replace(
        shared,
        supply_limit_kw=shared.supply_limit_kw[step:],
        carbon_kg_per_kwh=shared.carbon_kg_per_kwh[step:],
        carbon_limit_kg=max(shared.carbon_limit_kg - spent_kg, 0.0),
    )
    blocks = tuple(rest_of(block, own, step) for block, own in zip(problem.assets, plan.assets, strict=True))
    return replace(
        problem,
        shared=ahead,
        base_kw=problem.base_kw[step:],
        base_kvar=problem.base_kvar[step:],
        assets=blocks,
        supply_krw_per_kwh=problem.supply_krw_per_kwh[step:],
        reference_krw_per_kwh=problem.reference_krw_per_kwh[step:],
    )


@singledispatch
def rest_of(block: AssetBlock, plan: AssetPlan, step: int) -> AssetBlock:
    """Return the rest of the day of a block, in the state that its plan leaves it in at a step."""
    raise TypeError(f"{block.kind}: no rule how their day goes on from step {step} of {plan.kw.shape[1]}")


@rest_of.register
def _(block: StorageBlock, plan: AssetPlan, step: int) -> AssetBlock:
    storage = block.storage()
    level = level_of(storage, plan)[:, step]
    stores = storage.stores
    ahead = replace(
        stores,
        inflow_kwh=stores.inflow_kwh[:, step:],
        lower_kwh=stores.lower_kwh[:, step:],
        upper_kwh=stores.upper_kwh[:, step:],
        # the window at the start is kept to rounding, which the next horizon would call a start outside of it
        initial_kwh=np.clip(level, stores.lower_kwh[:, step], stores.upper_kwh[:, step]),
    )
    rest = replace(
        storage,
        stores=ahead,
        charge_limit_kw=storage.charge_limit_kw[:, step:],
        discharge_limit_kw=storage.discharge_limit_kw[:, step:],
        price_krw_per_kwh=storage.price_krw_per_kwh[:, step:],
        fixed_kw=storage.fixed_kw[:, step:],
    )
    return StoragesUnderWay(block.bus, block.step_h, block.price_krw_per_kwh[:, step:], block.kind, rest)


def level_of(storage: Storage, plan: AssetPlan) -> Floats:
    """Return (A, T + 1) the levels a plan takes storages through, from its net powers: one direction at a time."""
    net = plan.kw - storage.fixed_kw
    gain, loss = storage.charge_gain_h[:, np.newaxis], storage.discharge_gain_h[:, np.newaxis]
    change = np.maximum(net, 0.0) * gain - np.maximum(-net, 0.0) * loss
    return plan_of_changes(storage, change, np.zeros_like(net)).level_kwh


@rest_of.register
def _(block: Charging, plan: AssetPlan, step: int) -> AssetBlock:
    envelopes = block.envelopes
    drawn = plan.kw[:, :step].sum(axis=1, keepdims=True) * block.step_h
    latest = np.maximum(envelopes.latest_kwh[:, step:] - drawn, 0.0)
    earliest = np.maximum(envelopes.earliest_kwh[:, step:] - drawn, latest)
    latest[:, 0] = 0.0
    rest = replace(
        envelopes,
        power_limit_kw=envelopes.power_limit_kw[:, step:],
        latest_kwh=latest,
        earliest_kwh=earliest,
    )
    return replace(block, envelopes=rest, price_krw_per_kwh=block.price_krw_per_kwh[:, step:])


@rest_of.register
def _(block: BatteryFleet, plan: AssetPlan, step: int) -> AssetBlock:
    own, eta = block.batteries, block.batteries.efficiency[:, np.newaxis]
    change = np.maximum(plan.kw, 0.0) * eta - np.maximum(-plan.kw, 0.0) / eta
    stored = own.initial_kwh + change[:, :step].sum(axis=1) * block.step_h
    batteries = replace(own, initial_kwh=np.clip(stored, own.min_kwh, own.max_kwh))
    return replace(block, batteries=batteries, price_krw_per_kwh=block.price_krw_per_kwh[:, step:])


@rest_of.register
def _(block: SolarInverters, plan: AssetPlan, step: int) -> AssetBlock:  # noqa: ARG001 — an inverter remembers nothing
    return replace(
        block, price_krw_per_kwh=block.price_krw_per_kwh[:, step:], available_kw=block.available_kw[:, step:]
    )


@rest_of.register
def _(block: BusDepots, plan: AssetPlan, step: int) -> AssetBlock:
    plans = plan.detail if isinstance(plan.detail, list) else list(block.plans)
    problems = [rest_of_day(day, own, step) for day, own in zip(block.problems, plans, strict=True)]
    followed = [rest_of_plan(day, own, step) for day, own in zip(problems, plans, strict=True)]
    return replace(block, problems=problems, plans=followed)


def rest_of_plan(ahead: DepotProblem, plan: DepotPlan, step: int) -> DepotPlan:
    """Return what is left of a depot's plan, as a plan of the rest of the day.

    No rest costs less than the bound of the whole day less what the steps before have cost.
    """
    schedule = Schedule(
        charge_kw=plan.charge_kw[:, step:],
        discharge_kw=plan.discharge_kw[:, step:],
        plugged_class=plan.plugged_class[:, step:],
        pv_kw=plan.pv_kw[step:],
        site_battery_kw=plan.site_battery_kw[step:],
    )
    verdict = Verdict(PlanStatus.FEASIBLE, -np.inf, plan.bound_for, plan.method, 0.0, plan.relaxed)
    rest = plan_of(ahead, schedule, verdict)
    return replace(rest, lower_bound_krw=plan.lower_bound_krw - (plan.objective_krw - rest.objective_krw))


def state_ahead(state: object, step: int, steps: int) -> object:
    """Return what a plan of the rest starts from: tangents and prices of what lies ahead, renumbered."""
    if isinstance(state, SharedState):
        prices = Prices(state.prices.cap[step:], state.prices.peak[step:], state.prices.carbon)
        return SharedState(_network_ahead(state.network, step, steps), prices)
    return _network_ahead(state, step, steps) if isinstance(state, CoordinationState) else None


def _network_ahead(state: CoordinationState, step: int, steps: int) -> CoordinationState:
    rows = state.rows
    kept: Tangents = rows.take((rows.step >= step) & (rows.step < step + steps))
    return replace(state, rows=replace(kept, step=kept.step - step))


Solve = Callable[[CityProblem, object], CoordinatedPlan]


def roll(problem: CityProblem, solve: Solve, every: int, stop: int) -> tuple[list[CoordinatedPlan], float]:
    """Plan, follow the plan for some steps, plan the rest anew, and so on.

    Parameters
    ----------
    problem
        The day, as it is forecast; it comes true.
    solve
        Plans a problem, warm from an earlier state.
    every, stop
        Steps between plans, and the step at which re-planning ends.

    Returns
    -------
    tuple
        All plans, each of the rest of the day at its time, and what the day costs as it was run: the cost of the last
        plan and of the steps before it.
    """
    plan = solve(problem, None)
    plans, rest, paid = [plan], problem, 0.0
    for _ in range(every, stop, every):
        if every >= rest.steps:
            break
        paid += cost_until_krw(rest, plan, every)
        ahead = rest_of_city(rest, plan, every)
        plan = solve(ahead, state_ahead(plan.state, every, ahead.steps))
        rest = ahead
        plans.append(plan)
    return plans, paid + plan.cost_krw


def cost_until_krw(problem: CityProblem, plan: CoordinatedPlan, step: int) -> float:
    """Return what a plan has cost by the start of a step: its whole cost less that of following it from there."""
    total = float(sum(own.cost_krw.sum() for own in plan.assets))
    ahead = sum(
        _own_cost_krw(rest_of(block, own, step), own, step)
        for block, own in zip(problem.assets, plan.assets, strict=True)
    )
    supply = float(supplied_kw(plan.flow)[:step] @ problem.supply_price[:step]) * problem.step_h
    return total - ahead + supply


def _own_cost_krw(block: AssetBlock, plan: AssetPlan, step: int) -> float:
    """Return what assets pay for the rest of a plan."""
    if isinstance(block, BusDepots):
        return float(sum(own.objective_krw for own in block.plans))
    kw, kvar = plan.kw[:, step:], plan.kvar[:, step:]
    if isinstance(block, StorageBlock):
        storage = block.storage()
        net = kw - storage.fixed_kw
        columns = (
            np.maximum(net, 0.0),
            np.maximum(-net, 0.0),
            np.zeros_like(net),
            kvar - storage.tan_phi[:, None] * kw,
        )
        return float(block.plan_of(np.concatenate([part.ravel() for part in columns])).cost_krw.sum())
    if isinstance(block, BatteryFleet):
        powers = (np.maximum(kw, 0.0), np.maximum(-kw, 0.0), np.zeros_like(kw))
        return float(block.plan_of(np.concatenate([part.ravel() for part in powers])).cost_krw.sum())
    if isinstance(block, SolarInverters):
        return float(block.plan_of(np.concatenate([-kw.ravel(), kvar.ravel()])).cost_krw.sum())
    price = block.price_krw_per_kwh[block.price_row] if isinstance(block, Charging) else np.zeros_like(kw)
    return float((price * kw).sum()) * getattr(block, "step_h", 0.0)
