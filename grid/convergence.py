r"""How safe a step is from the nose: a sufficient condition for a solution, by sums along the paths of the trees.

With the no-load voltages `w` and the impedances `Z` that two buses share on their way to the slack, the condition
:math:`\xi = \max_i \sum_j |Z_{ij}| |S_j| / (|w_i| |w_j|) < 1/4` guarantees a solution, unique near `w` (M. Bazrafshan,
N. Gatsis, arXiv 1605.08511; A. Bernstein et al., arXiv 1702.03310). Here :math:`|Z_{ij}|` is bounded by the sum of the
branch impedances on the shared path, which makes ξ larger at most, and two passes over the rows enough.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from grid.elements import Floats
from grid.load_input import StepLoads
from grid.radial import RadialModel

SUFFICIENT = 0.25


def xi(model: RadialModel, loads: StepLoads) -> Floats:
    """ξ of each step (steps,), all load taken as constant power at its nominal value; NaN where a load is."""
    result = np.zeros(loads.steps)
    _xi(model.rows, loads.given(), result)
    return result


@njit(cache=True, error_model="numpy")
def _xi(rows, loads, result):  # type: ignore[no-untyped-def]
    largest = np.max(np.diff(rows.job_start))
    power, path = np.empty(largest), np.empty(largest)
    for step in range(result.size):
        for job in range(rows.job_start.size - 1):
            first, count = rows.job_start[job], rows.job_start[job + 1] - rows.job_start[job]
            for i in range(count):
                power[i] = _nominal(rows, first + i, loads, step)
            for i in range(count - 1, -1, -1):
                parent = rows.parent[first + i]
                if parent >= 0:
                    power[parent] += power[i]
            square = 1.0
            for i in range(count):
                parent = rows.parent[first + i]
                if parent < 0:
                    path[i] = 0.0
                    square = rows.root_v[first + i]
                else:
                    path[i] = path[parent] + np.sqrt(rows.z2[first + i]) * power[i] / square
                    if not path[i] <= result[step]:
                        result[step] = path[i]


@njit(cache=True, error_model="numpy")
def _nominal(rows, row, loads, step):  # type: ignore[no-untyped-def]
    """Apparent power a bus draws at the voltage 1 of its slack, per unit."""
    p = rows.p[row] + rows.i_p[row] + rows.g[row]
    q = rows.q[row] + rows.i_q[row] + rows.b[row]
    bus = rows.bus[row]
    if bus >= 0:
        p += loads.p[bus * loads.p_bus + step * loads.p_step] * loads.to_pu
        q += loads.q[bus * loads.q_bus + step * loads.q_step] * loads.to_pu
    return np.sqrt(p * p + q * q)
