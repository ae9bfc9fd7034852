"""Solve the reference model of a district: by linear branch flow, or inside the limits of the AC power flow."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
import pyomo.environ as pyo
import xarray as xr

from data.errors import TwinError
from grid.powerflow import PowerFlow, power_flow
from grid.sensitivity import current_sensitivity, sensitivity
from optimizers.arrays import Floats, Ints
from optimizers.city_reference.compose import build_city_model
from optimizers.city_reference.network import Cut, add_cuts, add_lindistflow, branches_of
from optimizers.coordination_plan import LimitKind
from optimizers.coordination_problem import CityProblem
from optimizers.solver import SolveLimits, SolveStatus, solve_model

VOLTAGE_PU = 1e-6
LOADING = 1e-5
"""Excess of the power flow at which a limit counts as kept."""


class NetworkRows(Enum):
    """How the limits of the network stand in the model."""

    NONE = "no limits"
    LINEAR_BRANCH_FLOW = "linear branch flow"
    TANGENTS = "tangents of the AC power flow"


@dataclass(frozen=True, eq=False)
class ReferencePlan:
    """The plan of the reference model.

    Attributes
    ----------
    objective_krw, lower_bound_krw
        Cost with the price of excesses, and the proved bound of the last model.
    bound_holds
        Whether the last model cuts off no plan that keeps the limits: tangents of lower voltages never do, those of
        upper voltages, and of currents where power flows back, may.
    block_kw, block_kvar
        (A, T) power of the assets of each block.
    load_kw, load_kvar, flow
        (T, N) loads and their power flow.
    rounds, cuts
        Models solved, and tangents in the last of them.
    """

    objective_krw: float
    lower_bound_krw: float
    violation_krw: float
    bound_holds: bool
    block_kw: tuple[Floats, ...]
    block_kvar: tuple[Floats, ...]
    load_kw: Floats
    load_kvar: Floats
    flow: PowerFlow
    rounds: int
    cuts: int
    wall_s: float


def solve_city_reference(
    problem: CityProblem, rows: NetworkRows, limits: SolveLimits, max_rounds: int = 30
) -> ReferencePlan:
    """Solve a small district to optimality.

    Parameters
    ----------
    problem
        The district; its supply is neither priced nor limited.
    rows
        How the limits of the network are stated. With tangents the model is solved anew until the power flow of its
        plan keeps every limit beyond what the plan pays for as excess.
    limits
        Time of one solve, and its gap.
    max_rounds
        Models solved at most.

    Raises
    ------
    InvalidInput
        When the problem is meaningless or out of the reference model's reach.
    TwinError
        When a model has no solution within the limits.
    """
    problem.check()
    begin = time.perf_counter()
    cuts: list[Cut] = []
    for number in range(1, max_rounds + 1):
        model = build_city_model(problem)
        if rows is NetworkRows.LINEAR_BRANCH_FLOW:
            add_lindistflow(model, problem)
        add_cuts(model, cuts)
        solved = solve_model(model, limits)
        if solved.status is not SolveStatus.OPTIMAL:
            raise TwinError(f"the reference model ended as {solved.status.value}: {solved.message}")
        plan = replace(_plan_of(problem, model, solved.bound, cuts, begin), rounds=number)
        new = _new_cuts(problem, model, plan) if rows is NetworkRows.TANGENTS else []
        if not new:
            return plan
        cuts += new
    raise TwinError(f"{max_rounds} rounds of tangents left {len(new)} limits exceeded")


def _plan_of(
    problem: CityProblem, model: pyo.ConcreteModel, bound: float, cuts: list[Cut], begin: float
) -> ReferencePlan:
    def values(part: pyo.Expression, rows: int) -> Floats:
        return np.array([[float(pyo.value(part[a, t])) for t in model.T] for a in range(rows)]).reshape(rows, -1)

    sizes = [len(block.bus) for block in problem.assets]
    block_kw = tuple(values(model.block[k].kw, size) for k, size in enumerate(sizes))
    block_kvar = tuple(values(model.block[k].kvar, size) for k, size in enumerate(sizes))
    kw, kvar = problem.base_kw.copy(), problem.base_kvar.copy()
    for block, p, q in zip(problem.assets, block_kw, block_kvar, strict=True):
        np.add.at(kw.T, block.bus, p)
        np.add.at(kvar.T, block.bus, q)
    return ReferencePlan(
        objective_krw=float(pyo.value(model.cost)),
        lower_bound_krw=bound,
        violation_krw=float(pyo.value(model.violation_krw)),
        bound_holds=all(_cuts_off_nothing(problem, cut) for cut in cuts),
        block_kw=block_kw,
        block_kvar=block_kvar,
        load_kw=kw,
        load_kvar=kvar,
        flow=flow_of(problem, kw, kvar),
        rounds=0,
        cuts=len(cuts),
        wall_s=time.perf_counter() - begin,
    )


def _cuts_off_nothing(problem: CityProblem, cut: Cut) -> bool:
    """Return whether a tangent can cut off no plan: one of a lower voltage, or of a branch that nothing can reverse."""
    if cut.kind is LimitKind.LOW_VOLTAGE:
        return True
    if cut.kind is LimitKind.HIGH_VOLTAGE:
        return False
    least = problem.base_kw[cut.step].copy()
    for block in problem.assets:
        np.add.at(least, block.bus, block.power_range_kw()[0][:, cut.step])
    below = {n: float(least[n]) for n in range(least.size)}
    for branch in reversed(branches_of(problem.network)):
        if branch.index == cut.element:
            return below[branch.child] >= 0.0
        below[branch.parent] += below[branch.child]
    return False


def flow_of(problem: CityProblem, kw: Floats, kvar: Floats) -> PowerFlow:
    """Return the power flow of (T, N) loads."""
    dims, coords = ("time", "bus"), {"bus": problem.network.buses.id}
    load_kw, load_kvar = (xr.DataArray(values, dims=dims, coords=coords) for values in (kw, kvar))
    return power_flow(problem.network, load_kw, load_kvar)


def _new_cuts(problem: CityProblem, model: pyo.ConcreteModel, plan: ReferencePlan) -> list[Cut]:
    """Return a tangent for each limit that the power flow exceeds by more than the plan pays for."""
    return [
        *_voltage_cuts(problem, model, plan, LimitKind.LOW_VOLTAGE),
        *_voltage_cuts(problem, model, plan, LimitKind.HIGH_VOLTAGE),
        *_current_cuts(problem, model, plan),
    ]


def _voltage_cuts(problem: CityProblem, model: pyo.ConcreteModel, plan: ReferencePlan, kind: LimitKind) -> list[Cut]:
    buses, group = problem.network.buses, problem.limits.bus_group
    v = plan.flow.v_pu.to_numpy()
    sign = -1.0 if kind is LimitKind.LOW_VOLTAGE else 1.0
    limit = buses.v_min_pu if kind is LimitKind.LOW_VOLTAGE else buses.v_max_pu
    excess = np.asarray(sign * (v - limit))
    over = excess - _paid(model, kind, group)
    found = np.argwhere(over > VOLTAGE_PU)
    if not len(found):
        return []
    answer = sensitivity(problem.network, plan.flow, [(str(buses.id[n]), int(t)) for t, n in found])
    by_kw, by_kvar = sign * answer.by_kw.toarray(), sign * answer.by_kvar.toarray()
    at = by_kw * plan.load_kw[found[:, 0]] + by_kvar * plan.load_kvar[found[:, 0]]
    constant = excess[found[:, 0], found[:, 1]] - at.sum(axis=1)
    return [
        Cut(kind, int(n), int(group[n]), int(t), float(constant[k]), by_kw[k], by_kvar[k])
        for k, (t, n) in enumerate(found)
    ]


def _current_cuts(problem: CityProblem, model: pyo.ConcreteModel, plan: ReferencePlan) -> list[Cut]:
    network, group = problem.network, problem.limits.branch_group
    from_bus = np.concatenate([network.lines.from_bus, network.transformers.from_bus])
    kva_per_a = np.sqrt(3) * network.buses.base_kv[from_bus]
    rating = np.concatenate([network.lines.rating_a * kva_per_a[: len(network.lines)], network.transformers.rating_kva])
    excess = plan.flow.branch_a.to_numpy() * kva_per_a - rating
    over = excess - _paid(model, LimitKind.CURRENT, group)
    found = np.argwhere(over > LOADING * np.where(np.isfinite(rating), rating, 1.0))
    if not len(found):
        return []
    ids = network.branch_ids
    answer = current_sensitivity(network, plan.flow, [(str(ids[j]), int(t)) for t, j in found])
    scale = kva_per_a[found[:, 1]][:, None]
    by_kw, by_kvar = scale * answer.by_kw.toarray(), scale * answer.by_kvar.toarray()
    at = by_kw * plan.load_kw[found[:, 0]] + by_kvar * plan.load_kvar[found[:, 0]]
    constant = excess[found[:, 0], found[:, 1]] - at.sum(axis=1)
    return [
        Cut(LimitKind.CURRENT, int(j), int(group[j]), int(t), float(constant[k]), by_kw[k], by_kvar[k])
        for k, (t, j) in enumerate(found)
    ]


def _paid(model: pyo.ConcreteModel, kind: LimitKind, group: Ints) -> Floats:
    """Return (T, elements) the excess that the plan pays for at each element's group."""
    groups = sorted(set(group.tolist()))
    paid = {g: [float(model.excess[kind.name, g, t].value or 0.0) for t in model.T] for g in groups}
    return np.stack([paid[g] for g in group.tolist()], axis=1)
