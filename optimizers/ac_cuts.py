r"""Limits of a network as linear rows on loads: tangents at a solved power flow, one adjoint solve for each row.

.. math:: x(p) \approx x(p_k) + g_p (p - p_k) + g_q (q - q_k) \le 0

for the excess x of a voltage, current or active power beyond its limit. The tangent of a voltage magnitude lies above
the voltage of a radial network, and that of a current or of the power into a feeder below what flows as long as power
flows away from the source; such rows cut off no plan that keeps the limit, and are kept for good. The tangent of an
upper voltage limit, and of a current that may reverse, can cut off good plans: such rows are replaced by newer ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from grid.powerflow import PowerFlow
from grid.sensitivity import current_sensitivity, power_sensitivity, sensitivity
from optimizers.arrays import Flags, Floats, Ints
from optimizers.coordination_limits import LimitBook, Places


@dataclass(frozen=True, eq=False)
class Tangents:
    """R linear rows ``constant + by_kw · p[step] + by_kvar · q[step] ≤ allowed excess`` in the unit of each limit.

    Attributes
    ----------
    limit, step
        (R,) which limit of the book, when.
    constant
        (R,) excess at no load at all, by the tangent.
    by_kw, by_kvar
        (R, N) derivatives of the excess.
    outer
        (R,) rows that cut off no plan which keeps the limit.
    """

    limit: Ints
    step: Ints
    constant: Floats
    by_kw: sparse.csr_array
    by_kvar: sparse.csr_array
    outer: Flags

    def __len__(self) -> int:
        return len(self.limit)

    @staticmethod
    def none(buses: int) -> Tangents:
        """Return no rows."""
        empty = sparse.csr_array((0, buses))
        return Tangents(
            np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), empty, empty, np.zeros(0, dtype=bool)
        )

    def take(self, rows: Ints | Flags) -> Tangents:
        """Return some of the rows."""
        index = np.flatnonzero(rows) if rows.dtype == bool else rows
        return Tangents(
            self.limit[index],
            self.step[index],
            self.constant[index],
            self.by_kw[index],
            self.by_kvar[index],
            self.outer[index],
        )

    def __add__(self, other: Tangents) -> Tangents:
        return Tangents(
            np.concatenate([self.limit, other.limit]),
            np.concatenate([self.step, other.step]),
            np.concatenate([self.constant, other.constant]),
            sparse.vstack([self.by_kw, other.by_kw], format="csr"),
            sparse.vstack([self.by_kvar, other.by_kvar], format="csr"),
            np.concatenate([self.outer, other.outer]),
        )

    def stale_beside(self, newer: Tangents) -> Flags:
        """Return (R,) rows that are not outer and give way to newer ones of the same limit and step."""
        size = int(max(self.step.max(initial=0), newer.step.max(initial=0))) + 1
        return ~self.outer & np.isin(self.limit * size + self.step, newer.limit * size + newer.step)

    def at(self, kw: Floats, kvar: Floats) -> Floats:
        """Return (R,) the excess that the rows see at (T, N) loads."""
        active = self.by_kw.multiply(kw[self.step]).sum(axis=1)
        reactive = self.by_kvar.multiply(kvar[self.step]).sum(axis=1)
        return np.asarray(self.constant + active + reactive)


def tangents(book: LimitBook, flow: PowerFlow, places: Places, kw: Floats, kvar: Floats, away: Flags) -> Tangents:
    """Return the tangents at a solved power flow.

    Parameters
    ----------
    book, flow, places
        The limits, the power flow of the loads, which of its limits and steps are asked for.
    kw, kvar
        (T, N) the loads.
    away
        (B, T) whether power can only flow away from the source in a branch, whatever the assets do.
    """
    network, buses = book.problem.network, len(book.problem.network.buses)
    found = Tangents.none(buses)
    for kind in np.unique(book.kind[places.limit]):
        part = places.take(book.kind[places.limit] == kind)
        element = book.element[part.limit]
        ids = network.buses.id if kind < 2 else network.branch_ids
        asked = list(zip(ids[element].tolist(), part.step.tolist(), strict=True))
        answer = (sensitivity, sensitivity, current_sensitivity, power_sensitivity)[kind](network, flow, asked)
        scale = book.kva_per_a[element] if kind == 2 else np.array([-1.0 if kind == 0 else 1.0])
        scaling = sparse.diags_array(np.broadcast_to(scale, len(part)))
        by_kw, by_kvar = (scaling @ answer.by_kw).tocsr(), (scaling @ answer.by_kvar).tocsr()
        outer = np.full(len(part), kind == 0) if kind < 2 else away[element, part.step]
        rows = Tangents(part.limit, part.step, part.excess, by_kw, by_kvar, outer)
        rows = Tangents(part.limit, part.step, 2.0 * part.excess - rows.at(kw, kvar), by_kw, by_kvar, outer)
        found = found + rows
    return found
