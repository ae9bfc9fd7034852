"""Branches that are switched off at one end only: still energised from the other, they draw their charging there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grid.elements import Flags, Floats, Ids, Lines, Shunts, Transformers


@dataclass(frozen=True)
class Ends:
    """Which ends of the branches of a table are open."""

    from_open: Flags
    to_open: Flags

    @staticmethod
    def closed(count: int) -> Ends:
        """Return ends that are all closed."""
        return Ends(np.zeros(count, dtype=bool), np.zeros(count, dtype=bool))


def charging_shunts(table: Lines | Transformers, ends: Ends, base_kv: Floats) -> Shunts:
    r"""Shunts at the closed ends of in-service branches with one open end, equal to what the branch draws there.

    With half the shunt admittance `h` at each end and series impedance `z`, :math:`y = h + 1 / (z + 1 / h)`. The branch
    itself is to be out of service, so that buses and branches stay those of the file and closing it is one change.
    """
    alone = table.in_service & (ends.from_open != ends.to_open) & ((table.b_us != 0) | (table.g_us != 0))
    row = np.flatnonzero(alone)
    half = 0.5e-6 * (table.g_us[row] + 1j * table.b_us[row])
    y = half + 1.0 / (table.r_ohm[row] + 1j * table.x_ohm[row] + 1.0 / half)
    low_kv = base_kv[table.to_bus[row]]
    at_from = ends.to_open[row]
    if isinstance(table, Transformers):
        y = np.where(at_from, y / table.ratio[row] ** 2, y)
    draw_kva = 1e3 * y.conj() * low_kv**2
    names: Ids = np.array([f"{name} (one end open)" for name in table.id[row]], dtype=str)
    bus = np.where(at_from, table.from_bus[row], table.to_bus[row])
    return Shunts(names, bus, draw_kva.real, draw_kva.imag, np.ones(len(row), dtype=bool))
