r"""The compiled sweep over trees: a whole block of steps of a few feeders at once.

For each branch with parent bus `i` and child bus `j`, with squared voltages :math:`v` and receiving-end power
:math:`P + jQ` (M. E. Baran and F. F. Wu, IEEE Trans. Power Delivery 4(1), 1989, "branch flow" equations):

.. math::
    P_j = p_j + \sum_k (P_k + r_k l_k), \quad Q_j = q_j + \sum_k (Q_k + x_k l_k), \quad l_j = (P_j^2 + Q_j^2) / v_j,
    \qquad v_j = v_i - 2 (r_j P_j + x_j Q_j) - (r_j^2 + x_j^2) l_j

A backward pass sums power and losses towards the root at given `v`, a forward pass follows the voltage drop from it.
The pass contracts with the *losses'* share of the voltage drop, not with the drop itself as the current summation does;
angles are not needed on the way. Lanes (steps) are innermost so that everything vectorises.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from grid.sweep_outputs import judge, write_currents, write_sums, write_voltages
from grid.sweep_tables import (
    AT_DROP,
    AT_LOAD_P,
    AT_LOAD_Q,
    AT_P,
    AT_Q,
    AT_V,
    CONSTANT_POWER,
    LANES,
    MIXED,
    OPTIONS,
    WIDTH,
)


@njit(**OPTIONS)
def read_loads(W, rows, first, count, loads, step0):  # type: ignore[no-untyped-def]
    """Copy one block of the loads of a job into its rows, per unit; lanes beyond the last step repeat it."""
    last = loads.steps - 1
    for i in range(count):
        w, row = W[i], first + i
        bus = rows.bus[row]
        own = 0.0 if rows.kind[row] == MIXED else 1.0
        for k in range(LANES):
            w[AT_LOAD_P + k] = rows.p[row] * own
            w[AT_LOAD_Q + k] = rows.q[row] * own
        if bus >= 0:
            p0, q0 = bus * loads.p_bus, bus * loads.q_bus
            for k in range(LANES):
                step = min(step0 + k, last)
                w[AT_LOAD_P + k] += loads.p[p0 + step * loads.p_step] * loads.to_pu
                w[AT_LOAD_Q + k] += loads.q[q0 + step * loads.q_step] * loads.to_pu


@njit(**OPTIONS)
def _start(W, rows, first, count):  # type: ignore[no-untyped-def]
    """Lay the root's voltage over its whole tree."""
    for i in range(count):
        w, parent = W[i], rows.parent[first + i]
        v = rows.root_v[first + i] if parent < 0 else W[parent, AT_V]
        for k in range(LANES):
            w[AT_P + k] = 0.0
            w[AT_Q + k] = 0.0
            w[AT_V + k] = v


@njit(**OPTIONS)
def _mix_draw(w, p_share, i_share, z_share, i_p, i_q, p, q):  # type: ignore[no-untyped-def]
    """Add the voltage-dependent draw of a bus to the power of its row."""
    for k in range(LANES):
        u = np.sqrt(w[AT_V + k])
        mix = p_share + i_share * u + z_share * w[AT_V + k]
        w[AT_P + k] += w[AT_LOAD_P + k] * mix + i_p * u + p
        w[AT_Q + k] += w[AT_LOAD_Q + k] * mix + i_q * u + q


@njit(**OPTIONS)
def _plain_draw(w):  # type: ignore[no-untyped-def]
    for k in range(LANES):
        w[AT_P + k] += w[AT_LOAD_P + k]
        w[AT_Q + k] += w[AT_LOAD_Q + k]


@njit(**OPTIONS)
def _shunt_draw(w, g, b):  # type: ignore[no-untyped-def]
    for k in range(LANES):
        w[AT_P + k] += g * w[AT_V + k]
        w[AT_Q + k] += b * w[AT_V + k]


@njit(**OPTIONS)
def _pass_up(w, u, r, x, z2):  # type: ignore[no-untyped-def]
    """Give a branch's power and loss to its parent `u`; leave its drop of squared voltage."""
    for k in range(LANES):
        p, q = w[AT_P + k], w[AT_Q + k]
        square = (p * p + q * q) / w[AT_V + k]
        w[AT_DROP + k] = 2.0 * (r * p + x * q) + z2 * square
        u[AT_P + k] += p + r * square
        u[AT_Q + k] += q + x * square


@njit(**OPTIONS)
def backward(W, rows, first, count):  # type: ignore[no-untyped-def]
    """Sum power and losses from the leaves to the root; leave the drop of squared voltage of each branch."""
    for i in range(count - 1, -1, -1):
        w, row = W[i], first + i
        kind, parent = rows.kind[row], rows.parent[row]
        if kind == MIXED:
            p_share, i_share, z_share = rows.p_share[row], rows.i_share[row], rows.z_share[row]
            _mix_draw(w, p_share, i_share, z_share, rows.i_p[row], rows.i_q[row], rows.p[row], rows.q[row])
        else:
            _plain_draw(w)
        if kind != CONSTANT_POWER:
            _shunt_draw(w, rows.g[row], rows.b[row])
        if parent >= 0:
            _pass_up(w, W[parent], rows.r[row], rows.x[row], rows.z2[row])


@njit(**OPTIONS)
def _pass_down(w, u, live, change):  # type: ignore[no-untyped-def]
    for k in range(LANES):
        step = (u[AT_V + k] - w[AT_DROP + k] - w[AT_V + k]) * live[k]
        w[AT_V + k] += step
        size = abs(step)
        change[k] = size if size > change[k] else change[k]
        w[AT_P + k] = 0.0
        w[AT_Q + k] = 0.0


@njit(**OPTIONS)
def _forward(W, parents, first, count, live, change):  # type: ignore[no-untyped-def]
    """Follow the drops from the root in all live lanes, clear the power sums, note the largest change of a lane."""
    for k in range(LANES):
        change[k] = 0.0
    for i in range(count):
        parent = parents[first + i]
        if parent >= 0:
            _pass_down(W[i], W[parent], live, change)
        else:
            W[i, AT_P : AT_Q + LANES] = 0.0


@njit(**OPTIONS)
def settle(lane, passes, failed, tolerance):  # type: ignore[no-untyped-def]
    """Freeze the lanes that are done and count those that are not.

    The pass is a contraction: with rate ρ at most `change · ρ / (1 − ρ)` is left to come. The rate is the ratio of two
    changes in a row, taken no lower than half the rate before, lest one lucky pass end the search.
    """
    live, change, before, rate = lane[0], lane[1], lane[2], lane[3]
    running = 0
    for k in range(LANES):
        if live[k] == 0.0:
            continue
        passes[k] += 1
        rate[k] = max(change[k] / before[k], 0.5 * rate[k])
        before[k] = change[k]
        if not change[k] < 1e6:
            failed[k] = 1
            live[k] = 0.0
        elif change[k] == 0.0 or (rate[k] < 1.0 and change[k] * rate[k] < tolerance * (1.0 - rate[k])):
            live[k] = 0.0
        else:
            running += 1
    return running


@njit(**OPTIONS)
def begin_lanes(lane, passes, failed):  # type: ignore[no-untyped-def]
    """Set all lanes running; the first rate is the first change itself, as a pass contracts by less than the drop."""
    for k in range(LANES):
        lane[0, k], lane[1, k], lane[2, k], lane[3, k] = 1.0, 0.0, 1.0, 0.0
        passes[k] = 0
        failed[k] = 0


@njit(**OPTIONS)
def _converge(W, rows, first, count, tolerance, max_passes, passes, failed, lane):  # type: ignore[no-untyped-def]
    """Sweep until every lane is settled; ends with a backward pass at the final voltages."""
    begin_lanes(lane, passes, failed)
    for _ in range(max_passes):
        backward(W, rows, first, count)
        _forward(W, rows.parent, first, count, lane[0], lane[1])
        if settle(lane, passes, failed, tolerance) == 0:
            break
    for k in range(LANES):
        if lane[0, k] != 0.0:
            failed[k] = 1
    backward(W, rows, first, count)


@njit(**OPTIONS)
def sweep(rows, members, loads, out, units, tolerance, max_passes):  # type: ignore[no-untyped-def]
    """Solve the units `units[0] … units[1]`, unit = job · blocks + block of `LANES` steps; results go into `out`."""
    blocks = (loads.steps + LANES - 1) // LANES
    W = np.empty((np.max(np.diff(rows.job_start)), WIDTH))
    lane = np.empty((4, LANES))
    passes, failed = np.empty(LANES, dtype=np.int64), np.empty(LANES, dtype=np.int64)
    for index in range(units[0], units[1]):
        job, step0 = index // blocks, index % blocks * LANES
        first, count = rows.job_start[job], rows.job_start[job + 1] - rows.job_start[job]
        lanes = min(LANES, loads.steps - step0)
        unit = (job, first, count, step0, lanes)
        read_loads(W, rows, first, count, loads, step0)
        _start(W, rows, first, count)
        _converge(W, rows, first, count, tolerance, max_passes, passes, failed, lane)
        judge(W, count, failed, out.status[job, step0:], lanes, lane)
        for k in range(lanes):
            out.iterations[job, step0 + k] = passes[k]
        write_sums(W, rows, unit, lane, out)
        write_voltages(W, rows, unit, out)
        write_currents(W, rows, members, unit, lane, out)
