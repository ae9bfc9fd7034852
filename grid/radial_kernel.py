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

from grid.elements import Floats, Ints

LANES = 32
"""Steps computed side by side. Lanes never mix, so it changes speed only, not one bit of a result."""

AT_P, AT_Q, AT_V, AT_DROP, AT_LOAD_P, AT_LOAD_Q = (part * LANES for part in range(6))
WIDTH = 6 * LANES

CONVERGED, DIVERGED, BAD_LOAD = 0, 1, 2

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
    kind: Ints  # 0 constant power only, 1 with draw ∝ v, 2 any
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
    y: Floats  # two-port (members, 8): pp, pc, cp, cc as re, im; only read where a row has several members


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
    root_p: Floats
    root_q: Floats
    loss: Floats
    drawn: Floats
    status: Ints
    iterations: Ints


@njit(**OPTIONS)
def read_loads(W, rows, first, count, loads, step0):  # type: ignore[no-untyped-def]
    last = loads.steps - 1
    for i in range(count):
        w, row = W[i], first + i
        bus = rows.bus[row]
        for k in range(LANES):
            w[AT_LOAD_P + k] = rows.p[row]
            w[AT_LOAD_Q + k] = rows.q[row]
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
def _add_draw(w, rows, row):  # type: ignore[no-untyped-def]
    """Add what the bus itself draws at the present voltage to the power of its row."""
    kind = rows.kind[row]
    if kind == 2:
        p_share, i_share, z_share = rows.p_share[row], rows.i_share[row], rows.z_share[row]
        i_p, i_q = rows.i_p[row], rows.i_q[row]
        for k in range(LANES):
            u = np.sqrt(w[AT_V + k])
            mix = p_share + i_share * u + z_share * w[AT_V + k]
            w[AT_P + k] += w[AT_LOAD_P + k] * mix + i_p * u
            w[AT_Q + k] += w[AT_LOAD_Q + k] * mix + i_q * u
    else:
        for k in range(LANES):
            w[AT_P + k] += w[AT_LOAD_P + k]
            w[AT_Q + k] += w[AT_LOAD_Q + k]
    if kind > 0:
        g, b = rows.g[row], rows.b[row]
        for k in range(LANES):
            w[AT_P + k] += g * w[AT_V + k]
            w[AT_Q + k] += b * w[AT_V + k]


@njit(**OPTIONS)
def backward(W, rows, first, count):  # type: ignore[no-untyped-def]
    """Sum power and losses from the leaves to the root; leave the drop of squared voltage of each branch."""
    for i in range(count - 1, -1, -1):
        w, row = W[i], first + i
        _add_draw(w, rows, row)
        parent = rows.parent[row]
        if parent < 0:
            continue
        u = W[parent]
        r, x, z2 = rows.r[row], rows.x[row], rows.z2[row]
        for k in range(LANES):
            p, q = w[AT_P + k], w[AT_Q + k]
            square = (p * p + q * q) / w[AT_V + k]
            w[AT_DROP + k] = 2.0 * (r * p + x * q) + z2 * square
            u[AT_P + k] += p + r * square
            u[AT_Q + k] += q + x * square


@njit(**OPTIONS)
def _forward(W, rows, first, count, live, change):  # type: ignore[no-untyped-def]
    """Follow the drops from the root in all live lanes, clear the power sums, note the largest change of a lane."""
    for k in range(LANES):
        change[k] = 0.0
    for i in range(count):
        w, parent = W[i], rows.parent[first + i]
        if parent >= 0:
            u = W[parent]
            for k in range(LANES):
                step = (u[AT_V + k] - w[AT_DROP + k] - w[AT_V + k]) * live[k]
                w[AT_V + k] += step
                size = abs(step)
                change[k] = size if size > change[k] else change[k]
        for k in range(LANES):
            w[AT_P + k] = 0.0
            w[AT_Q + k] = 0.0


@njit(**OPTIONS)
def _settle(live, change, before, passes, failed, tolerance):  # type: ignore[no-untyped-def]
    """Freeze the lanes that are done and count those that are not.

    The pass is a contraction: with ratio ρ of two changes in a row at most `change · ρ / (1 − ρ)` is left to come.
    """
    running = 0
    for k in range(LANES):
        if live[k] == 0.0:
            continue
        passes[k] += 1
        ratio = change[k] / before[k]
        before[k] = change[k]
        if not change[k] < 1e6:
            failed[k] = 1
            live[k] = 0.0
        elif change[k] == 0.0 or (ratio < 1.0 and change[k] * ratio < tolerance * (1.0 - ratio) and change[k] < 1e-3):
            live[k] = 0.0
        else:
            running += 1
    return running


@njit(**OPTIONS)
def _converge(W, rows, first, count, tolerance, max_passes, passes, failed, lane):  # type: ignore[no-untyped-def]
    """Sweep until every lane is settled; ends with a backward pass at the final voltages."""
    live, change, before = lane[0], lane[1], lane[2]
    for k in range(LANES):
        live[k] = 1.0
        before[k] = np.inf
        passes[k] = 0
        failed[k] = 0
    running = LANES
    for _ in range(max_passes):
        backward(W, rows, first, count)
        _forward(W, rows, first, count, live, change)
        running = _settle(live, change, before, passes, failed, tolerance)
        if running == 0:
            break
    if running:
        for k in range(LANES):
            if live[k] != 0.0:
                failed[k] = 1
    backward(W, rows, first, count)


@njit(**OPTIONS)
def _judge(W, rows, first, count, failed, status, lanes):  # type: ignore[no-untyped-def]
    """Status of each lane; NaN everywhere in the lanes that failed, so that nothing wrong can be read from them."""
    for k in range(lanes):
        drawn = 0.0
        lowest = np.inf
        total = 0.0
        for i in range(count):
            drawn += W[i, AT_LOAD_P + k] + W[i, AT_LOAD_Q + k]
            lowest = min(lowest, W[i, AT_V + k])
            if rows.parent[first + i] < 0:
                total += W[i, AT_P + k] + W[i, AT_Q + k]
        if not np.isfinite(drawn):
            status[k] = BAD_LOAD
        elif failed[k] or not lowest > 0.0 or not np.isfinite(total):
            status[k] = DIVERGED
        else:
            status[k] = CONVERGED
            continue
        for i in range(count):
            W[i, AT_V + k] = np.nan
            W[i, AT_P + k] = np.nan
            W[i, AT_Q + k] = np.nan


@njit(**OPTIONS)
def _write_sums(W, rows, first, count, job, root0, step0, lanes, out):  # type: ignore[no-untyped-def]
    root = root0
    for k in range(lanes):
        out.loss[job, step0 + k] = 0.0
        out.drawn[job, step0 + k] = 0.0
    for i in range(count):
        w, row = W[i], first + i
        r, g = rows.r[row], rows.g_loss[row]
        if rows.parent[row] < 0:
            for k in range(lanes):
                out.root_p[root, step0 + k] = w[AT_P + k]
                out.root_q[root, step0 + k] = w[AT_Q + k]
            root += 1
            r = 0.0
        for k in range(lanes):
            p, q = w[AT_P + k], w[AT_Q + k]
            out.loss[job, step0 + k] += r * (p * p + q * q) / w[AT_V + k] + g * w[AT_V + k]
            out.drawn[job, step0 + k] += w[AT_LOAD_P + k]


@njit(**OPTIONS)
def _write_voltages(W, rows, first, count, step0, lanes, out):  # type: ignore[no-untyped-def]
    for i in range(count):
        bus = rows.bus[first + i]
        if bus >= 0:
            w, scale = W[i], rows.scale[first + i]
            v_pu = out.v_pu[bus, step0 : step0 + lanes]
            for k in range(lanes):
                v_pu[k] = np.sqrt(w[AT_V + k]) * scale


@njit(**OPTIONS)
def _write_lone_current(w, u, rows, row, members, m, target):  # type: ignore[no-untyped-def]
    """Current at the `from` end of a branch that is alone on its row."""
    g, b, scale = members.g_half[m], members.b_half[m], members.from_scale[m]
    if members.from_is_parent[m] and (g != 0.0 or b != 0.0):
        r, x = rows.r[row], rows.x[row]
        for k in range(target.size):
            p, q = w[AT_P + k], w[AT_Q + k]
            square = (p * p + q * q) / w[AT_V + k]
            p += r * square + g * u[AT_V + k]
            q += x * square + b * u[AT_V + k]
            target[k] = np.sqrt((p * p + q * q) / u[AT_V + k]) * scale
    else:
        for k in range(target.size):
            p, q = w[AT_P + k] - g * w[AT_V + k], w[AT_Q + k] - b * w[AT_V + k]
            target[k] = np.sqrt((p * p + q * q) / w[AT_V + k]) * scale


@njit(**OPTIONS)
def _write_shared_current(w, rows, row, members, m, target):  # type: ignore[no-untyped-def]
    """Current at the `from` end of one of several parallel branches, from its two-port and both voltages."""
    r, x, y, scale = rows.r[row], rows.x[row], members.y[m], members.from_scale[m]
    own, other = (0, 2) if members.from_is_parent[m] else (6, 4)
    for k in range(target.size):
        p, q, v = w[AT_P + k], w[AT_Q + k], w[AT_V + k]
        child = np.sqrt(v)
        re, im = (v + r * p + x * q) / child, (x * p - r * q) / child
        if own == 0:
            i_re = y[0] * re - y[1] * im + y[2] * child
            i_im = y[0] * im + y[1] * re + y[3] * child
        else:
            i_re = y[4] * re - y[5] * im + y[6] * child
            i_im = y[4] * im + y[5] * re + y[7] * child
        target[k] = np.sqrt(i_re * i_re + i_im * i_im) * scale


@njit(**OPTIONS)
def _write_currents(W, rows, members, first, count, step0, lanes, out):  # type: ignore[no-untyped-def]
    for i in range(count):
        row = first + i
        m0, m1 = rows.member_start[row], rows.member_start[row + 1]
        for m in range(m0, m1):
            target = out.current_a[members.branch[m], step0 : step0 + lanes]
            if m1 - m0 == 1:
                _write_lone_current(W[i], W[rows.parent[row]], rows, row, members, m, target)
            else:
                _write_shared_current(W[i], rows, row, members, m, target)


@njit(**OPTIONS)
def sweep(rows, members, loads, out, units, tolerance, max_passes):  # type: ignore[no-untyped-def]
    """Solve the units `units[0] … units[1]`, unit = job · blocks + block of `LANES` steps; results go into `out`."""
    blocks = (loads.steps + LANES - 1) // LANES
    W = np.empty((np.max(np.diff(rows.job_start)), WIDTH))
    lane = np.empty((3, LANES))
    passes, failed = np.empty(LANES, dtype=np.int64), np.empty(LANES, dtype=np.int64)
    for unit in range(units[0], units[1]):
        job, step0 = unit // blocks, unit % blocks * LANES
        first, count = rows.job_start[job], rows.job_start[job + 1] - rows.job_start[job]
        lanes = min(LANES, loads.steps - step0)
        read_loads(W, rows, first, count, loads, step0)
        _start(W, rows, first, count)
        _converge(W, rows, first, count, tolerance, max_passes, passes, failed, lane)
        _judge(W, rows, first, count, failed, out.status[job, step0:], lanes)
        for k in range(lanes):
            out.iterations[job, step0 + k] = passes[k]
        _write_sums(W, rows, first, count, job, rows.root_start[job], step0, lanes, out)
        _write_voltages(W, rows, first, count, step0, lanes, out)
        if out.current_a.size:
            _write_currents(W, rows, members, first, count, step0, lanes, out)
