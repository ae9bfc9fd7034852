"""Networks that are no trees: closed ties, heavy meshes, voltage-holding generators."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from power_grid_model import ComponentType

from data.errors import InvalidInput
from grid import LoadModel, Method, Network, Status, solve
from grid.batch_newton import load_network, run_batch
from grid.network import Slacks
from tests.grid.network_cases import dense_newton, ids, loads_of, mixed_model, tree, with_generator, with_lines

EXACT = 1e-13


def tied(seed: int = 0) -> Network:
    """Forty buses with four closed ties, two of them around one loop."""
    return with_lines(tree(40, seed, transformers=False), [(10, 30), (12, 25), (0, 39), (3, 20)])


def with_unequal_ratios(seed: int = 2) -> Network:
    """Ties around transformers whose ratios do not cancel, so that power circulates."""
    network = tree(40, seed, shifts=False)
    kv = network.buses.base_kv
    ends = [(i, j) for i in range(40) for j in range(i + 10, 40) if kv[i] == kv[j]][:6]
    return with_lines(network, ends, 5.0)


def heavy(seed: int = 3) -> Network:
    """More loops than buses."""
    ends = np.random.default_rng(seed).integers(0, 40, (100, 2))
    return with_lines(tree(40, transformers=False), [(int(a), int(b)) for a, b in ends if a != b])


@pytest.mark.parametrize(
    ("network", "method"),
    [
        (tied(), Method.COMPENSATED_SWEEP),
        (tied(5), Method.COMPENSATED_SWEEP),
        (with_unequal_ratios(), Method.COMPENSATED_SWEEP),
        (heavy(), Method.BATCH_NEWTON),
    ],
)
@pytest.mark.parametrize("mixed", [False, True])
def test_agrees_with_residual_and_power_grid_model(network: Network, method: Method, mixed: bool) -> None:
    p_kw, q_kvar = loads_of(network, 40)
    model = mixed_model(network) if mixed else None
    flow = solve(network, p_kw, q_kvar, load_model=model, tolerance_pu=EXACT)
    assert flow.method is method
    assert (flow.status == Status.CONVERGED).all()
    assert flow.residual_kva.max() < 1e-5
    live = np.arange(40)
    engine = load_network(network, live)
    result, _ = run_batch(engine, flow.loads, live, model, tolerance_pu=1e-12)
    node, branch = result[ComponentType.node], result[ComponentType.generic_branch]
    np.testing.assert_allclose(flow.v_pu, node["u_pu"], atol=1e-11)
    np.testing.assert_allclose(np.deg2rad(flow.angle_deg), node["u_angle"], atol=1e-11)
    for theirs, ours, unit in (
        ("i_from", flow.branch_a, 1.0),
        ("i_to", flow.branch_to_a, 1.0),
        ("p_from", flow.branch_kw, 1e3),
        ("q_to", flow.branch_to_kvar, 1e3),
    ):
        np.testing.assert_allclose(ours * unit, branch[theirs], atol=1e-3, rtol=1e-8, err_msg=theirs)
    np.testing.assert_allclose(flow.slack_kw * 1e3, result[ComponentType.source]["p"], atol=1e-2, rtol=1e-9)
    np.testing.assert_allclose((flow.branch_kw + flow.branch_to_kw).sum("branch"), flow.losses_kw, atol=1e-6)


def test_agrees_with_a_dense_newton_of_its_own() -> None:
    network, model = with_unequal_ratios(4), None
    p_kw, q_kvar = loads_of(network, 2)
    flow = solve(network, p_kw, q_kvar, load_model=model, tolerance_pu=EXACT)
    for step in range(2):
        volts = dense_newton(network, p_kw[step], q_kvar[step])
        np.testing.assert_allclose(flow.v_pu[step] * np.exp(1j * np.deg2rad(flow.angle_deg[step])), volts, atol=1e-11)


def test_a_transformer_may_close_the_loop() -> None:
    """The heaviest branch of a loop is the one opened: here a tapped transformer with a shunt beside two others."""
    network = tree(30, 3, shifts=False)
    transformers = network.transformers
    more = {name: np.append(getattr(transformers, name), getattr(transformers, name)[0]) for name in vars(transformers)}
    more["id"] = ids("t", len(transformers) + 1)
    kv = network.buses.base_kv
    first = (kv == kv[transformers.from_bus[0]]) & (np.arange(30) != transformers.from_bus[0])
    more["from_bus"][-1] = np.flatnonzero(first)[-1]
    more["x_ohm"][-1] *= 20.0
    more["b_us"][-1] = 5e3
    more["ratio"][-1] = 1.08
    network = replace(network, transformers=replace(transformers, **more))
    p_kw, q_kvar = loads_of(network, 3)
    flow = solve(network, p_kw, q_kvar, tolerance_pu=EXACT)
    assert flow.method is Method.COMPENSATED_SWEEP
    assert flow.model.chords.tolist() == [len(network.lines) + len(transformers)]
    assert flow.residual_kva.max() < 1e-5
    volts = dense_newton(network, p_kw[0], q_kvar[0])
    np.testing.assert_allclose(flow.v_pu[0], np.abs(volts), atol=1e-11)
    np.testing.assert_allclose((flow.branch_kw + flow.branch_to_kw).sum("branch"), flow.losses_kw, atol=1e-6)


def test_two_slacks_share_an_island() -> None:
    network = replace(
        tied(), slacks=Slacks(ids("s", 2), np.array([0, 39]), np.array([1.02, 1.01]), np.array([10.0, 10.0]))
    )
    p_kw, q_kvar = loads_of(network, 5)
    flow = solve(network, p_kw, q_kvar, tolerance_pu=EXACT)
    assert flow.method is Method.COMPENSATED_SWEEP
    assert flow.residual_kva.max() < 1e-5
    volts = dense_newton(network, p_kw[0], q_kvar[0])
    np.testing.assert_allclose(flow.v_pu[0], np.abs(volts), atol=1e-11)


def test_two_slacks_at_different_angles_on_one_island_are_refused() -> None:
    network = replace(tied(), slacks=Slacks(ids("s", 2), np.array([0, 39]), np.ones(2), np.array([0.0, 30.0])))
    with pytest.raises(InvalidInput, match="b0 and b39 are tied -30° apart"):
        solve(network, np.zeros((1, 40)))


def test_a_loop_without_any_impedance_is_refused() -> None:
    network = tied()
    zero = with_lines(tree(40, transformers=False), [(10, 30), (30, 10)])
    lines = zero.lines
    r_ohm, x_ohm = lines.r_ohm.copy(), lines.x_ohm.copy()
    r_ohm[-1] = x_ohm[-1] = 0.0
    one = replace(zero, lines=replace(lines, r_ohm=r_ohm, x_ohm=x_ohm))
    with pytest.raises(InvalidInput, match="in parallel"):
        solve(one, np.zeros((1, 40)))
    nothing = np.zeros(len(network.lines))
    ring = replace(network, lines=replace(network.lines, r_ohm=nothing, x_ohm=nothing))
    with pytest.raises(InvalidInput, match="no impedance"):
        solve(ring, np.zeros((1, 40)))


def test_a_generator_holds_its_voltage() -> None:
    network = with_generator(tied(), 20, 100.0, 1.01)
    p_kw, q_kvar = loads_of(network, 5)
    p_kw[3, 7] = np.nan
    flow = solve(network, p_kw, q_kvar, load_model=mixed_model(network), tolerance_pu=1e-11)
    assert flow.method is Method.NEWTON
    assert flow.status.values.tolist() == [0, 0, 0, Status.BAD_LOAD, 0]
    solved = [0, 1, 2, 4]
    np.testing.assert_allclose(flow.v_pu[solved, 20], 1.01, rtol=1e-12)
    assert flow.residual_kva[solved].max() < 1e-5
    # The same as a load that draws what the generator turned out to give.
    free = replace(network, generators=type(network.generators)())
    model = mixed_model(network)
    given = _nodal_power(network, flow, 4)
    as_load = solve(
        free,
        p_kw[4:] * _mix(model, flow, 4) + given.real,
        q_kvar[4:] * _mix(model, flow, 4) + given.imag,
        tolerance_pu=EXACT,
    )
    np.testing.assert_allclose(as_load.v_pu[0], flow.v_pu[4], atol=1e-9)


def _mix(model: LoadModel, flow: object, step: int) -> np.ndarray:
    v = flow.v_pu[step].to_numpy()  # type: ignore[attr-defined]
    return 1 - model.z_share - model.i_share + model.i_share * v + model.z_share * v**2


def _nodal_power(network: Network, flow: object, step: int) -> np.ndarray:
    """What bus 20 must draw for the branches around it to balance, less its own loads."""
    drawn = np.zeros(40, dtype=complex)
    for side, kw, kvar in (("from_bus", "branch_kw", "branch_kvar"), ("to_bus", "branch_to_kw", "branch_to_kvar")):
        at = getattr(network.lines, side) == 20
        drawn[20] -= getattr(flow, kw)[step].to_numpy()[at].sum() + 1j * getattr(flow, kvar)[step].to_numpy()[at].sum()
    p_kw, q_kvar = loads_of(network, 5)
    drawn[20] -= (p_kw[4, 20] + 1j * q_kvar[4, 20]) * _mix(mixed_model(network), flow, step)[20]
    return drawn


@pytest.mark.parametrize("network", [tied(), heavy(), with_generator(tied(), 20, 100.0, 1.01)])
def test_failed_steps_are_marked_in_every_method(network: Network) -> None:
    p_kw, q_kvar = loads_of(network, 4)
    clean = solve(network, p_kw, q_kvar)
    p_kw[1] *= 1e5
    p_kw[2, 5] = np.nan
    flow = solve(network, p_kw, q_kvar)
    assert flow.status.values.tolist() == [Status.CONVERGED, Status.DIVERGED, Status.BAD_LOAD, Status.CONVERGED]
    assert "beyond the nose" in flow.reason.values[1]
    np.testing.assert_array_equal(flow.v_pu[[0, 3]], clean.v_pu[[0, 3]])
    assert np.isnan(flow.losses_kw[1:3]).all()


def test_bits_do_not_depend_on_threads() -> None:
    network = tied()
    p_kw, q_kvar = loads_of(network, 70)
    one, other = solve(network, p_kw, q_kvar, threads=1), solve(network, p_kw, q_kvar, threads=3)
    np.testing.assert_array_equal(one.v_pu, other.v_pu)
    np.testing.assert_array_equal(one.branch_a, other.branch_a)
