"""Networks for the power-flow tests, small and seeded, and a dense Newton-Raphson of their own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from grid import LoadModel, Network
from grid.network import Buses, Generators, Lines, Loads, Shunts, Slacks, Transformers


def ids(letter: str, count: int) -> np.ndarray:
    return np.array([f"{letter}{k}" for k in range(count)], dtype="<U8")


def tree(n: int, seed: int = 0, *, transformers: bool = True, charging: bool = True, shifts: bool = True) -> Network:
    """A random tree with one slack, lines drawn either way round, carried ZIP loads and a capacitor."""
    rng = np.random.default_rng(seed)
    parent = np.array([rng.integers(max(0, k - 5), k) for k in range(1, n)])
    child = np.arange(1, n)
    turned = rng.random(n - 1) < 0.3
    from_bus, to_bus = np.where(turned, child, parent), np.where(turned, parent, child)
    is_transformer = (rng.random(n - 1) < 0.15) & transformers
    base_kv = np.full(n, 22.9)
    for k in range(n - 1):
        base_kv[child[k]] = rng.choice([22.9, 6.6, 11.0]) if is_transformer[k] else base_kv[parent[k]]
    base = base_kv[to_bus] ** 2
    r_ohm, x_ohm = rng.uniform(5e-4, 2e-3, n - 1) * base, rng.uniform(5e-4, 3e-3, n - 1) * base
    b_us = rng.uniform(0.0, 0.02, n - 1) / base * 1e6 * charging
    g_us = rng.uniform(0.0, 0.002, n - 1) / base * 1e6 * charging
    line, count = ~is_transformer, int(is_transformer.sum())
    shift_deg = rng.choice([0.0, 30.0, 150.0], count) * shifts
    unknown = np.full(n, np.nan)
    return Network(
        buses=Buses(ids("b", n), base_kv, np.full(n, 0.9), np.full(n, 1.1), unknown, unknown),
        lines=Lines(
            ids("l", n - 1 - count),
            from_bus[line],
            to_bus[line],
            r_ohm[line],
            x_ohm[line],
            b_us[line],
            g_us[line],
            np.full(n - 1 - count, 400.0),
            np.ones(n - 1 - count, dtype=bool),
        ),
        transformers=Transformers(
            ids("t", count),
            from_bus[is_transformer],
            to_bus[is_transformer],
            r_ohm[is_transformer],
            x_ohm[is_transformer],
            b_us[is_transformer],
            g_us[is_transformer],
            rng.uniform(0.95, 1.05, count),
            shift_deg,
            np.full(count, 5e3),
            np.ones(count, dtype=bool),
        ),
        slacks=Slacks(ids("s", 1), np.array([0]), np.array([1.02]), np.array([10.0])),
        loads=Loads(
            ids("d", 3),
            np.array([1, 2, 3]),
            np.full(3, 50.0),
            np.full(3, 20.0),
            np.array([0.2, 0.0, 1.0]),
            np.array([0.3, 1.0, 0.0]),
            np.ones(3, dtype=bool),
        ),
        shunts=Shunts(ids("c", 1), np.array([4]), np.array([1.0]), np.array([-30.0]), np.ones(1, dtype=bool)),
    )


def with_lines(network: Network, ends: list[tuple[int, int]], size: float = 1.0) -> Network:
    """The same network with more lines, 0.001 + 0.002j pu each times `size`, on the base of their buses."""
    old, more = network.lines, len(ends)
    from_bus, to_bus = np.array(ends).T
    base = network.buses.base_kv[to_bus] ** 2
    lines = Lines(
        np.concatenate([old.id, ids("tie", more)]),
        np.concatenate([old.from_bus, from_bus]),
        np.concatenate([old.to_bus, to_bus]),
        np.concatenate([old.r_ohm, 0.001 * base * size]),
        np.concatenate([old.x_ohm, 0.002 * base * size]),
        np.concatenate([old.b_us, 0.01 / base * 1e6]),
        np.concatenate([old.g_us, 0.001 / base * 1e6]),
        np.concatenate([old.rating_a, np.full(more, 400.0)]),
        np.concatenate([old.in_service, np.ones(more, dtype=bool)]),
    )
    return replace(network, lines=lines)


def with_generator(network: Network, bus: int, p_kw: float, v_pu: float) -> Network:
    """The same network with one voltage-holding generator."""
    one = np.ones(1)
    generators = Generators(
        ids("g", 1), np.array([bus]), p_kw * one, v_pu * one, -1e6 * one, 1e6 * one, one.astype(bool)
    )
    return replace(network, generators=generators)


def loads_of(network: Network, steps: int, seed: int = 1, mean_kw: float = 30.0) -> tuple[np.ndarray, np.ndarray]:
    """Random loads (steps, buses), some of them export."""
    rng = np.random.default_rng(seed)
    p_kw = rng.uniform(-0.3, 2.3, (steps, len(network.buses))) * mean_kw
    return p_kw, p_kw * rng.uniform(-0.1, 0.5, len(network.buses))


def mixed_model(network: Network, seed: int = 5) -> LoadModel:
    """A ZIP mix of its own for every bus."""
    rng = np.random.default_rng(seed)
    n = len(network.buses)
    return LoadModel(z_share=rng.uniform(0.0, 0.5, n), i_share=rng.uniform(0.0, 0.5, n))


def dense_newton(network: Network, p_kw: np.ndarray, q_kvar: np.ndarray, model: LoadModel | None = None) -> np.ndarray:
    """Complex voltages of one step, by Newton-Raphson in rectangular coordinates on a matrix built element by element.

    Impedances in ohm and voltages in kV are used throughout: no per unit, no code of the product.
    """
    n, kv = len(network.buses), network.buses.base_kv
    y = np.zeros((n, n), dtype=complex)
    lines, transformers, shunts, slacks = network.lines, network.transformers, network.shunts, network.slacks
    for k in np.flatnonzero(lines.in_service):
        _stamp(y, lines, k, 1.0)
    for k in np.flatnonzero(transformers.in_service):
        f, t = transformers.from_bus[k], transformers.to_bus[k]
        turns = kv[f] / kv[t] * transformers.ratio[k] * np.exp(1j * np.deg2rad(transformers.shift_deg[k]))
        _stamp(y, transformers, k, turns)
    for k in np.flatnonzero(shunts.in_service):
        y[shunts.bus[k], shunts.bus[k]] += (shunts.p_kw[k] - 1j * shunts.q_kvar[k]) / 1e3 / kv[shunts.bus[k]] ** 2
    fixed = np.zeros(n, dtype=bool)
    fixed[slacks.bus] = True
    v = kv * np.exp(1j * np.deg2rad(slacks.angle_deg[0])) + 0j
    v[slacks.bus] = slacks.v_pu * kv[slacks.bus] * np.exp(1j * np.deg2rad(slacks.angle_deg))
    v[~fixed] = -np.linalg.solve(y[np.ix_(~fixed, ~fixed)], y[np.ix_(~fixed, fixed)] @ v[fixed])
    for _ in range(30):
        f = _mismatch(network, y, v, p_kw, q_kvar, model)[~fixed]
        if np.abs(f).max() < 1e-11:
            break
        jacobian = _numeric_jacobian(network, y, v, p_kw, q_kvar, model, np.flatnonzero(~fixed))
        change = np.linalg.solve(jacobian, np.concatenate([f.real, f.imag]))
        v[~fixed] -= change[: f.size] + 1j * change[f.size :]
    return v / kv


def _stamp(y: np.ndarray, table: Lines | Transformers, k: int, turns: complex) -> None:
    f, t = table.from_bus[k], table.to_bus[k]
    series = 1.0 / (table.r_ohm[k] + 1j * table.x_ohm[k])
    half = 0.5e-6 * (table.g_us[k] + 1j * table.b_us[k])
    y[f, f] += (series + half) / abs(turns) ** 2
    y[t, t] += series + half
    y[f, t] -= series / np.conj(turns)
    y[t, f] -= series / turns


def _mismatch(
    network: Network, y: np.ndarray, v: np.ndarray, p_kw: np.ndarray, q_kvar: np.ndarray, model: LoadModel | None
) -> np.ndarray:
    """Power leaving every bus in MVA; zero at a solution."""
    size = np.abs(v) / network.buses.base_kv
    given = (p_kw + 1j * q_kvar) / 1e3
    if model is not None:
        given = given * (1 - model.z_share - model.i_share + model.i_share * size + model.z_share * size**2)
    total = given + v * np.conj(y @ v)
    loads = network.loads
    for k in np.flatnonzero(loads.in_service):
        u, z, i = size[loads.bus[k]], loads.z_share[k], loads.i_share[k]
        total[loads.bus[k]] += (loads.p_kw[k] + 1j * loads.q_kvar[k]) / 1e3 * (1 - z - i + i * u + z * u * u)
    return total


def _numeric_jacobian(
    network: Network,
    y: np.ndarray,
    v: np.ndarray,
    p_kw: np.ndarray,
    q_kvar: np.ndarray,
    model: LoadModel | None,
    free: np.ndarray,
) -> np.ndarray:
    columns = []
    for direction in (1.0, 1j):
        for bus in free:
            ahead, behind = v.copy(), v.copy()
            ahead[bus] += direction * 1e-4
            behind[bus] -= direction * 1e-4
            slope = _mismatch(network, y, ahead, p_kw, q_kvar, model) - _mismatch(
                network, y, behind, p_kw, q_kvar, model
            )
            columns.append(np.concatenate([slope[free].real, slope[free].imag]) / 2e-4)
    return np.array(columns).T
