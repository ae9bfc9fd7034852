"""All limits of a network in one numbering, and how far a power flow is beyond each of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from grid.powerflow import PowerFlow
from optimizers.arrays import Flags, Floats, Ids, Ints
from optimizers.coordination_plan import LOADING_TOLERANCE, VOLTAGE_TOLERANCE_PU, LimitKind
from optimizers.coordination_problem import CityProblem

KINDS = (LimitKind.LOW_VOLTAGE, LimitKind.HIGH_VOLTAGE, LimitKind.CURRENT, LimitKind.FLOW)


@dataclass(frozen=True, eq=False)
class Places:
    """Some (limit, step) pairs and by how much each is exceeded, in the limit's unit; negative is what is left."""

    limit: Ints
    step: Ints
    excess: Floats

    def __len__(self) -> int:
        return len(self.limit)

    def take(self, rows: Ints | Flags) -> Places:
        """Return some of the pairs."""
        return Places(self.limit[rows], self.step[rows], self.excess[rows])


@dataclass(frozen=True, eq=False)
class LimitBook:
    """The limits of a network as L rows: lower voltages, upper voltages, ratings, active powers.

    Attributes
    ----------
    kind
        (L,) position in `KINDS`. Units are pu for voltages, kVA for ratings, kW for active power.
    element
        (L,) bus or branch.
    size
        (L,) 1 for voltages, the rating or limit otherwise: what excesses are fractions of.
    group
        (L,) part of the network by which violations are counted, -1 for none.
    kva_per_a
        (B,) kVA of one ampere at the `from` end of each branch.
    """

    problem: CityProblem
    kind: Ints
    element: Ints
    size: Floats
    group: Ints
    kva_per_a: Floats

    @staticmethod
    def of(problem: CityProblem) -> LimitBook:
        """Return the numbered limits of a problem; ratings and limits that are infinite are left out."""
        network, limits = problem.network, problem.limits
        lines, transformers, buses = network.lines, network.transformers, network.buses
        from_bus = np.concatenate([lines.from_bus, transformers.from_bus])
        in_service = np.concatenate([lines.in_service, transformers.in_service]).astype(bool)
        kva_per_a = np.sqrt(3) * buses.base_kv[from_bus]
        rating = np.concatenate([lines.rating_a * kva_per_a[: len(lines)], transformers.rating_kva])
        rated = np.flatnonzero(np.isfinite(rating) & in_service)
        metered = np.flatnonzero(np.isfinite(limits.flow_limit_kw))
        everywhere = np.arange(len(buses))
        parts = (everywhere, everywhere, rated, limits.flow_branch[metered])
        sizes = (np.ones(len(buses)), np.ones(len(buses)), rating[rated], limits.flow_limit_kw[metered])
        groups = (limits.bus_group, limits.bus_group, limits.branch_group[rated], limits.branch_group[parts[3]])
        return LimitBook(
            problem=problem,
            kind=np.repeat(np.arange(len(KINDS)), [len(part) for part in parts]),
            element=np.concatenate(parts),
            size=np.concatenate(sizes),
            group=np.concatenate(groups),
            kva_per_a=kva_per_a,
        )

    @cached_property
    def starts(self) -> Ints:
        """First limit of each kind, and the number of limits."""
        return np.searchsorted(self.kind, np.arange(len(KINDS) + 1))

    @cached_property
    def tolerance(self) -> Floats:
        """(L,) excess that does not count."""
        return np.where(self.kind < 2, VOLTAGE_TOLERANCE_PU, LOADING_TOLERANCE * self.size)

    @cached_property
    def price_krw(self) -> Floats:
        """(L,) price of one unit of excess for one hour."""
        limits = self.problem.limits
        return np.where(self.kind < 2, limits.voltage_krw_per_pu_h, limits.overload_krw_per_kwh)

    @cached_property
    def slack(self) -> Ints:
        """(L,) number of the violation that each limit counts towards: one for each kind and group."""
        return self.kind * (len(self.problem.limits.group) + 1) + self.group + 1

    def beyond(self, flow: PowerFlow, nearer_than: Floats) -> Places:
        """Return all limits and steps whose excess is above ``-nearer_than`` (L,), NaN where a step was not solved."""
        found = [self._part(flow, kind, nearer_than) for kind in range(len(KINDS))]
        limit, step, excess = (np.concatenate(column) for column in zip(*found, strict=True))
        return Places(limit, step, excess)

    def _part(self, flow: PowerFlow, kind: int, nearer_than: Floats) -> tuple[Ints, Ints, Floats]:
        rows = slice(int(self.starts[kind]), int(self.starts[kind + 1]))
        excess = self._excess(flow, kind, self.element[rows], self.size[rows])
        at, step = np.nonzero(~(excess <= -nearer_than[rows, np.newaxis]))
        return at + rows.start, step, excess[at, step]

    def _excess(self, flow: PowerFlow, kind: int, element: Ints, size: Floats) -> Floats:
        buses = self.problem.network.buses
        if kind < 2:
            v = flow.memory("v_pu")
            live = flow.energised[:, np.newaxis]
            excess = buses.v_min_pu[:, np.newaxis] - v if kind == 0 else v - buses.v_max_pu[:, np.newaxis]
            return np.where(live, excess, -np.inf)
        if kind == 2:
            return np.asarray((flow.memory("loading")[element] - 1.0) * size[:, np.newaxis])
        if not len(element):
            return np.zeros((0, flow.loads.steps))
        return np.asarray(flow.solution.flows().from_kw[element] - size[:, np.newaxis])

    def name(self, limit: int) -> tuple[LimitKind, str, str]:
        """Return kind, element and group of a limit in words."""
        network, kind = self.problem.network, int(self.kind[limit])
        ids: Ids = network.buses.id if kind < 2 else network.branch_ids
        group = int(self.group[limit])
        return KINDS[kind], str(ids[self.element[limit]]), str(self.problem.limits.group[group]) if group >= 0 else ""


def least_excess(book: LimitBook, flows: tuple[PowerFlow, ...]) -> sparse.csr_array:
    """Return (L, T) the excess that no plan can avoid: the least over flows that relieve the network most."""
    none = np.zeros(len(book.kind))
    shape = len(book.kind), book.problem.steps
    least: sparse.csr_array | None = None
    for flow in flows:
        places = book.beyond(flow, none)
        excess = np.nan_to_num(places.excess)
        found = sparse.csr_array((excess, (places.limit, places.step)), shape=shape)
        least = found if least is None else least.minimum(found)
    assert least is not None
    return least.tocsr()
