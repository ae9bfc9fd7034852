"""The AC power flow of a whole city for all steps of a day, and what of it is outside limits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from grid.powerflow import solve
from grid.status import Status
from grid.synthesis_grid import SyntheticGrid

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

VOLTAGE_TOLERANCE_PU = 1e-4
LOADING_TOLERANCE = 1e-3
"""Violations below these do not count: measured against the accuracy of the network's data, not of the solver."""


@dataclass(frozen=True, eq=False)
class GridState:
    """What the power flow found, in the order of the network's tables; T steps.

    Attributes
    ----------
    v_pu
        (T, N) voltage magnitudes.
    loading
        (T, B) current over rating of every branch, lines then transformers.
    feeder_kw, feeder_kvar
        (T, F) power entering each feeder at its head.
    bank_kw, bank_kvar
        (T, K) power entering each bank at its high side.
    losses_kw
        (T,) losses of all branches.
    supplied_kw
        (T,) power from the transmission grid.
    residual_kva
        Worst nodal power balance over all buses and steps, evaluated from the network's tables.
    converged
        (T,) steps that were solved everywhere.
    reasons
        What went wrong in the others, one sentence each.
    """

    grid: SyntheticGrid
    v_pu: Floats
    loading: Floats
    feeder_kw: Floats
    feeder_kvar: Floats
    bank_kw: Floats
    bank_kvar: Floats
    losses_kw: Floats
    supplied_kw: Floats
    residual_kva: float
    converged: Flags
    reasons: tuple[str, ...]

    @cached_property
    def feeder_loading(self) -> Floats:
        """(T, F) active power at the head over the normal rating, or the worst current of its own lines if higher."""
        facts = self.grid.lines
        own = self.feeder_kw / self.grid.feeders.rating_kw
        lines = np.flatnonzero(facts.feeder >= 0)
        worst = np.zeros_like(own)
        np.maximum.at(worst.T, facts.feeder[lines], self.loading[:, lines].T)
        return np.maximum(np.abs(own), worst)

    @property
    def bank_loading(self) -> Floats:
        """(T, K) loading of the banks."""
        lines = len(self.grid.network.lines.id)
        return self.loading[:, lines + self.grid.banks.transformer]

    @property
    def undervoltage_pu(self) -> Floats:
        """(T, N) by how much each bus is below its lower limit, 0 where it is not."""
        return np.maximum(self.grid.network.buses.v_min_pu - self.v_pu, 0.0)

    @property
    def overvoltage_pu(self) -> Floats:
        """(T, N) by how much each bus is above its upper limit, 0 where it is not."""
        return np.maximum(self.v_pu - self.grid.network.buses.v_max_pu, 0.0)

    @property
    def max_voltage_violation_pu(self) -> float:
        """Worst of both over all buses and steps."""
        return float(max(self.undervoltage_pu.max(initial=0.0), self.overvoltage_pu.max(initial=0.0)))

    @property
    def max_loading_violation(self) -> float:
        """Worst loading above 1 over all branches, feeders and steps."""
        worst = max(self.loading.max(initial=0.0), self.feeder_loading.max(initial=0.0))
        return float(max(worst - 1.0, 0.0))

    @property
    def within_limits(self) -> bool:
        """Whether every step converged and nothing is outside its limits by more than the tolerances."""
        kept = self.max_voltage_violation_pu <= VOLTAGE_TOLERANCE_PU and self.max_loading_violation <= LOADING_TOLERANCE
        return bool(self.converged.all()) and kept


def check_grid(grid: SyntheticGrid, load_kw: Floats, load_kvar: Floats) -> GridState:
    """Solve the grid for (T, N) loads, consumption positive, and collect what limits are set on."""
    flow = solve(grid.network, load_kw, load_kvar)
    branch_kw, branch_kvar = flow.branch_kw.to_numpy(), flow.branch_kvar.to_numpy()
    heads, banks = grid.feeders.head_line, len(grid.network.lines.id) + grid.banks.transformer
    status = flow.status.to_numpy()
    failed = status != Status.CONVERGED
    return GridState(
        grid=grid,
        v_pu=flow.v_pu.to_numpy(),
        loading=flow.loading.to_numpy(),
        feeder_kw=branch_kw[:, heads],
        feeder_kvar=branch_kvar[:, heads],
        bank_kw=branch_kw[:, banks],
        bank_kvar=branch_kvar[:, banks],
        losses_kw=flow.losses_kw.to_numpy(),
        supplied_kw=flow.slack_kw.to_numpy().sum(axis=1),
        residual_kva=float(np.nanmax(flow.residual_kva.to_numpy())),
        converged=~failed,
        reasons=tuple(sorted(set(flow.reason.to_numpy()[failed].tolist()))),
    )
