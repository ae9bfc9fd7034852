"""Laws that hold for every network and load, whatever solves it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from grid import Network, Status, solve
from grid.network import Lines, Shunts
from grid.network import Loads as LoadTable
from tests.grid.network_cases import ids, loads_of, mixed_model, tree, with_lines

EXACT = 1e-13
seeds = st.integers(0, 10_000)
sizes = st.integers(6, 40)
few = settings(max_examples=25, deadline=None)


def meshed(n: int, seed: int) -> Network:
    """A tree without transformers and two ties."""
    return with_lines(tree(n, seed, transformers=False), [(0, n - 1), (1, n - 2)])


@few
@given(n=sizes, seed=seeds, ties=st.booleans())
def test_energy_balances(n: int, seed: int, ties: bool) -> None:
    network = meshed(n, seed) if ties else tree(n, seed)
    p_kw, q_kvar = loads_of(network, 5, seed)
    model = mixed_model(network, seed)
    flow = solve(network, p_kw, q_kvar, load_model=model, tolerance_pu=EXACT)
    v = flow.v_pu.to_numpy()
    mix = 1 - model.z_share - model.i_share + model.i_share * v + model.z_share * v**2
    drawn = (p_kw * mix).sum(axis=1)
    loads, shunts = network.loads, network.shunts
    u = v[:, loads.bus]
    drawn += (loads.p_kw * (1 - loads.z_share - loads.i_share + loads.i_share * u + loads.z_share * u**2)).sum(axis=1)
    drawn += (shunts.p_kw * v[:, shunts.bus] ** 2).sum(axis=1)
    np.testing.assert_allclose(flow.slack_kw.sum("slack"), drawn + flow.losses_kw, atol=1e-6)
    np.testing.assert_allclose((flow.branch_kw + flow.branch_to_kw).sum("branch"), flow.losses_kw, atol=1e-6)
    assert flow.residual_kva.max() < 1e-6


@few
@given(n=sizes, seed=seeds)
def test_small_loads_superpose(n: int, seed: int) -> None:
    """Voltage is linear in the loads to first order: a tenth of them leaves a hundredth of the departure."""
    network = replace(tree(n, seed), loads=LoadTable(), shunts=Shunts())
    (p_one, q_one), (p_two, q_two) = loads_of(network, 1, seed), loads_of(network, 1, seed + 1)

    def departure(size: float) -> np.ndarray:
        v = [
            solve(network, p * size, q * size, tolerance_pu=1e-15).v_pu.to_numpy()
            for p, q in ((p_one, q_one), (p_two, q_two), (p_one + p_two, q_one + q_two), (0 * p_one, 0 * q_one))
        ]
        return np.abs(v[0] + v[1] - v[2] - v[3]).max()

    large, small = departure(1.0), departure(0.1)
    assert small <= large / 50 + 1e-12


@few
@given(n=sizes, seed=seeds, ties=st.booleans())
def test_order_of_buses_is_irrelevant(n: int, seed: int, ties: bool) -> None:
    network = meshed(n, seed) if ties else tree(n, seed)
    p_kw, q_kvar = loads_of(network, 3, seed)
    order = np.random.default_rng(seed).permutation(n)
    place = np.argsort(order)

    def renumber(table: object, *columns: str) -> object:
        return replace(table, **{name: place[getattr(table, name)] for name in columns})  # type: ignore[type-var]

    buses = replace(network.buses, **{k: getattr(network.buses, k)[order] for k in network.buses.__dataclass_fields__})
    moved = replace(
        network,
        buses=buses,
        lines=renumber(network.lines, "from_bus", "to_bus"),
        transformers=renumber(network.transformers, "from_bus", "to_bus"),
        slacks=renumber(network.slacks, "bus"),
        loads=renumber(network.loads, "bus"),
        shunts=renumber(network.shunts, "bus"),
    )
    one = solve(network, p_kw, q_kvar, tolerance_pu=EXACT)
    other = solve(moved, p_kw[:, order], q_kvar[:, order], tolerance_pu=EXACT)
    np.testing.assert_allclose(other.v_pu.to_numpy(), one.v_pu.to_numpy()[:, order], atol=1e-11)
    np.testing.assert_allclose(other.branch_a, one.branch_a, atol=1e-7)


@few
@given(n=sizes, seed=seeds, scale=st.floats(0.2, 5.0))
def test_scaling_of_the_base_voltages_is_exact(n: int, seed: int, scale: float) -> None:
    """All voltages times s, impedances times s²: the same network in per unit."""
    network = tree(n, seed)
    p_kw, q_kvar = loads_of(network, 3, seed)

    def scaled(table: object) -> object:
        by = {"r_ohm": scale**2, "x_ohm": scale**2, "b_us": scale**-2, "g_us": scale**-2}
        columns = {name: getattr(table, name) * factor for name, factor in by.items()}
        return replace(table, **columns)  # type: ignore[type-var]

    other = replace(
        network,
        buses=replace(network.buses, base_kv=network.buses.base_kv * scale),
        lines=scaled(network.lines),
        transformers=scaled(network.transformers),
    )
    one, two = solve(network, p_kw, q_kvar, tolerance_pu=EXACT), solve(other, p_kw, q_kvar, tolerance_pu=EXACT)
    np.testing.assert_allclose(two.v_pu, one.v_pu, atol=1e-11)
    np.testing.assert_allclose(two.branch_a * scale, one.branch_a, atol=1e-7)


@few
@given(n=sizes, seed=seeds, at=st.floats(0.05, 0.95))
def test_a_branch_split_in_two_gives_the_same(n: int, seed: int, at: float) -> None:
    network = tree(n, seed, charging=False)
    p_kw, q_kvar = loads_of(network, 3, seed)
    split = _split(network, 0, at)
    wider = [np.concatenate([part, np.zeros((3, 1))], axis=1) for part in (p_kw, q_kvar)]
    one, two = solve(network, p_kw, q_kvar, tolerance_pu=EXACT), solve(split, *wider, tolerance_pu=EXACT)
    np.testing.assert_allclose(two.v_pu.to_numpy()[:, :n], one.v_pu.to_numpy(), atol=1e-11)
    np.testing.assert_allclose(two.losses_kw, one.losses_kw, atol=1e-7)


def _split(network: Network, line: int, at: float) -> Network:
    """Put a new last bus into one line."""
    n, buses, old = len(network.buses), network.buses, network.lines
    columns = {
        k: np.append(getattr(buses, k), getattr(buses, k)[old.from_bus[line]]) for k in buses.__dataclass_fields__
    }
    columns["id"] = np.append(buses.id, "new")
    second = {k: np.append(getattr(old, k), getattr(old, k)[line]) for k in old.__dataclass_fields__}
    second["id"] = np.append(old.id, "second")
    second["to_bus"][line] = second["from_bus"][-1] = n
    for name in ("r_ohm", "x_ohm"):
        second[name][line] *= at
        second[name][-1] *= 1 - at
    return replace(network, buses=replace(buses, **columns), lines=Lines(**second))


@few
@given(seed=seeds)
def test_opening_a_branch_without_current_changes_nothing(seed: int) -> None:
    """Two equal feeders from one bus have equal voltages at their ends: a tie between them carries nothing."""
    rng = np.random.default_rng(seed)
    depth = 5
    base = replace(tree(6, seed, transformers=False, charging=False), loads=LoadTable(), shunts=Shunts())
    n = 2 * depth + 1
    columns = {k: np.resize(getattr(base.buses, k), n) for k in base.buses.__dataclass_fields__}
    columns["id"] = ids("b", n)
    r_ohm, x_ohm = np.tile(rng.uniform(0.1, 1.0, depth), 2), np.tile(rng.uniform(0.1, 1.0, depth), 2)
    from_bus = np.array([0, *range(1, depth), 0, *range(depth + 1, 2 * depth)])
    count = 2 * depth
    zero = np.zeros(count)
    lines = Lines(ids("l", count), from_bus, np.arange(1, n), r_ohm, x_ohm, zero, zero, zero + 400, zero == 0)
    network = replace(base, buses=replace(base.buses, **columns), lines=lines)
    tied = with_lines(network, [(depth, 2 * depth)])
    tied = replace(tied, lines=replace(tied.lines, b_us=np.zeros(count + 1), g_us=np.zeros(count + 1)))
    p_kw = np.concatenate([[0.0], np.tile(rng.uniform(0, 300, depth), 2)])[None]
    opened, closed = (
        solve(network, p_kw, p_kw * 0.3, tolerance_pu=EXACT),
        solve(tied, p_kw, p_kw * 0.3, tolerance_pu=EXACT),
    )
    np.testing.assert_allclose(closed.v_pu, opened.v_pu, atol=1e-11)
    assert float(closed.branch_a[0, -1]) < 1e-7


@few
@given(n=sizes, seed=seeds, place=st.integers(0, 39), value=st.sampled_from([np.nan, np.inf, 1e12, 1e9]))
def test_a_bad_step_never_changes_the_bits_of_another(n: int, seed: int, place: int, value: float) -> None:
    network = tree(n, seed)
    p_kw, q_kvar = loads_of(network, 4, seed)
    clean = solve(network, p_kw, q_kvar)
    p_kw[2, 1 + place % (n - 1)] = value
    flow = solve(network, p_kw, q_kvar)
    assert flow.status[2] != Status.CONVERGED
    assert flow.reason.values[2]
    for step in (0, 1, 3):
        np.testing.assert_array_equal(flow.v_pu[step], clean.v_pu[step])
        assert float(flow.losses_kw[step]) == float(clean.losses_kw[step])
