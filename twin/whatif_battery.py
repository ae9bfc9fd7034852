"""What a battery does for the feeder it stands at: it lowers the highest load, moving no more energy than needed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog

from data.errors import TwinError

Floats = NDArray[np.float64]

MOVED_KWH_WEIGHT = 1e-4
"""Peak, in kW, that is worth one kW moved for one step: so little that it only settles ties."""


class NoBatteryPlanError(TwinError):
    """The linear programme of a battery has no solution."""


def peak_shaving_kw(base_kw: Floats, power_kw: float, energy_kwh: float, efficiency: float, step_h: float) -> Floats:
    r"""Return the net power of a battery, charging positive, that makes the highest load as low as possible.

    .. math:: \min_{c,d,e,m} \; m + \varepsilon \sum_t (c_t + d_t), \qquad
        b_t + c_t - d_t \le m, \qquad e_{t+1} = e_t + (\eta c_t - d_t / \eta) \, \Delta t, \qquad e_T = e_0

    Parameters
    ----------
    base_kw
        (T,) load without the battery, consumption positive.
    power_kw, energy_kwh
        Largest power either way, and usable energy.
    efficiency
        Of charging and of discharging each, in (0, 1].
    step_h
        Length of a step.

    Raises
    ------
    NoBatteryPlanError
        When the solver finds none; there always is one, standing still.
    """
    steps = len(base_kw)
    eye = sparse.eye_array(steps)
    # columns: c (T), d (T), e at the end of each step (T), m
    before = sparse.csr_array((np.ones(steps), (np.arange(steps), (np.arange(steps) - 1) % steps)))
    balance = sparse.hstack(
        [-efficiency * step_h * eye, step_h / efficiency * eye, eye - before, sparse.csr_array((steps, 1))]
    )
    peak = sparse.hstack([eye, -eye, sparse.csr_array((steps, steps)), -np.ones((steps, 1))])
    found = linprog(
        np.r_[np.full(2 * steps, MOVED_KWH_WEIGHT), np.zeros(steps), 1.0],
        A_ub=peak,
        b_ub=-base_kw,
        A_eq=balance,
        b_eq=np.zeros(steps),
        bounds=[*[(0.0, power_kw)] * (2 * steps), *[(0.0, energy_kwh)] * steps, (None, None)],
        method="highs",
    )
    if not found.success:
        raise NoBatteryPlanError(f"the battery of {power_kw:g} kW: {found.message}")
    return np.asarray(found.x[:steps] - found.x[steps : 2 * steps], dtype=np.float64)
