"""What a solved tree tells beyond voltages and currents: angles, and the power and current at both ends of branches.

Computed from the solved voltages by one backward pass over the same rows, only when somebody asks.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from grid.elements import Floats
from grid.meshed_kernel import chord_ends
from grid.radial_kernel import backward, read_loads
from grid.sweep_tables import AT_DROP, AT_P, AT_Q, AT_V, LANES, OPTIONS, WIDTH


class Details(NamedTuple):
    """What is written: angles (buses, steps); power entering at both ends and the `to` current (branches, steps).

    An array of size 0 is not asked for. Power is per unit, angles radian with the root's own as zero.
    """

    angle: Floats
    from_p: Floats
    from_q: Floats
    to_p: Floats
    to_q: Floats
    to_current_a: Floats


@njit(**OPTIONS)
def _set_voltages(W, rows, first, count, v_pu, step0, lanes):  # type: ignore[no-untyped-def]
    for i in range(count):
        w, row = W[i], first + i
        bus, scale = rows.bus[row], rows.scale[row]
        for k in range(LANES):
            w[AT_P + k] = 0.0
            w[AT_Q + k] = 0.0
            if rows.parent[row] < 0 or bus < 0:
                w[AT_V + k] = rows.root_v[row]
            else:
                v = v_pu[bus, step0 + min(k, lanes - 1)] / scale
                w[AT_V + k] = v * v


@njit(**OPTIONS)
def _write_angles(W, rows, first, count, step0, lanes, out):  # type: ignore[no-untyped-def]
    for i in range(count):
        w, row = W[i], first + i
        parent, bus = rows.parent[row], rows.bus[row]
        if parent < 0:
            for k in range(LANES):
                w[AT_DROP + k] = 0.0
        else:
            u, r, x = W[parent], rows.r[row], rows.x[row]
            for k in range(LANES):
                p, q = w[AT_P + k], w[AT_Q + k]
                w[AT_DROP + k] = u[AT_DROP + k] - np.arctan2(x * p - r * q, w[AT_V + k] + r * p + x * q)
        if bus >= 0:
            for k in range(lanes):
                out.angle[bus, step0 + k] = w[AT_DROP + k]


@njit(**OPTIONS)
def _ends(w, u, k, r, x, members, m, alone):  # type: ignore[no-untyped-def]
    """Power entering a branch at its parent end and at its child end."""
    p, q, v = w[AT_P + k], w[AT_Q + k], w[AT_V + k]
    if alone:
        square = (p * p + q * q) / v
        g, b = members.g_half[m], members.b_half[m]
        return p + r * square + g * u[AT_V + k], q + x * square + b * u[AT_V + k], g * v - p, b * v - q
    y = members.y[m]
    child = np.sqrt(v)
    parent = complex((v + r * p + x * q) / child, (x * p - r * q) / child)
    at_parent = y[0] * parent + y[1] * child
    at_child = y[2] * parent + y[3] * child
    s_parent, s_child = parent * at_parent.conjugate(), child * at_child.conjugate()
    return s_parent.real, s_parent.imag, s_child.real, s_child.imag


@njit(**OPTIONS)
def _write_flows(W, rows, members, first, count, step0, lanes, out):  # type: ignore[no-untyped-def]
    for i in range(count):
        row = first + i
        m0, m1 = rows.member_start[row], rows.member_start[row + 1]
        for m in range(m0, m1):
            w, u, branch = W[i], W[rows.parent[row]], members.branch[m]
            for k in range(lanes):
                step = step0 + k
                pp, pq, cp, cq = _ends(w, u, k, rows.r[row], rows.x[row], members, m, m1 - m0 == 1)
                v_parent, v_child = u[AT_V + k], w[AT_V + k]
                if not members.from_is_parent[m]:
                    pp, pq, cp, cq = cp, cq, pp, pq
                    v_child = v_parent
                if out.from_p.size:
                    out.from_p[branch, step] = pp
                    out.from_q[branch, step] = pq
                    out.to_p[branch, step] = cp
                    out.to_q[branch, step] = cq
                if out.to_current_a.size:
                    out.to_current_a[branch, step] = np.sqrt((cp * cp + cq * cq) / v_child) * members.to_scale[m]


@njit(**OPTIONS)
def _add_chords(W, chords, tied, step0, lanes, flows):  # type: ignore[no-untyped-def]
    """Let the buses at the ends of closed ties draw what the ties carry away."""
    for c in range(chords.job_start[tied], chords.job_start[tied + 1]):
        a, b = W[chords.from_row[c]], W[chords.to_row[c]]
        for k in range(lanes):
            a[AT_P + k] += flows.from_p[c, step0 + k]
            a[AT_Q + k] += flows.from_q[c, step0 + k]
            b[AT_P + k] += flows.to_p[c, step0 + k]
            b[AT_Q + k] += flows.to_q[c, step0 + k]


@njit(**OPTIONS)
def _write_chord_flows(W, chords, tied, step0, lanes, flows, out):  # type: ignore[no-untyped-def]
    for c in range(chords.job_start[tied], chords.job_start[tied + 1]):
        branch = chords.branch[c]
        for k in range(lanes):
            from_p, from_q, to_p, to_q = chord_ends(W, chords, c, k, flows, step0 + k)
            if out.from_p.size:
                out.from_p[branch, step0 + k] = from_p
                out.from_q[branch, step0 + k] = from_q
                out.to_p[branch, step0 + k] = to_p
                out.to_q[branch, step0 + k] = to_q
            if out.to_current_a.size:
                current = np.sqrt((to_p * to_p + to_q * to_q) / W[chords.to_row[c], AT_V + k])
                out.to_current_a[branch, step0 + k] = current * chords.to_scale[c]


@njit(**OPTIONS)
def details(rows, members, chords, loads, solved, out, units):  # type: ignore[no-untyped-def]
    """Write what `out` has room for, for the units `units[0] … units[1]` (see `radial_kernel.sweep`).

    `solved` holds the voltage magnitudes and what the closed ties carry.
    """
    v_pu, flows = solved
    blocks = (loads.steps + LANES - 1) // LANES
    radial_jobs = rows.job_start.size - chords.job_start.size
    W = np.empty((np.max(np.diff(rows.job_start)), WIDTH))
    for unit in range(units[0], units[1]):
        job, step0 = unit // blocks, unit % blocks * LANES
        first, count = rows.job_start[job], rows.job_start[job + 1] - rows.job_start[job]
        lanes, tied = min(LANES, loads.steps - step0), job - radial_jobs
        read_loads(W, rows, first, count, loads, step0)
        _set_voltages(W, rows, first, count, v_pu, step0, lanes)
        if tied >= 0:
            _add_chords(W, chords, tied, step0, lanes, flows)
        backward(W, rows, first, count)
        if out.angle.size:
            _write_angles(W, rows, first, count, step0, lanes, out)
        if out.from_p.size or out.to_current_a.size:
            _write_flows(W, rows, members, first, count, step0, lanes, out)
            if tied >= 0:
                _write_chord_flows(W, chords, tied, step0, lanes, flows, out)
