r"""Which switches of a distribution network to open for a day, and where taps and capacitors stand.

The network stays radial: each closed tie forms a loop in which another switch is opened (a branch exchange). A search
over exchanges starts from the network as it stands, judges each by the AC power flow of the whole day, and stops where
none is better. Taps and capacitor steps are positions for the day, moved in the same search. Where configurations and
positions are few, all of them are tried instead, which proves the best.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from data.errors import ProblemList
from grid.network import Network
from grid.powerflow import solve
from grid.status import Status
from optimizers.arrays import Flags, Floats, Ints

MOST_ENUMERATED = 4096
"""Configurations that are tried one by one; above, the search takes over."""


@dataclass(frozen=True, eq=False)
class SwitchingProblem:
    """A network and a day of T steps.

    Attributes
    ----------
    network
        As it stands: lines out of service among `switchable` are open ties.
    load_kw, load_kvar
        (T, N) the loads of the day.
    step_h
        Length of a step.
    switchable
        (S,) lines that can be opened and closed.
    taps
        (K,) transformers whose tap can be set for the day, with the ratios it can have.
    ratios
        For each of `taps`, the off-nominal ratios of its positions.
    capacitors, steps_kvar
        (C,) shunts that can be set for the day, and for each the `q_kvar` of its steps (negative for capacitors).
    energy_krw_per_kwh
        (T,) price of losses.
    operation_krw
        Price of moving one switch, tap or capacitor from where it stands.
    overload_krw_per_kwh, voltage_krw_per_pu_h
        Price of what is outside limits: each line's power above its rating, each bus's voltage.
    """

    network: Network
    load_kw: Floats
    load_kvar: Floats
    step_h: float
    switchable: Ints
    taps: Ints
    ratios: tuple[Floats, ...]
    capacitors: Ints
    steps_kvar: tuple[Floats, ...]
    energy_krw_per_kwh: Floats
    operation_krw: float
    overload_krw_per_kwh: float
    voltage_krw_per_pu_h: float

    def check(self) -> None:
        """Raise `InvalidInput` with everything that is wrong."""
        problems, network = ProblemList(), self.network
        for name, index, size in (
            ("switchable", self.switchable, len(network.lines)),
            ("taps", self.taps, len(network.transformers)),
            ("capacitors", self.capacitors, len(network.shunts)),
        ):
            if index.size and (index.min() < 0 or index.max() >= size or len(np.unique(index)) != index.size):
                problems.add("switching", "positions outside the table, or twice", f"use 0 … {size - 1}", field=name)
        for name, positions, count in (
            ("ratios", self.ratios, len(self.taps)),
            ("steps_kvar", self.steps_kvar, len(self.capacitors)),
        ):
            if len(positions) != count or any(not part.size or not np.isfinite(part).all() for part in positions):
                problems.add("switching", "not one set of positions each", "give at least one each", field=name)
        shape = (len(self.energy_krw_per_kwh), len(network.buses))
        for name in ("load_kw", "load_kvar"):
            values = getattr(self, name)
            if values.shape != shape or not np.isfinite(values).all():
                problems.add("switching", f"no finite loads of shape {shape}", "give one a step and bus", field=name)
        if not len(problems) and not is_radial(network, network.lines.in_service):
            problems.add("switching", "the network is not radial as it stands", "open loops, supply every bus")
        problems.raise_if_any()


@dataclass(frozen=True, eq=False)
class Positions:
    """Where everything stands: (L,) lines in service, (K,) ratios, (C,) kvar of capacitors."""

    closed: Flags
    ratio: Floats
    kvar: Floats


@dataclass(frozen=True, eq=False)
class SwitchingPlan:
    """The best positions found.

    Attributes
    ----------
    positions
        Where everything stands.
    cost_krw, losses_kwh
        Price of losses, moves and what is outside limits; the losses alone.
    before_krw
        What the network costs as it stands.
    tried
        Configurations judged by the power flow.
    proved
        Whether all radial configurations and positions were tried.
    """

    positions: Positions
    cost_krw: float
    losses_kwh: float
    before_krw: float
    tried: int
    proved: bool


def best_positions(problem: SwitchingProblem) -> SwitchingPlan:
    """Return the best positions for the day.

    Raises
    ------
    InvalidInput
        With everything that is wrong with the problem.
    """
    problem.check()
    start = standing(problem)
    before, losses = day_cost(problem, start)
    combinations = 2 ** min(problem.switchable.size, 40) * _settings_count(problem)
    if combinations <= MOST_ENUMERATED:
        best, cost, losses, tried = _enumerated(problem)
        return SwitchingPlan(best, cost, losses, before, tried, proved=True)
    best, cost, tried = start, before, 1
    improved = True
    while improved:
        improved = False
        for candidate in _neighbours(problem, best):
            tried += 1
            value, lost = day_cost(problem, candidate)
            if value < cost - 1e-9 * abs(cost):
                best, cost, losses, improved = candidate, value, lost, True
                break
    return SwitchingPlan(best, cost, losses, before, tried, proved=False)


def standing(problem: SwitchingProblem) -> Positions:
    """Return where everything stands now."""
    network = problem.network
    closed = network.lines.in_service.astype(bool)
    return Positions(closed, network.transformers.ratio[problem.taps], network.shunts.q_kvar[problem.capacitors])


def network_at(problem: SwitchingProblem, positions: Positions) -> Network:
    """Return the network with everything in position."""
    network = problem.network
    ratio, kvar = network.transformers.ratio.copy(), network.shunts.q_kvar.copy()
    ratio[problem.taps], kvar[problem.capacitors] = positions.ratio, positions.kvar
    return replace(
        network,
        lines=replace(network.lines, in_service=positions.closed),
        transformers=replace(network.transformers, ratio=ratio),
        shunts=replace(network.shunts, q_kvar=kvar),
    )


def day_cost(problem: SwitchingProblem, positions: Positions) -> tuple[float, float]:
    """Return (cost, energy lost) of a day by the power flow; infinite cost where a step has no solution."""
    network = network_at(problem, positions)
    flow = solve(network, problem.load_kw, problem.load_kvar)
    if (flow.solution.sums.status != Status.CONVERGED).any():
        return float("inf"), float("nan")
    losses = flow.solution.sums.losses_kw
    now = standing(problem)
    moves = sum(
        int((one != other).sum())
        for one, other in ((positions.closed, now.closed), (positions.ratio, now.ratio), (positions.kvar, now.kvar))
    )
    loading, v = flow.memory("loading"), flow.memory("v_pu")[flow.energised]
    kv = network.buses.base_kv[network.lines.from_bus]
    rating = np.concatenate([np.sqrt(3) * kv * network.lines.rating_a, network.transformers.rating_kva])
    rated = np.isfinite(rating)
    over = (np.maximum(loading[rated] - 1.0, 0.0) * rating[rated, np.newaxis]).sum()
    low, high = network.buses.v_min_pu[flow.energised, None], network.buses.v_max_pu[flow.energised, None]
    outside = (np.maximum(low - v, 0.0) + np.maximum(v - high, 0.0)).sum()
    cost = float(losses @ problem.energy_krw_per_kwh) * problem.step_h + problem.operation_krw * moves
    cost += problem.step_h * float(over * problem.overload_krw_per_kwh + outside * problem.voltage_krw_per_pu_h)
    return cost, float(losses.sum()) * problem.step_h


def is_radial(network: Network, closed: Flags) -> bool:
    """Return whether every bus is supplied, by one way only."""
    lines, transformers = network.lines, network.transformers
    live, root = transformers.in_service.astype(bool), len(network.buses)
    one = np.concatenate([lines.from_bus[closed], transformers.from_bus[live], np.full(len(network.slacks), root)])
    two = np.concatenate([lines.to_bus[closed], transformers.to_bus[live], network.slacks.bus])
    if len(one) != root:
        return False
    graph = sparse.coo_array((np.ones(len(one)), (one, two)), shape=(root + 1, root + 1))
    return int(csgraph.connected_components(graph, directed=False)[0]) == 1


def radial_configurations(problem: SwitchingProblem) -> Iterator[Flags]:
    """Yield every (L,) choice of closed lines that keeps the network radial."""
    network, switchable = problem.network, problem.switchable
    fixed = network.lines.in_service.astype(bool).copy()
    need = int(fixed[switchable].sum())
    fixed[switchable] = False
    # a radial network of the same buses has the same number of branches
    for chosen in itertools.combinations(switchable.tolist(), need):
        closed = fixed.copy()
        closed[list(chosen)] = True
        if is_radial(network, closed):
            yield closed


def _settings(problem: SwitchingProblem) -> Iterator[tuple[Floats, Floats]]:
    for ratio in itertools.product(*problem.ratios):
        for kvar in itertools.product(*problem.steps_kvar):
            yield np.array(ratio, dtype=np.float64), np.array(kvar, dtype=np.float64)


def _settings_count(problem: SwitchingProblem) -> int:
    return int(np.prod([len(part) for part in (*problem.ratios, *problem.steps_kvar)], dtype=np.float64))


def _enumerated(problem: SwitchingProblem) -> tuple[Positions, float, float, int]:
    best, cost, losses, tried = standing(problem), float("inf"), float("nan"), 0
    for closed in radial_configurations(problem):
        for ratio, kvar in _settings(problem):
            tried += 1
            candidate = Positions(closed, ratio, kvar)
            value, lost = day_cost(problem, candidate)
            if value < cost:
                best, cost, losses = candidate, value, lost
    return best, cost, losses, tried


def _neighbours(problem: SwitchingProblem, now: Positions) -> Iterator[Positions]:
    """Yield positions one exchange, one tap or one capacitor step away."""
    open_ties = [line for line in problem.switchable.tolist() if not now.closed[line]]
    may_open = set(problem.switchable.tolist())
    for tie in open_ties:
        for line in _loop(problem.network, now.closed, tie):
            if line in may_open:
                closed = now.closed.copy()
                closed[tie], closed[line] = True, False
                yield replace(now, closed=closed)
    for name, positions in (("ratio", problem.ratios), ("kvar", problem.steps_kvar)):
        yield from _moved(now, name, positions)


def _moved(now: Positions, name: str, positions: Sequence[Floats]) -> Iterator[Positions]:
    values: Floats = getattr(now, name)
    for number, options in enumerate(positions):
        for option in options[options != values[number]]:
            changed = values.copy()
            changed[number] = option
            yield (
                Positions(now.closed, changed, now.kvar)
                if name == "ratio"
                else Positions(now.closed, now.ratio, changed)
            )


def _loop(network: Network, closed: Flags, tie: int) -> list[int]:
    """Return the closed lines of the loop that a tie would close; sources count as one node."""
    lines, transformers, root = network.lines, network.transformers, len(network.buses)
    live = np.flatnonzero(closed)
    grid = np.flatnonzero(transformers.in_service)
    one = np.concatenate([lines.from_bus[live], transformers.from_bus[grid], np.full(len(network.slacks), root)])
    two = np.concatenate([lines.to_bus[live], transformers.to_bus[grid], network.slacks.bus])
    graph = sparse.coo_array((np.ones(len(one)), (one, two)), shape=(root + 1, root + 1)).tocsr()
    start, stop = int(lines.from_bus[tie]), int(lines.to_bus[tie])
    _, before = csgraph.breadth_first_order(graph, start, directed=False)
    by_ends = {frozenset((int(lines.from_bus[k]), int(lines.to_bus[k]))): int(k) for k in live}
    found, at = [], stop
    while at != start and before[at] >= 0:
        line = by_ends.get(frozenset((at, int(before[at]))))
        if line is not None:
            found.append(line)
        at = int(before[at])
    return found
