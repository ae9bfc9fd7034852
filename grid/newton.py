r"""Newton-Raphson in polar coordinates on the sparse admittance matrix, for networks with voltage-holding generators.

One step at a time; the Jacobian is that of MATPOWER's `dSbus_dV` (R. D. Zimmerman, MATPOWER Technical Note 2, 2011).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from grid.admittance import BASE_KVA, admittance_matrix
from grid.elements import Complexes, Flags, Floats, Ints
from grid.load_models import carried_loads, shunt_draw
from grid.network import Network

MAX_ITERATIONS = 30


@dataclass(frozen=True)
class NewtonModel:
    """What stays the same over all steps: matrix, bus kinds, held voltages, scheduled generation (per unit)."""

    matrix: sparse.csr_array
    held: Ints
    """Buses whose voltage magnitude and angle are to be found (no slack, no generator): PQ."""
    angled: Ints
    """Buses whose angle is to be found: PQ and PV."""
    start: Complexes
    power: Complexes
    current: Complexes
    impedance: Complexes


def newton_model(network: Network, live: Flags, base_angle: Floats) -> NewtonModel:
    """Sort the buses into kinds and start from held voltages at the angles that transformer shifts give."""
    generators, slacks, n = network.generators, network.slacks, len(network.buses)
    fixed = np.zeros(n, dtype=bool)
    fixed[slacks.bus] = True
    running = generators.in_service & live[generators.bus]
    regulated = np.zeros(n, dtype=bool)
    regulated[generators.bus[running]] = True
    size = np.ones(n)
    size[generators.bus[running]] = generators.v_pu[running]
    size[slacks.bus] = slacks.v_pu
    carried = carried_loads(network)
    power = carried.power.copy()
    np.subtract.at(power, generators.bus[running], generators.p_kw[running] / BASE_KVA)
    return NewtonModel(
        matrix=admittance_matrix(network),
        held=np.flatnonzero(live & ~fixed & ~regulated),
        angled=np.flatnonzero(live & ~fixed),
        start=np.where(live, size * np.exp(1j * base_angle), 0.0),
        power=power,
        current=carried.current,
        impedance=carried.impedance - shunt_draw(network),
    )


def newton_step(
    model: NewtonModel, given: Complexes, z_share: Floats, i_share: Floats, tolerance: float
) -> tuple[Complexes, int, bool]:
    """Solve one step of given load (per unit): voltages, iterations, and whether the mismatch fell below tolerance.

    A tolerance finer than what rounding leaves of the mismatch is taken as that.
    """
    constant = model.power + given * (1.0 - z_share - i_share)
    linear, square = model.current + given * i_share, model.impedance + given * z_share
    tolerance = max(tolerance, 4.0 * np.finfo(float).eps * float(np.abs(model.matrix.data).max(initial=0.0)))
    v = model.start.copy()
    pq, angled = model.held, model.angled
    for iteration in range(MAX_ITERATIONS):
        size = np.abs(v)
        draw = constant + linear * size + square * size**2
        mismatch = v * (model.matrix @ v).conj() + draw
        f = np.concatenate([mismatch[angled].real, mismatch[pq].imag])
        if not np.isfinite(f).all():
            return v, iteration, False
        if np.abs(f).max(initial=0.0) < tolerance:
            return v, iteration, bool((size[angled] > 0).all())
        try:
            change = splu(jacobian(model, v, linear + 2.0 * square * size)).solve(f)
        except RuntimeError:  # SuperLU's word for a singular matrix
            return v, iteration, False
        angle = np.angle(v)
        angle[angled] -= change[: len(angled)]
        size[pq] -= change[len(angled) :]
        v = size * np.exp(1j * angle)
    return v, MAX_ITERATIONS, False


def jacobian(model: NewtonModel, v: Complexes, draw_slope: Complexes) -> sparse.csc_array:
    """Return the derivative of the mismatch by the angles of `angled` and the magnitudes of `held` buses."""
    y, pq, angled = model.matrix, model.held, model.angled
    size = np.abs(v)
    unit = np.divide(v, size, out=np.zeros_like(v), where=size > 0)
    diag_v, diag_unit = sparse.diags_array(v), sparse.diags_array(unit)
    diag_current = sparse.diags_array(y @ v)
    by_angle = 1j * diag_v @ (diag_current - y @ diag_v).conj()
    by_size = diag_v @ (y @ diag_unit).conj() + diag_current.conj() @ diag_unit + sparse.diags_array(draw_slope)
    a, b = sparse.csr_array(by_angle), sparse.csr_array(by_size)
    return sparse.csc_array(
        sparse.block_array(
            [
                [a[angled][:, angled].real, b[angled][:, pq].real],
                [a[pq][:, angled].imag, b[pq][:, pq].imag],
            ]
        )
    )
