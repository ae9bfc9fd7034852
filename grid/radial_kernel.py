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

from typing import NamedTuple

import numpy as np
from numba import njit

from grid.elements import Complexes, Floats, Ints
from grid.status import ABSURD_LOADING

LANES = 32
"""Steps computed side by side. Lanes never mix, so it changes speed only, not one bit of a result."""

AT_P, AT_Q, AT_V, AT_DROP, AT_LOAD_P, AT_LOAD_Q = (part * LANES for part in range(6))
WIDTH = 6 * LANES

CONVERGED, DIVERGED, BAD_LOAD, ABSURD = 0, 1, 2, 4  # values of `status.Status`
CONSTANT_POWER, WITH_SHUNT, MIXED = 0, 1, 2

OPTIONS = {"cache": True, "nogil": True, "error_model": "numpy", "fastmath": {"contract"}}


class Rows(NamedTuple):
    """Trees as rows, jobs after one another; in a job parents precede children. Per unit, ratios scaled away."""

    job_start: Ints
    root_start: Ints  # first root of each job, roots being counted over all jobs
    parent: Ints  # row within the job, or −1
    bus: Ints  # row of the result, or −1 for a further copy of a root
    r: Floats
    x: Floats
    z2: Floats
    g: Floats  # draw proportional to v
    b: Floats
    i_p: Floats  # draw proportional to √v
    i_q: Floats
    p: Floats  # constant draw
    q: Floats
    root_v: Floats  # squared voltage at roots
    scale: Floats  # |V| / √v
    p_share: Floats  # of the given loads: constant power, and what goes with √v and v
    i_share: Floats
    z_share: Floats
    kind: Ints  # CONSTANT_POWER, WITH_SHUNT or MIXED
    g_loss: Floats  # what of g is loss of branches
    member_start: Ints


class Members(NamedTuple):
    """Branches of each row, parallel ones together; `p*`, `c*` are parent and child end."""

    branch: Ints
    from_is_parent: Ints
    g_half: Floats
    b_half: Floats
    from_scale: Floats  # A per scaled per unit
    to_scale: Floats
    from_limit_a: Floats  # rated current of each end
    to_limit_a: Floats
    y: Complexes  # two-port (members, 4): pp, pc, cp, cc; only read where a row has several members


class GivenLoads(NamedTuple):
    """Given loads as flat memory and strides in elements, so that either array order is read in place."""

    p: Floats
    p_step: int
    p_bus: int
    q: Floats
    q_step: int
    q_bus: int
    steps: int
    to_pu: float


class Results(NamedTuple):
    """What a sweep writes: voltages (buses, steps), currents (branches, steps), sums (jobs or roots, steps)."""

    v_pu: Floats
    current_a: Floats
    loading: Floats  # larger of both ends (branches, steps); of size 0 when not asked for
    root_p: Floats
    root_q: Floats
    loss: Floats
    status: Ints
    iterations: Ints


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
