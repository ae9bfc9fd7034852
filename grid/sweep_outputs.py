"""What both compiled sweeps write of a settled job: status, sums, voltages, currents, loadings.

Each row holds the power its branch receives and its squared voltage.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from grid.status import ABSURD_LOADING
from grid.sweep_tables import (
    ABSURD,
    AT_LOAD_P,
    AT_LOAD_Q,
    AT_P,
    AT_Q,
    AT_V,
    BAD_LOAD,
    CONVERGED,
    DIVERGED,
    LANES,
    OPTIONS,
)


@njit(**OPTIONS)
def judge(W, count, failed, status, lanes, lane):  # type: ignore[no-untyped-def]
    """Status of each lane; NaN everywhere in the lanes that failed, so that nothing wrong can be read from them."""
    drawn, total, lowest = lane[0], lane[1], lane[2]
    for k in range(LANES):
        drawn[k], total[k], lowest[k] = 0.0, 0.0, np.inf
    for i in range(count):
        w = W[i]
        for k in range(LANES):
            drawn[k] += w[AT_LOAD_P + k] + w[AT_LOAD_Q + k]
            total[k] += w[AT_P + k] + w[AT_Q + k]
            lowest[k] = w[AT_V + k] if w[AT_V + k] < lowest[k] else lowest[k]
    for k in range(lanes):
        if not np.isfinite(drawn[k]):
            status[k] = BAD_LOAD
        elif failed[k] or not lowest[k] > 0.0 or not np.isfinite(total[k]):
            status[k] = DIVERGED
        else:
            status[k] = CONVERGED
            continue
        for i in range(count):
            W[i, AT_V + k] = np.nan
            W[i, AT_P + k] = np.nan
            W[i, AT_Q + k] = np.nan


@njit(**OPTIONS)
def _add_loss(w, loss, r, g):  # type: ignore[no-untyped-def]
    for k in range(LANES):
        p, q = w[AT_P + k], w[AT_Q + k]
        loss[k] += r * (p * p + q * q) / w[AT_V + k] + g * w[AT_V + k]


@njit(**OPTIONS)
def write_sums(W, rows, unit, lane, out):  # type: ignore[no-untyped-def]
    """Write the power of the roots and the losses of the job."""
    job, first, count, step0, lanes = unit
    loss, root = lane[0], rows.root_start[job]
    loss[:] = 0.0
    for i in range(count):
        row = first + i
        if rows.parent[row] < 0:
            for k in range(lanes):
                out.root_p[root, step0 + k] = W[i, AT_P + k]
                out.root_q[root, step0 + k] = W[i, AT_Q + k]
            root += 1
            _add_loss(W[i], loss, 0.0, rows.g_loss[row])
        else:
            _add_loss(W[i], loss, rows.r[row], rows.g_loss[row])
    for k in range(lanes):
        out.loss[job, step0 + k] = loss[k]


@njit(**OPTIONS)
def _write_voltage(w, scale, target):  # type: ignore[no-untyped-def]
    for k in range(target.size):
        target[k] = np.sqrt(w[AT_V + k]) * scale


@njit(**OPTIONS)
def write_voltages(W, rows, unit, out):  # type: ignore[no-untyped-def]
    """Write the voltage magnitudes of the job's buses."""
    _, first, count, step0, lanes = unit
    for i in range(count):
        bus = rows.bus[first + i]
        if bus >= 0:
            _write_voltage(W[i], rows.scale[first + i], out.v_pu[bus, step0 : step0 + lanes])


@njit(**OPTIONS)
def _child_current(w, target, g, b, scale):  # type: ignore[no-untyped-def]
    """Leave the current at the child end, which without a shunt is that at both ends."""
    for k in range(LANES):
        p, q = w[AT_P + k] - g * w[AT_V + k], w[AT_Q + k] - b * w[AT_V + k]
        target[k] = np.sqrt((p * p + q * q) / w[AT_V + k]) * scale


@njit(**OPTIONS)
def _parent_current(w, u, target, r, x, g, b, scale):  # type: ignore[no-untyped-def]
    for k in range(LANES):
        p, q = w[AT_P + k], w[AT_Q + k]
        square = (p * p + q * q) / w[AT_V + k]
        p += r * square + g * u[AT_V + k]
        q += x * square + b * u[AT_V + k]
        target[k] = np.sqrt((p * p + q * q) / u[AT_V + k]) * scale


@njit(**OPTIONS)
def _shared_current(w, target, r, x, own, other, scale):  # type: ignore[no-untyped-def]
    """Of one of several parallel branches, from its two-port's row (`own` parent, `other` child) and both voltages."""
    for k in range(LANES):
        p, q, v = w[AT_P + k], w[AT_Q + k], w[AT_V + k]
        child = np.sqrt(v)
        current = own * complex((v + r * p + x * q) / child, (x * p - r * q) / child) + other * child
        target[k] = abs(current) * scale


@njit(**OPTIONS)
def _end_current(w, u, target, alone, at_parent, branch, y_row, scale):  # type: ignore[no-untyped-def]
    """Leave the current of one end of a branch (r, x, g, b of its row) for row `w` with parent `u` in `target`."""
    r, x, g, b = branch
    if not alone:
        _shared_current(w, target, r, x, y_row[0], y_row[1], scale)
    elif at_parent and (g != 0.0 or b != 0.0):
        _parent_current(w, u, target, r, x, g, b, scale)
    else:
        _child_current(w, target, g, b, scale)


@njit(**OPTIONS)
def _note_largest(current_a, worst, limit_a):  # type: ignore[no-untyped-def]
    for k in range(LANES):
        loading = current_a[k] / limit_a
        worst[k] = loading if loading > worst[k] else worst[k]


@njit(**OPTIONS)
def _larger_loading(from_a, to_a, from_limit_a, to_limit_a):  # type: ignore[no-untyped-def]
    """Overwrite the `to` current by the larger loading of both ends; NaN stays NaN."""
    for k in range(LANES):
        at_from, at_to = from_a[k] / from_limit_a, to_a[k] / to_limit_a
        to_a[k] = at_from if at_from > at_to else at_to


@njit(**OPTIONS)
def write_currents(W, rows, members, unit, lane, out):  # type: ignore[no-untyped-def]
    """Write `from` currents, and loadings where asked for; mark the steps that are absurd."""
    job, first, count, step0, lanes = unit
    worst, from_a, to_a = lane[0], lane[1], lane[2]
    worst[:] = 0.0
    with_loading = out.loading.size > 0
    for i in range(count):
        row, w = first + i, W[i]
        m0, m1 = rows.member_start[row], rows.member_start[row + 1]
        u = W[max(rows.parent[row], 0)]
        for m in range(m0, m1):
            number, at_parent = members.branch[m], members.from_is_parent[m]
            branch = (rows.r[row], rows.x[row], members.g_half[m], members.b_half[m])
            parent_row, child_row = (members.y[m, 0], members.y[m, 1]), (members.y[m, 2], members.y[m, 3])
            y_from, y_to = (parent_row, child_row) if at_parent else (child_row, parent_row)
            _end_current(w, u, from_a, m1 - m0 == 1, at_parent, branch, y_from, members.from_scale[m])
            out.current_a[number, step0 : step0 + lanes] = from_a[:lanes]
            _note_largest(from_a, worst, members.from_limit_a[m])
            if with_loading:
                _end_current(w, u, to_a, m1 - m0 == 1, not at_parent, branch, y_to, members.to_scale[m])
                _larger_loading(from_a, to_a, members.from_limit_a[m], members.to_limit_a[m])
                out.loading[number, step0 : step0 + lanes] = to_a[:lanes]
    for k in range(lanes):
        if worst[k] > ABSURD_LOADING and out.status[job, step0 + k] == CONVERGED:
            out.status[job, step0 + k] = ABSURD
