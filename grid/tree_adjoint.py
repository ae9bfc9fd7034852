r"""Sensitivities of one solved tree by its adjoint: a pass up one path and a pass down the rows for each quantity.

The branch-flow equations of `radial_kernel` linearised at the solution, transposed. Of the multipliers
:math:`\lambda^P_j, \lambda^Q_j, \lambda^v_j` of a row's two power sums and its voltage drop, the first two follow from
the parent's and the last sums up from the children, so that with parent `i`

.. math:: \lambda^v_j = a_j + b_j \lambda^P_i + c_j \lambda^Q_i

`b` and `c` are found once for a step; `a` differs from 0 only on the path from the asked row to the root. The
derivatives by the loads are :math:`\lambda^P` and :math:`\lambda^Q`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

OPTIONS = {"cache": True, "nogil": True, "error_model": "numpy"}

# Columns of the table of one row's numbers.
_P, _Q, _V, _B, _C, _KEPT, _P_SLOPE, _Q_SLOPE, _MIX, _A, _L_P, _L_Q, _L_V = range(13)
TABLE_WIDTH = 13


@njit(**OPTIONS)
def linearise(rows, loads, v_pu, job, step, table):  # type: ignore[no-untyped-def]
    """Fill the table of a job's rows at one step: state, slopes, and what all asked rows share."""
    first, count = rows.job_start[job], rows.job_start[job + 1] - rows.job_start[job]
    table[:count] = 0.0
    for i in range(count):
        row = first + i
        bus = rows.bus[row]
        v = rows.root_v[row] if rows.parent[row] < 0 else (v_pu[bus, step] / rows.scale[row]) ** 2
        u = np.sqrt(v)
        p, q = 0.0, 0.0
        if bus >= 0:
            p = loads.p[bus * loads.p_bus + step * loads.p_step] * loads.to_pu
            q = loads.q[bus * loads.q_bus + step * loads.q_step] * loads.to_pu
        mix = rows.p_share[row] + rows.i_share[row] * u + rows.z_share[row] * v
        slope = rows.i_share[row] / (2.0 * u) + rows.z_share[row]
        t = table[i]
        t[_V], t[_MIX] = v, mix
        t[_P] = p * mix + rows.p[row] + rows.i_p[row] * u + rows.g[row] * v
        t[_Q] = q * mix + rows.q[row] + rows.i_q[row] * u + rows.b[row] * v
        t[_P_SLOPE] = p * slope + rows.i_p[row] / (2.0 * u) + rows.g[row]
        t[_Q_SLOPE] = q * slope + rows.i_q[row] / (2.0 * u) + rows.b[row]
    for i in range(count - 1, -1, -1):
        row, t = first + i, table[i]
        parent = rows.parent[row]
        if parent < 0:
            continue
        r, x, z2, v = rows.r[row], rows.x[row], rows.z2[row], t[_V]
        square = (t[_P] ** 2 + t[_Q] ** 2) / v
        t[_L_P], t[_L_Q], t[_L_V] = 2.0 * t[_P] / v, 2.0 * t[_Q] / v, -square / v
        p_slope, q_slope = t[_P_SLOPE], t[_Q_SLOPE]
        kept = 1.0 + z2 * t[_L_V] + p_slope * (2.0 * r + z2 * t[_L_P]) + q_slope * (2.0 * x + z2 * t[_L_Q])
        t[_KEPT] = kept
        t[_B] = (r * t[_L_V] + p_slope * (1.0 + r * t[_L_P]) + q_slope * r * t[_L_Q]) / kept
        t[_C] = (x * t[_L_V] + p_slope * x * t[_L_P] + q_slope * (1.0 + x * t[_L_Q])) / kept
        u = table[parent]
        u[_P] += t[_P] + r * square
        u[_Q] += t[_Q] + x * square
        u[_P_SLOPE] += t[_B]
        u[_Q_SLOPE] += t[_C]


@njit(**OPTIONS)
def adjoint(rows, job, table, asked, slopes, by_p, by_q):  # type: ignore[no-untyped-def]
    """Find the derivatives (rows of the job) of a quantity.

    `slopes` are those by P, Q and v of row `asked` and by v of its parent.
    """
    first, count = rows.job_start[job], rows.job_start[job + 1] - rows.job_start[job]
    f_p, f_q, f_v, f_parent = slopes
    for i in range(count):
        table[i, _A] = 0.0
    i, rest = asked, f_v
    by_power_p, by_power_q = f_p, f_q
    while rows.parent[first + i] >= 0:
        t = table[i]
        t[_A] = (rest + t[_P_SLOPE] * by_power_p + t[_Q_SLOPE] * by_power_q) / t[_KEPT]
        rest = t[_A] + (f_parent if i == asked else 0.0)
        by_power_p = by_power_q = 0.0
        i = rows.parent[first + i]
    for i in range(count):
        row, t = first + i, table[i]
        parent = rows.parent[row]
        if parent < 0:
            by_p[i] = by_q[i] = 0.0
            continue
        r, x, z2, up_p, up_q = rows.r[row], rows.x[row], rows.z2[row], by_p[parent], by_q[parent]
        drop = t[_A] + t[_B] * up_p + t[_C] * up_q
        by_p[i] = (1.0 + r * t[_L_P]) * up_p + x * t[_L_P] * up_q - (2.0 * r + z2 * t[_L_P]) * drop
        by_q[i] = r * t[_L_Q] * up_p + (1.0 + x * t[_L_Q]) * up_q - (2.0 * x + z2 * t[_L_Q]) * drop
        if i == asked:
            by_p[i] += f_p
            by_q[i] += f_q
    for i in range(count):
        by_p[i] *= table[i, _MIX]
        by_q[i] *= table[i, _MIX]


@njit(**OPTIONS)
def voltage_slopes(rows, job, table, asked):  # type: ignore[no-untyped-def]
    """Slopes of |V| of a row."""
    if rows.parent[rows.job_start[job] + asked] < 0:
        return 0.0, 0.0, 0.0, 0.0
    return 0.0, 0.0, rows.scale[rows.job_start[job] + asked] / (2.0 * np.sqrt(table[asked, _V])), 0.0


@njit(**OPTIONS)
def current_slopes(rows, members, job, table, asked, m):  # type: ignore[no-untyped-def]
    """Slopes of the `from` current of member `m` of a row, which it is alone on."""
    row = rows.job_start[job] + asked
    t, g, b, scale = table[asked], members.g_half[m], members.b_half[m], members.from_scale[m]
    p, q, v = t[_P], t[_Q], t[_V]
    if not (members.from_is_parent[m] and (g != 0.0 or b != 0.0)):
        p, q = p - g * v, q - b * v
        current = np.sqrt((p * p + q * q) / v)
        weight = scale / (current * v)
        return p * weight, q * weight, (-g * p - b * q) * weight - 0.5 * current * scale / v, 0.0
    r, x, u = rows.r[row], rows.x[row], table[rows.parent[row], _V]
    square = (p * p + q * q) / v
    p, q = p + r * square + g * u, q + x * square + b * u
    current = np.sqrt((p * p + q * q) / u)
    weight = scale / (current * u)
    by_loss = (p * r + q * x) * weight
    f_p, f_q = p * weight + by_loss * t[_L_P], q * weight + by_loss * t[_L_Q]
    return f_p, f_q, by_loss * t[_L_V], (g * p + b * q) * weight - 0.5 * current * scale / u


@njit(**OPTIONS)
def power_slopes(rows, members, job, table, asked, m):  # type: ignore[no-untyped-def]
    """Slopes of the active power (pu) entering at the `from` end of member `m` of a row, which it is alone on."""
    t, g, r = table[asked], members.g_half[m], rows.r[rows.job_start[job] + asked]
    if not members.from_is_parent[m]:
        return -1.0, 0.0, g, 0.0
    return 1.0 + r * t[_L_P], r * t[_L_Q], r * t[_L_V], g


@njit(**OPTIONS)
def supply_rows(rows, loads, v_pu, by_p, by_q, units):  # type: ignore[no-untyped-def]
    """Write the derivatives of what all roots of each job supply, (buses, steps), for the jobs of `units`."""
    table = np.empty((np.max(np.diff(rows.job_start)), TABLE_WIDTH))
    up_p, up_q = np.empty(table.shape[0]), np.empty(table.shape[0])
    for job in range(units[0], units[1]):
        first, count = rows.job_start[job], rows.job_start[job + 1] - rows.job_start[job]
        for step in range(loads.steps):
            linearise(rows, loads, v_pu, job, step, table)
            for i in range(count):
                row, t = first + i, table[i]
                parent, bus = rows.parent[row], rows.bus[row]
                if parent < 0:
                    up_p[i], up_q[i] = 1.0, 0.0
                else:
                    r, x, z2, above_p, above_q = rows.r[row], rows.x[row], rows.z2[row], up_p[parent], up_q[parent]
                    drop = t[_B] * above_p + t[_C] * above_q
                    up_p[i] = (1.0 + r * t[_L_P]) * above_p + x * t[_L_P] * above_q - (2.0 * r + z2 * t[_L_P]) * drop
                    up_q[i] = r * t[_L_Q] * above_p + (1.0 + x * t[_L_Q]) * above_q - (2.0 * x + z2 * t[_L_Q]) * drop
                if bus >= 0:
                    by_p[bus, step], by_q[bus, step] = up_p[i] * t[_MIX], up_q[i] * t[_MIX]


@njit(**OPTIONS)
def tree_rows(rows, members, loads, v_pu, asked, start, by_p, by_q, units):  # type: ignore[no-untyped-def]
    """Write the derivatives of the asked quantities `units[0] … units[1]`, sorted by job and step.

    `asked` has (job, step, row, member or −1, whether it is the member's power and not its current); quantity k fills
    `by_p` and `by_q` from `start[k]`, rows in job order.
    """
    table = np.empty((np.max(np.diff(rows.job_start)), TABLE_WIDTH))
    job, step = -1, -1
    for k in range(units[0], units[1]):
        if asked[k, 0] != job or asked[k, 1] != step:
            job, step = asked[k, 0], asked[k, 1]
            linearise(rows, loads, v_pu, job, step, table)
        if asked[k, 3] < 0:
            slopes = voltage_slopes(rows, job, table, asked[k, 2])
        elif asked[k, 4]:
            slopes = power_slopes(rows, members, job, table, asked[k, 2], asked[k, 3])
        else:
            slopes = current_slopes(rows, members, job, table, asked[k, 2], asked[k, 3])
        adjoint(rows, job, table, asked[k, 2], slopes, by_p[start[k] : start[k + 1]], by_q[start[k] : start[k + 1]])
