"""The loads of the network, and its limits: by linear branch flow, or by tangents of an AC power flow."""

# mypy: allow-untyped-defs, allow-untyped-calls
# (Pyomo's rules take the model and the index; neither carries a type.)

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyomo.environ as pyo

from data.errors import InvalidInput, Problem
from grid.elements import Lines, Transformers
from grid.network import Network
from optimizers.arrays import Floats, Ints
from optimizers.coordination_plan import LimitKind
from optimizers.coordination_problem import CityProblem

CIRCLE_EDGES = 32
"""Edges of the polygon that stands for a rating; circumscribed, so that it cuts off nothing."""


@dataclass(frozen=True, eq=False)
class Branch:
    """A branch of the tree, from the side of the source: series impedance in ohm at `kv`, voltage ratio, rating."""

    index: int
    parent: int
    child: int
    r_ohm: float
    x_ohm: float
    kv: float
    squared_ratio: float
    rating_kva: float


@dataclass(frozen=True, eq=False)
class Cut:
    """A tangent: `constant + kw · load_kw[step] + kvar · load_kvar[step]` is an excess over a limit of some kind."""

    kind: LimitKind
    element: int
    group: int
    step: int
    constant: float
    kw: Floats
    kvar: Floats


def add_loads(m: pyo.ConcreteModel, problem: CityProblem) -> None:
    """Add the load of every bus and step: what nobody plans, and the power of the assets there."""
    at_bus: dict[int, list[tuple[int, int]]] = {n: [] for n in m.N}
    for number, block in enumerate(problem.assets):
        for asset, bus in enumerate(block.bus.tolist()):
            at_bus[bus].append((number, asset))

    def load(base: Floats, name: str) -> Any:
        def rule(m, n, t):
            return float(base[t, n]) + sum(getattr(m.block[k], name)[a, t] for k, a in at_bus[n])

        return rule

    m.load_kw = pyo.Expression(m.N, m.T, rule=load(problem.base_kw, "kw"))
    m.load_kvar = pyo.Expression(m.N, m.T, rule=load(problem.base_kvar, "kvar"))


def add_slacks(m: pyo.ConcreteModel, problem: CityProblem) -> None:
    """Add the excess of each kind of limit in each group and step, by its worst element, and its price."""
    limits, h = problem.limits, problem.step_h
    groups = sorted({-1, *limits.bus_group.tolist(), *limits.branch_group.tolist()})
    kinds = (LimitKind.LOW_VOLTAGE, LimitKind.HIGH_VOLTAGE, LimitKind.CURRENT, LimitKind.FLOW)
    m.excess = pyo.Var([kind.name for kind in kinds], groups, m.T, domain=pyo.NonNegativeReals)

    def price(name):
        voltage = name in (LimitKind.LOW_VOLTAGE.name, LimitKind.HIGH_VOLTAGE.name)
        return limits.voltage_krw_per_pu_h if voltage else limits.overload_krw_per_kwh

    m.violation_krw = pyo.Expression(expr=sum(price(k) * h * m.excess[k, g, t] for k, g, t in m.excess))


def add_lindistflow(m: pyo.ConcreteModel, problem: CityProblem) -> None:
    r"""Add linear branch flow on squared voltages (Baran and Wu, losses left out), with every limit of the network.

    .. math:: P_j = p_j + \sum_{k \in C_j} P_k, \qquad v_j = v_i - 2 (r_j P_j + x_j Q_j)

    Charging of lines is taken at the nominal voltage. It is the rival's model: it under-estimates drops.
    """
    tree = branches_of(problem.network)
    below: dict[int, list[Branch]] = {n: [] for n in m.N}
    for branch in tree:
        below[branch.parent].append(branch)
    own_kw, own_kvar = carried(problem.network)
    m.BRANCH = pyo.Set(initialize=[branch.index for branch in tree])
    by_index = {branch.index: branch for branch in tree}
    m.flow_kw, m.flow_kvar = pyo.Var(m.BRANCH, m.T), pyo.Var(m.BRANCH, m.T)
    m.squared_pu = pyo.Var(m.N, m.T)

    @m.Constraint(m.BRANCH, m.T)
    def active_balance(m, j, t):
        n = by_index[j].child
        return m.flow_kw[j, t] == m.load_kw[n, t] + own_kw[n] + sum(m.flow_kw[c.index, t] for c in below[n])

    @m.Constraint(m.BRANCH, m.T)
    def reactive_balance(m, j, t):
        n = by_index[j].child
        return m.flow_kvar[j, t] == m.load_kvar[n, t] + own_kvar[n] + sum(m.flow_kvar[c.index, t] for c in below[n])

    @m.Constraint(m.BRANCH, m.T)
    def voltage_drop(m, j, t):
        branch = by_index[j]
        drop = (branch.r_ohm * m.flow_kw[j, t] + branch.x_ohm * m.flow_kvar[j, t]) * 2e-3 / branch.kv**2
        return m.squared_pu[branch.child, t] == branch.squared_ratio * m.squared_pu[branch.parent, t] - drop

    _add_source_voltages(m, problem)
    _add_voltage_band(m, problem)
    _add_ratings(m, problem, by_index)


def _add_source_voltages(m: pyo.ConcreteModel, problem: CityProblem) -> None:
    slacks = problem.network.slacks
    held = {int(bus): float(v) ** 2 for bus, v in zip(slacks.bus, slacks.v_pu, strict=True)}

    @m.Constraint(sorted(held), m.T)
    def source_voltage(m, n, t):
        return m.squared_pu[n, t] == held[n]


def _add_voltage_band(m: pyo.ConcreteModel, problem: CityProblem) -> None:
    """Hold the voltages; an excess in pu is taken at the limit, where the square's slope is twice the limit."""
    buses, group = problem.network.buses, problem.limits.bus_group.tolist()
    low, high = buses.v_min_pu.tolist(), buses.v_max_pu.tolist()

    @m.Constraint(m.N, m.T)
    def lower_voltage(m, n, t):
        return m.squared_pu[n, t] >= low[n] ** 2 - 2.0 * low[n] * m.excess[LimitKind.LOW_VOLTAGE.name, group[n], t]

    @m.Constraint(m.N, m.T)
    def upper_voltage(m, n, t):
        return m.squared_pu[n, t] <= high[n] ** 2 + 2.0 * high[n] * m.excess[LimitKind.HIGH_VOLTAGE.name, group[n], t]


def _add_ratings(m: pyo.ConcreteModel, problem: CityProblem, by_index: dict[int, Branch]) -> None:
    limits = problem.limits
    group = limits.branch_group.tolist()
    rated = [j for j, branch in by_index.items() if math.isfinite(branch.rating_kva)]
    metered = dict(zip(limits.flow_branch.tolist(), limits.flow_limit_kw.tolist(), strict=True))
    metered = {j: kw for j, kw in metered.items() if math.isfinite(kw) and j in by_index}

    @m.Constraint(rated, m.T, range(CIRCLE_EDGES))
    def rating(m, j, t, k):
        phi = 2.0 * math.pi * k / CIRCLE_EDGES
        along = math.cos(phi) * m.flow_kw[j, t] + math.sin(phi) * m.flow_kvar[j, t]
        return along <= by_index[j].rating_kva + m.excess[LimitKind.CURRENT.name, group[j], t]

    @m.Constraint(sorted(metered), m.T)
    def active_power_limit(m, j, t):
        return m.flow_kw[j, t] <= metered[j] + m.excess[LimitKind.FLOW.name, group[j], t]


def add_cuts(m: pyo.ConcreteModel, cuts: Sequence[Cut]) -> None:
    """Add tangents of the AC power flow: what exceeds a limit by the tangent is at most the priced excess."""
    m.CUT = pyo.Set(initialize=range(len(cuts)))

    @m.Constraint(m.CUT)
    def cut(m, k):
        row = cuts[k]
        active = sum(float(row.kw[n]) * m.load_kw[n, row.step] for n in m.N if row.kw[n] != 0.0)
        reactive = sum(float(row.kvar[n]) * m.load_kvar[n, row.step] for n in m.N if row.kvar[n] != 0.0)
        return row.constant + active + reactive <= m.excess[row.kind.name, row.group, row.step]


def branches_of(network: Network) -> list[Branch]:
    """Return the branches of a radial network, parents before children.

    Raises
    ------
    InvalidInput
        When the network has loops or generators that hold a voltage, or leaves a bus without supply.
    """
    lines, transformers, kv = network.lines, network.transformers, network.buses.base_kv
    ends = np.concatenate([np.stack([t.from_bus, t.to_bus], axis=1) for t in (lines, transformers)])
    closed = np.flatnonzero(np.concatenate([lines.in_service, transformers.in_service]))
    found: list[Branch] = []
    reached, left = set(network.slacks.bus.tolist()), set(closed.tolist())
    frontier = sorted(reached)
    while frontier:
        bus = frontier.pop(0)
        for j in [j for j in sorted(left) if bus in ends[j]]:
            child = int(ends[j].sum()) - bus
            left.discard(j)
            if child in reached:
                raise _not_radial("loops")
            reached.add(child)
            frontier.append(child)
            found.append(_oriented(network, ends, j, bus, child, kv))
    if len(reached) < len(network.buses) or len(network.generators):
        raise _not_radial("buses without supply, or generators that hold a voltage")
    return found


def _not_radial(what: str) -> InvalidInput:
    return InvalidInput([Problem("network", 0, "", f"it has {what}", "give a radial network with loads only")])


def _oriented(network: Network, ends: Ints, j: int, parent: int, child: int, kv: Floats) -> Branch:
    lines, transformers, k = network.lines, network.transformers, j - len(network.lines)
    if k < 0:
        rating = math.sqrt(3) * float(kv[parent]) * float(lines.rating_a[j])
        return Branch(j, parent, child, float(lines.r_ohm[j]), float(lines.x_ohm[j]), float(kv[child]), 1.0, rating)
    ratio, base = float(transformers.ratio[k]), float(kv[ends[j][1]])
    squared = ratio**-2 if int(ends[j][0]) == parent else ratio**2
    scale = 1.0 if int(ends[j][0]) == parent else ratio**2
    r, x = float(transformers.r_ohm[k]) * scale, float(transformers.x_ohm[k]) * scale
    return Branch(j, parent, child, r, x, base, squared, float(transformers.rating_kva[k]))


def carried(network: Network) -> tuple[list[float], list[float]]:
    """Return what the network itself draws at each bus at the nominal voltage: its loads, shunts and charging."""
    kw, kvar = np.zeros(len(network.buses)), np.zeros(len(network.buses))
    for drawn in (network.loads, network.shunts):
        np.add.at(kw, drawn.bus, drawn.p_kw * drawn.in_service)
        np.add.at(kvar, drawn.bus, drawn.q_kvar * drawn.in_service)
    lines, transformers = network.lines, network.transformers
    sides: tuple[tuple[Lines | Transformers, Ints, float], ...] = (
        (lines, lines.from_bus, 0.5),
        (lines, lines.to_bus, 0.5),
        (transformers, transformers.to_bus, 1.0),
    )
    for table, at, share in sides:
        squared = network.buses.base_kv[table.to_bus] ** 2 * 1e-3 * table.in_service * share
        np.add.at(kw, at, table.g_us * squared)
        np.add.at(kvar, at, -table.b_us * squared)
    return kw.tolist(), kvar.tolist()
