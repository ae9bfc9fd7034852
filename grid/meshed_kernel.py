r"""The compiled sweep of feeders that closed ties join: current summation with loop-breakpoint compensation.

The ties (chords) are opened; with the voltages :math:`U^0` of the tree alone their currents follow from the loops'
impedance matrix `M`, and their effect on every bus from `K` (D. Shirmohammadi, H. W. Hong, A. Semlyen, G. X. Luo, IEEE
Trans. Power Systems 3(2), 1988; here both are exact, so that the network's linear part is solved in every pass):

.. math:: I_c = M^{-1} E, \quad E_c = \rho_c U^0_a - U^0_b, \qquad U = U^0 - K I_c

Rows, lanes and results are those of `radial_kernel`; at the end each row holds received power and squared voltage, as
the radial sweep leaves them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from grid.elements import Complexes, Floats, Ints
from grid.radial_kernel import begin_lanes, read_loads, settle
from grid.sweep_outputs import judge, write_currents, write_sums, write_voltages
from grid.sweep_tables import AT_LOAD_P, AT_LOAD_Q, AT_P, AT_Q, AT_V, LANES, MIXED, OPTIONS, WIDTH

# While voltages are sought, a row's first places hold current and voltage as complex numbers in two parts.
AT_I_RE, AT_I_IM, AT_U_RE, AT_U_IM = AT_P, AT_Q, AT_V, AT_V + LANES


class Chords(NamedTuple):
    """Ties of the jobs that have any, job after job; both ends as rows within the job."""

    branch: Ints
    job_start: Ints  # first chord of each job with ties
    effect_start: Ints  # first entry of each job in `effect`
    from_row: Ints
    to_row: Ints
    turn: Complexes  # ρ, 1 unless the shifts and ratios around the loop do not cancel
    z: Complexes
    y_half: Complexes  # scaled shunt admittance at either side of z
    inverse_start: Ints
    inverse: Complexes  # M⁻¹ of each job, flat
    effect: Complexes  # K of each job (rows, chords), flat
    root_u: Complexes  # voltage of each row that is a root
    from_scale: Floats  # A per scaled per unit
    to_scale: Floats
    from_limit_a: Floats  # rated current of each end
    to_limit_a: Floats


class ChordFlows(NamedTuple):
    """Series power leaving each end of a chord into it (chords, steps), per unit, half shunts not counted."""

    from_p: Floats
    from_q: Floats
    to_p: Floats
    to_q: Floats


@njit(**OPTIONS)
def _begin(W, rows, roots, first, count):  # type: ignore[no-untyped-def]
    for i in range(count):
        w, parent = W[i], rows.parent[first + i]
        re = roots[first + i].real if parent < 0 else W[parent, AT_U_RE]
        im = roots[first + i].imag if parent < 0 else W[parent, AT_U_IM]
        for k in range(LANES):
            w[AT_I_RE + k] = 0.0
            w[AT_I_IM + k] = 0.0
            w[AT_U_RE + k] = re
            w[AT_U_IM + k] = im


@njit(**OPTIONS)
def _add_current(w, g, b):  # type: ignore[no-untyped-def]
    """Add the current a bus of constant power and a shunt draws."""
    for k in range(LANES):
        re, im, p, q = w[AT_U_RE + k], w[AT_U_IM + k], w[AT_LOAD_P + k], w[AT_LOAD_Q + k]
        square = 1.0 / (re * re + im * im)
        p = p * square + g
        q = q * square + b
        w[AT_I_RE + k] += p * re + q * im
        w[AT_I_IM + k] += p * im - q * re


@njit(**OPTIONS)
def _add_mixed_current(w, g, b, p_share, i_share, z_share, i_p, i_q, own_p, own_q):  # type: ignore[no-untyped-def]
    for k in range(LANES):
        re, im = w[AT_U_RE + k], w[AT_U_IM + k]
        v = re * re + im * im
        u = np.sqrt(v)
        mix = p_share + i_share * u + z_share * v
        p = (w[AT_LOAD_P + k] * mix + i_p * u + own_p) / v + g
        q = (w[AT_LOAD_Q + k] * mix + i_q * u + own_q) / v + b
        w[AT_I_RE + k] += p * re + q * im
        w[AT_I_IM + k] += p * im - q * re


@njit(**OPTIONS)
def _pass_current(w, u):  # type: ignore[no-untyped-def]
    for k in range(LANES):
        u[AT_I_RE + k] += w[AT_I_RE + k]
        u[AT_I_IM + k] += w[AT_I_IM + k]


@njit(**OPTIONS)
def _sum_currents(W, rows, first, count):  # type: ignore[no-untyped-def]
    for i in range(count - 1, -1, -1):
        w, row = W[i], first + i
        g, b = rows.g[row], rows.b[row]
        if rows.kind[row] == MIXED:
            p_share, i_share, z_share = rows.p_share[row], rows.i_share[row], rows.z_share[row]
            i_p, i_q = rows.i_p[row], rows.i_q[row]
            _add_mixed_current(w, g, b, p_share, i_share, z_share, i_p, i_q, rows.p[row], rows.q[row])
        else:
            _add_current(w, g, b)
        if rows.parent[row] >= 0:
            _pass_current(w, W[rows.parent[row]])


@njit(**OPTIONS)
def _drop(w, u, r, x):  # type: ignore[no-untyped-def]
    """Turn the current of a row into the tree's voltage of its bus, the parent's having been turned before."""
    for k in range(LANES):
        re, im = w[AT_I_RE + k], w[AT_I_IM + k]
        w[AT_I_RE + k] = u[AT_I_RE + k] - (r * re - x * im)
        w[AT_I_IM + k] = u[AT_I_IM + k] - (r * im + x * re)


@njit(**OPTIONS)
def _drop_voltages(W, rows, roots, first, count):  # type: ignore[no-untyped-def]
    for i in range(count):
        row = first + i
        if rows.parent[row] < 0:
            W[i, AT_I_RE : AT_I_RE + LANES] = roots[row].real
            W[i, AT_I_IM : AT_I_IM + LANES] = roots[row].imag
        else:
            _drop(W[i], W[rows.parent[row]], rows.r[row], rows.x[row])


@njit(**OPTIONS)
def _chord_currents(W, chords, tied, gap, current):  # type: ignore[no-untyped-def]
    """Solve the loops for the currents (chords, 2 · LANES) that close the gaps of the tree's voltages."""
    c0, c1 = chords.job_start[tied], chords.job_start[tied + 1]
    m = c1 - c0
    inverse = chords.inverse[chords.inverse_start[tied] : chords.inverse_start[tied + 1]]
    for c in range(m):
        a, b, turn = W[chords.from_row[c0 + c]], W[chords.to_row[c0 + c]], chords.turn[c0 + c]
        for k in range(LANES):
            gap[c, k] = turn.real * a[AT_I_RE + k] - turn.imag * a[AT_I_IM + k] - b[AT_I_RE + k]
            gap[c, LANES + k] = turn.real * a[AT_I_IM + k] + turn.imag * a[AT_I_RE + k] - b[AT_I_IM + k]
    current[:m] = 0.0
    for c in range(m):
        for d in range(m):
            _add_product(current[c], gap[d], inverse[c * m + d].real, inverse[c * m + d].imag)


@njit(**OPTIONS)
def _add_product(target, factor, re, im):  # type: ignore[no-untyped-def]
    for k in range(LANES):
        target[k] += re * factor[k] - im * factor[LANES + k]
        target[LANES + k] += re * factor[LANES + k] + im * factor[k]


@njit(**OPTIONS)
def _take_over(w, live, change):  # type: ignore[no-untyped-def]
    """Move live lanes to the new voltage, note the change, clear the currents."""
    for k in range(LANES):
        re = (w[AT_I_RE + k] - w[AT_U_RE + k]) * live[k]
        im = (w[AT_I_IM + k] - w[AT_U_IM + k]) * live[k]
        w[AT_U_RE + k] += re
        w[AT_U_IM + k] += im
        size = 2.0 * (abs(re) + abs(im))
        change[k] = size if size > change[k] else change[k]
        w[AT_I_RE + k] = 0.0
        w[AT_I_IM + k] = 0.0


@njit(**OPTIONS)
def _compensate(W, chords, tied, count, current, live, change):  # type: ignore[no-untyped-def]
    m = chords.job_start[tied + 1] - chords.job_start[tied]
    effect = chords.effect[chords.effect_start[tied] : chords.effect_start[tied + 1]]
    change[:] = 0.0
    for i in range(count):
        for c in range(m):
            value = effect[i * m + c]
            if value != 0.0:
                _add_product(W[i, AT_I_RE : AT_I_IM + LANES], current[c], -value.real, -value.imag)
        _take_over(W[i], live, change)


@njit(**OPTIONS)
def _converge(W, rows, chords, unit, tied, lane, space, passes, failed, tolerance, max_passes):  # type: ignore[no-untyped-def]
    _, first, count, _, _ = unit
    live, change = lane[0], lane[1]
    begin_lanes(lane, passes, failed)
    gap, current = space[0], space[1]
    for _ in range(max_passes):
        _sum_currents(W, rows, first, count)
        _drop_voltages(W, rows, chords.root_u, first, count)
        _chord_currents(W, chords, tied, gap, current)
        _compensate(W, chords, tied, count, current, live, change)
        if settle(lane, passes, failed, tolerance) == 0:
            break
    for k in range(LANES):
        if live[k] != 0.0:
            failed[k] = 1


@njit(**OPTIONS)
def _finish(W, rows, chords, unit, tied, space, flows):  # type: ignore[no-untyped-def]
    """Leave received power and squared voltage on each row; write what the chords carry."""
    _, first, count, step0, lanes = unit
    _sum_currents(W, rows, first, count)
    _drop_voltages(W, rows, chords.root_u, first, count)
    current = space[1]
    _chord_currents(W, chords, tied, space[0], current)
    c0, c1 = chords.job_start[tied], chords.job_start[tied + 1]
    for i in range(count):
        W[i, AT_I_RE : AT_I_IM + LANES] = 0.0
    for c in range(c0, c1):
        a, b = W[chords.from_row[c]], W[chords.to_row[c]]
        turn = chords.turn[c]
        _add_product(a[AT_I_RE : AT_I_IM + LANES], current[c - c0], turn.real, -turn.imag)
        _add_product(b[AT_I_RE : AT_I_IM + LANES], current[c - c0], -1.0, 0.0)
        for k in range(lanes):
            drawn = complex(current[c - c0, k], current[c - c0, LANES + k])
            at_from = complex(a[AT_U_RE + k], a[AT_U_IM + k]) * turn * drawn.conjugate()
            at_to = -complex(b[AT_U_RE + k], b[AT_U_IM + k]) * drawn.conjugate()
            flows.from_p[c, step0 + k], flows.from_q[c, step0 + k] = at_from.real, at_from.imag
            flows.to_p[c, step0 + k], flows.to_q[c, step0 + k] = at_to.real, at_to.imag
    _sum_currents(W, rows, first, count)
    for i in range(count):
        w = W[i]
        for k in range(LANES):
            re, im, i_re, i_im = w[AT_U_RE + k], w[AT_U_IM + k], w[AT_I_RE + k], w[AT_I_IM + k]
            w[AT_P + k] = re * i_re + im * i_im
            w[AT_Q + k] = im * i_re - re * i_im
            w[AT_V + k] = re * re + im * im


@njit(**OPTIONS)
def meshed_sweep(rows, members, chords, loads, out, flows, radial_jobs, units, tolerance, max_passes):  # type: ignore[no-untyped-def]
    """Solve the units `units[0] … units[1]` of the jobs with ties, as `radial_kernel.sweep` does those without."""
    blocks = (loads.steps + LANES - 1) // LANES
    W = np.empty((np.max(np.diff(rows.job_start)), WIDTH))
    lane = np.empty((4, LANES))
    space = np.empty((2, np.max(np.diff(chords.job_start)), 2 * LANES))
    passes, failed = np.empty(LANES, dtype=np.int64), np.empty(LANES, dtype=np.int64)
    for index in range(units[0], units[1]):
        tied, step0 = index // blocks, index % blocks * LANES
        job = radial_jobs + tied
        first, count = rows.job_start[job], rows.job_start[job + 1] - rows.job_start[job]
        lanes = min(LANES, loads.steps - step0)
        unit = (job, first, count, step0, lanes)
        read_loads(W, rows, first, count, loads, step0)
        _begin(W, rows, chords.root_u, first, count)
        _converge(W, rows, chords, unit, tied, lane, space, passes, failed, tolerance, max_passes)
        _finish(W, rows, chords, unit, tied, space, flows)
        judge(W, count, failed, out.status[job, step0:], lanes, lane)
        for k in range(lanes):
            out.iterations[job, step0 + k] = passes[k]
        write_sums(W, rows, unit, lane, out)
        write_voltages(W, rows, unit, out)
        _write_chords(W, chords, tied, unit, flows, out)
        write_currents(W, rows, members, unit, lane, out)


@njit(**OPTIONS)
def chord_ends(W, chords, c, k, flows, step):  # type: ignore[no-untyped-def]
    """Power entering a chord at both ends, half shunts counted: p, q at `from`, p, q at `to`."""
    y = chords.y_half[c]
    v_from = W[chords.from_row[c], AT_V + k] * abs(chords.turn[c]) ** 2
    v_to = W[chords.to_row[c], AT_V + k]
    from_p, from_q = flows.from_p[c, step] + y.real * v_from, flows.from_q[c, step] - y.imag * v_from
    return from_p, from_q, flows.to_p[c, step] + y.real * v_to, flows.to_q[c, step] - y.imag * v_to


@njit(**OPTIONS)
def _write_chords(W, chords, tied, unit, flows, out):  # type: ignore[no-untyped-def]
    """Write the chords' currents and add their series losses; blank what failed."""
    job, _, _, step0, lanes = unit
    for c in range(chords.job_start[tied], chords.job_start[tied + 1]):
        for k in range(lanes):
            step = step0 + k
            if out.status[job, step] != 0:
                flows.from_p[c, step] = flows.from_q[c, step] = flows.to_p[c, step] = flows.to_q[c, step] = np.nan
            out.loss[job, step] += flows.from_p[c, step] + flows.to_p[c, step]
            p, q, to_p, to_q = chord_ends(W, chords, c, k, flows, step)
            current = np.sqrt((p * p + q * q) / W[chords.from_row[c], AT_V + k]) * chords.from_scale[c]
            out.current_a[chords.branch[c], step] = current
            if out.loading.size:
                at_to = np.sqrt((to_p * to_p + to_q * to_q) / W[chords.to_row[c], AT_V + k]) * chords.to_scale[c]
                loading = max(current / chords.from_limit_a[c], at_to / chords.to_limit_a[c])
                out.loading[chords.branch[c], step] = loading
