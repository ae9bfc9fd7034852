"""Closed ties of a weakly meshed network for the compensated sweep: impedances of the loops, effects on buses."""

from __future__ import annotations

import numpy as np
from numba import njit

from data.errors import InvalidInput, Problem
from grid.elements import Complexes, Ints
from grid.meshed_kernel import Chords
from grid.network import Network
from grid.radial import RadialModel

MOST_CHORDS_A_JOB = 48
"""Feeders joined by more closed ties than this are heavily meshed: a factorised matrix serves them better."""

_ANGLE_TOLERANCE_DEG = 1e-3


def chord_counts(model: RadialModel) -> Ints:
    """Count the closed ties of each job that has any."""
    tied_jobs = len(model.rows.job_start) - 1 - model.layout.radial_jobs
    return np.bincount(model.layout.chord_job - model.layout.radial_jobs, minlength=tied_jobs)


def compile_chords(network: Network, model: RadialModel) -> Chords:
    """Open the loops: scaled impedances, K and M⁻¹ of every job (see `meshed_kernel`)."""
    ports, layout, turn = model.ports, model.layout, model.turn
    by_job = np.argsort(layout.chord_job, kind="stable")
    branch, job = model.chords[by_job], layout.chord_job[by_job]
    f, t = ports.from_bus[branch], ports.to_bus[branch]
    from_row = np.array([layout.row_of(j, b) for j, b in zip(job, f, strict=True)], dtype=np.int64)
    to_row = np.array([layout.row_of(j, b) for j, b in zip(job, t, strict=True)], dtype=np.int64)
    rho = turn[t] / (turn[f] * ports.ratio[branch])
    z = ports.z[branch] * np.abs(turn[t]) ** 2
    start = np.concatenate([[0], np.cumsum(chord_counts(model))]).astype(np.int64)
    effects, inverses = [np.zeros(0, dtype=complex)], [np.zeros(0, dtype=complex)]
    for tied in range(len(start) - 1):
        part = slice(start[tied], start[tied + 1])
        rows = slice(*layout.job_start[layout.radial_jobs + tied :][:2])
        effect = _effects(
            model.rows.parent[rows],
            model.rows.r[rows] + 1j * model.rows.x[rows],
            from_row[part],
            to_row[part],
            rho[part],
        )
        loops = rho[part, None] * effect[from_row[part]] - effect[to_row[part]] + np.diag(z[part])
        effects.append(effect.ravel())
        inverses.append(_inverse(network, loops, branch[part]).ravel())
    root_u = _root_voltages(network, model)
    _check_angles(network, model, root_u, branch, rho)
    return Chords(
        branch=branch,
        job_start=start,
        effect_start=np.cumsum([part.size for part in effects]),
        from_row=from_row,
        to_row=to_row,
        turn=rho,
        z=z,
        y_half=ports.y_half[branch] / np.abs(turn[t]) ** 2,
        inverse_start=np.cumsum([part.size for part in inverses]),
        inverse=np.concatenate(inverses),
        effect=np.concatenate(effects),
        root_u=root_u,
        from_scale=np.abs(turn[f]) * ports.from_base_a[branch],
        to_scale=np.abs(turn[t]) * ports.to_base_a[branch],
        from_limit_a=ports.rating_pu[branch] * ports.from_base_a[branch],
        to_limit_a=ports.rating_pu[branch] * ports.to_base_a[branch],
    )


def _inverse(network: Network, loops: Complexes, branch: Ints) -> Complexes:
    if np.linalg.cond(loops) > 1e13:
        names = ", ".join(network.branch_ids[branch][:5])
        what = f"a loop through {names} has no impedance, so its current is not determined"
        raise InvalidInput([Problem("lines", 0, "x_ohm", what, "give one of its lines an impedance or open it")])
    inverse: Complexes = np.linalg.inv(loops).astype(np.complex128)
    return inverse


def _root_voltages(network: Network, model: RadialModel) -> Complexes:
    """Complex voltage of each row that is a root, 0 elsewhere."""
    volts = np.zeros(len(network.buses), dtype=complex)
    volts[network.slacks.bus] = network.slacks.v_pu * np.exp(1j * np.deg2rad(network.slacks.angle_deg))
    root_u: Complexes = np.where(model.layout.is_root, volts[model.layout.bus], 0.0)
    return root_u


def _check_angles(network: Network, model: RadialModel, root_u: Complexes, branch: Ints, rho: Complexes) -> None:
    """Refuse ties between slacks whose angles, shifts counted, differ: they would drive power in a circle."""
    starts = np.flatnonzero(model.forest.parent_bus[model.forest.order] < 0)
    root = np.zeros(len(network.buses), dtype=np.int64)
    lengths = np.diff(np.append(starts, len(model.forest.order)))
    root[model.forest.order] = np.repeat(model.forest.order[starts], lengths)
    volts = np.zeros(len(network.buses), dtype=complex)
    volts[model.layout.bus[model.layout.is_root]] = root_u[model.layout.is_root]
    one, two = root[model.ports.from_bus[branch]], root[model.ports.to_bus[branch]]
    apart = np.rad2deg(np.angle(rho * volts[one] * volts[two].conj()))
    bad = np.flatnonzero((np.abs(apart) > _ANGLE_TOLERANCE_DEG) & (one != two))
    ids = network.buses.id
    fix = "give both the same angle, counting transformer shifts, or open the tie"
    if len(bad):
        raise InvalidInput(
            Problem("slacks", 0, "angle_deg", f"{ids[one[k]]} and {ids[two[k]]} are tied {apart[k]:.4g}° apart", fix)
            for k in bad[:20]
        )


@njit(cache=True)
def _effects(parent: Ints, z: Complexes, from_row: Ints, to_row: Ints, rho: Complexes) -> Complexes:
    """Fall of each row's voltage per unit of current through each chord (rows, chords)."""
    rows, m = parent.size, from_row.size
    effect = np.zeros((rows, m), dtype=np.complex128)
    for c in range(m):
        effect[from_row[c], c] += rho[c].conjugate()
        effect[to_row[c], c] -= 1.0
    for i in range(rows - 1, -1, -1):
        if parent[i] >= 0:
            effect[parent[i]] += effect[i]
    for i in range(rows):
        if parent[i] >= 0:
            effect[i] = effect[parent[i]] + z[i] * effect[i]
        else:
            effect[i] = 0.0
    return effect
