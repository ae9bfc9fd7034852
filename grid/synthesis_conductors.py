"""Which feeders are underground, and which conductor every line gets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.errors import InvalidInput, Problem
from grid.elements import Flags, Floats, Ids, Ints
from grid.synthesis_feeders import Trees, add_to_parents
from grid.synthesis_spec import Conductor, PlanningRules

TRUNK_SHARE = 0.35
"""An element is of the trunk when it carries at least this share of its feeder."""
SHORTEST_LINE_KM = 0.02


@dataclass(frozen=True)
class Wires:
    """The line above each element of the trees."""

    length_km: Floats
    trunk: Flags
    underground: Flags
    conductor: Ids
    r_ohm: Floats
    x_ohm: Floats
    b_us: Floats
    rating_a: Floats


def flow_kw(trees: Trees, load_kw: Floats) -> Floats:
    """Power through the line above each element in each planning hour, losses not counted; shape (elements, hours)."""
    flow = load_kw.copy()
    add_to_parents(trees.parent, flow)
    return flow


def underground_feeders(trees: Trees, density: Floats, share: float) -> Flags:
    """Feeders to lay underground, densest first, so that their part of the circuit length is nearest to `share`."""
    length = np.bincount(trees.feeder, weights=trees.length_km, minlength=len(density))
    order = np.argsort(-density, kind="stable")
    reached = np.concatenate([[0.0], np.cumsum(length[order])])
    count = int(np.argmin(np.abs(reached - share * reached[-1])))
    underground = np.zeros(len(density), dtype=bool)
    underground[order[:count]] = True
    return underground


def choose_conductors(
    trees: Trees,
    flow: Floats,
    underground: Flags,
    length_km: Floats,
    conductors: tuple[Conductor, ...],
    rules: PlanningRules,
) -> Wires:
    """Give every line the smallest conductor that its duty allows.

    Trunks and express runs carry the feeder's emergency rating, so that a neighbour can be taken over; laterals stay
    below the target loading at the planning peak. Demand above the largest conductor takes circuits in parallel.
    """
    peak = flow.max(axis=1)
    head = trees.parent < 0
    feeder_kw = np.zeros(trees.feeder.max() + 1)
    np.add.at(feeder_kw, trees.feeder[head], peak[head])
    trunk = trees.express | (peak >= TRUNK_SHARE * feeder_kw[trees.feeder])
    ampere_per_kw = 1.0 / (np.sqrt(3.0) * rules.nominal_kv * rules.power_factor)
    need_a = peak * ampere_per_kw / rules.lateral_target_loading
    need_a = np.where(trunk, np.maximum(peak, rules.feeder_emergency_kw) * ampere_per_kw, need_a)
    columns = [np.empty(len(peak)) for _ in range(4)]
    names = np.empty(len(peak), dtype=f"<U{max(len(c.name) for c in conductors)}")
    for cable in (False, True):
        ladder = sorted((c for c in conductors if c.underground == cable), key=lambda c: (c.ampacity_a, c.name))
        if not ladder:
            what = f"there is no {'underground' if cable else 'overhead'} conductor"
            raise InvalidInput([Problem("conductors", 0, "underground", what, "Add one")])
        where = np.flatnonzero(underground[trees.feeder] == cable)
        ampacity = np.array([c.ampacity_a for c in ladder])
        step = np.minimum(np.searchsorted(ampacity, need_a[where]), len(ladder) - 1)
        circuits = np.ceil(np.maximum(need_a[where] / ampacity[step], 1.0) - 1e-9)
        names[where] = np.array([c.name for c in ladder])[step]
        columns[0][where] = np.array([c.r_ohm_per_km for c in ladder])[step] / circuits
        columns[1][where] = np.array([c.x_ohm_per_km for c in ladder])[step] / circuits
        columns[2][where] = np.array([c.b_us_per_km for c in ladder])[step] * circuits
        columns[3][where] = ampacity[step] * circuits
    r, x, b, ampacity = columns
    return Wires(
        length_km, trunk, underground[trees.feeder], names, r * length_km, x * length_km, b * length_km, ampacity
    )


def line_lengths(trees: Trees, route_factor: float) -> Floats:
    """Circuit length of the line above each element."""
    length: Floats = np.maximum(trees.length_km * route_factor, SHORTEST_LINE_KM)
    return length


def distances(trees: Trees, length_km: Floats) -> Floats:
    """Circuit length from the substation to each element."""
    distance = length_km.copy()
    for depth in depth_levels(trees.parent)[1:]:
        distance[depth] += distance[trees.parent[depth]]
    return distance


def depth_levels(parent: Ints) -> list[Ints]:
    """Elements by their number of ancestors."""
    level = np.zeros(len(parent), dtype=np.int64)
    for element, above in enumerate(parent.tolist()):
        if above >= 0:
            level[element] = level[above] + 1
    order = np.argsort(level, kind="stable")
    return np.split(order, np.cumsum(np.bincount(level))[:-1])


def trunk_conductor(conductors: tuple[Conductor, ...], rules: PlanningRules, *, underground: bool) -> Conductor:
    """Smallest conductor of its kind that carries the emergency rating; the largest when none does."""
    need_a = rules.feeder_emergency_kw / (np.sqrt(3.0) * rules.nominal_kv * rules.power_factor)
    ladder = sorted((c for c in conductors if c.underground == underground), key=lambda c: (c.ampacity_a, c.name))
    return next((c for c in ladder if c.ampacity_a >= need_a), ladder[-1])
