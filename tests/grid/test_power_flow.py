"""Batch power flow of trees: residual from the tables first, then other engines, then every field of the result."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from power_grid_model import ComponentType

from data.errors import InvalidInput
from grid import Method, Network, Status, power_flow, solve
from grid.batch_newton import load_network, run_batch
from grid.network import Buses, Lines, Slacks
from tests.grid.network_cases import dense_newton, ids, loads_of, mixed_model, tree, with_lines

EXACT = 1e-13
RESIDUAL_KVA = 1e-5


def chain(n: int = 4, r_ohm: float = 0.5) -> Network:
    """Slack b0, then a chain."""
    m, unknown = n - 1, np.full(n, np.nan)
    zero = np.zeros(m)
    return Network(
        buses=Buses(ids("b", n), np.full(n, 22.9), np.full(n, 0.9), np.full(n, 1.1), unknown, unknown),
        lines=Lines(
            ids("l", m), np.arange(m), np.arange(1, n), zero + r_ohm, zero + 0.4, zero, zero, zero + 300, zero == 0
        ),
        slacks=Slacks(ids("s", 1), np.array([0]), np.ones(1), np.zeros(1)),
    )


@pytest.mark.parametrize("seed", range(6))
def test_residual_is_small_and_falls_with_the_tolerance(seed: int) -> None:
    network = tree(40, seed)
    p_kw, q_kvar = loads_of(network, 37, seed)
    flow = solve(network, p_kw, q_kvar, load_model=mixed_model(network))
    assert flow.method is Method.SWEEP
    assert (flow.status == Status.CONVERGED).all()
    # Loads are about 30 kW each: 1e-8 pu of voltage leave a millionth of that.
    assert flow.residual_kva.max() < 1e-3
    exact = solve(network, p_kw, q_kvar, load_model=mixed_model(network), tolerance_pu=EXACT)
    assert exact.residual_kva.max() < 1e-6
    assert np.abs(flow.v_pu - exact.v_pu).max() < 1e-8


@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_a_dense_newton_of_its_own(seed: int) -> None:
    network = tree(25, seed)
    p_kw, q_kvar = loads_of(network, 3, seed, mean_kw=60.0)
    model = mixed_model(network)
    flow = solve(network, p_kw, q_kvar, load_model=model, tolerance_pu=EXACT)
    for step in range(3):
        volts = dense_newton(network, p_kw[step], q_kvar[step], model)
        np.testing.assert_allclose(flow.v_pu[step], np.abs(volts), atol=1e-11)
        ours = flow.v_pu[step] * np.exp(1j * np.deg2rad(flow.angle_deg[step]))
        np.testing.assert_allclose(ours, volts, atol=1e-11)


def test_agrees_with_power_grid_model_in_every_field() -> None:
    network = tree(40, 3)
    p_kw, q_kvar = loads_of(network, 20)
    model = mixed_model(network)
    flow = solve(network, p_kw, q_kvar, load_model=model, tolerance_pu=EXACT)
    live = np.arange(40)
    engine = load_network(network, live)
    result, failed = run_batch(engine, flow.loads, live, model, tolerance_pu=1e-12)
    assert not len(failed)
    node, branch = result[ComponentType.node], result[ComponentType.generic_branch]
    np.testing.assert_allclose(flow.v_pu, node["u_pu"], atol=1e-11)
    np.testing.assert_allclose(np.deg2rad(flow.angle_deg), node["u_angle"], atol=1e-11)
    for theirs, ours, unit in (
        ("i_from", flow.branch_a, 1.0),
        ("i_to", flow.branch_to_a, 1.0),
        ("p_from", flow.branch_kw, 1e3),
        ("q_from", flow.branch_kvar, 1e3),
        ("p_to", flow.branch_to_kw, 1e3),
        ("q_to", flow.branch_to_kvar, 1e3),
    ):
        np.testing.assert_allclose(ours * unit, branch[theirs], atol=1e-4, rtol=1e-9, err_msg=theirs)
    np.testing.assert_allclose(flow.slack_kw * 1e3, result[ComponentType.source]["p"], rtol=1e-9, atol=1e-3)
    np.testing.assert_allclose(flow.slack_kvar * 1e3, result[ComponentType.source]["q"], rtol=1e-9, atol=1e-3)


def test_parallel_branches_of_any_ratio_are_merged_exactly() -> None:
    network = tree(20, 3, shifts=False)
    lines, transformers = network.lines, network.transformers
    assert len(transformers) >= 2
    network = with_lines(network, [(lines.from_bus[2], lines.to_bus[2]), (lines.to_bus[5], lines.from_bus[5])], 2.0)
    twice = np.repeat(np.arange(len(transformers)), 2)
    columns = {name: getattr(transformers, name)[twice] for name in transformers.__dataclass_fields__}
    columns["id"] = ids("t", len(twice))
    columns["ratio"] = columns["ratio"] * np.where(np.arange(len(twice)) % 2, 1.0, 1.01)
    network = replace(network, transformers=replace(transformers, **columns))
    p_kw, q_kvar = loads_of(network, 5)
    flow = solve(network, p_kw, q_kvar, tolerance_pu=EXACT)
    assert flow.method is Method.SWEEP
    assert flow.residual_kva.max() < 1e-6
    live = np.arange(20)
    result, _ = run_batch(load_network(network, live), flow.loads, live, tolerance_pu=1e-12)
    np.testing.assert_allclose(flow.branch_a, result[ComponentType.generic_branch]["i_from"], atol=1e-7)
    np.testing.assert_allclose(flow.branch_to_a, result[ComponentType.generic_branch]["i_to"], atol=1e-7)
    np.testing.assert_allclose(flow.losses_kw, (flow.branch_kw + flow.branch_to_kw).sum("branch"), atol=1e-7)


def test_a_line_without_impedance_carries_its_current_exactly() -> None:
    network = chain(5)
    r_ohm, x_ohm = network.lines.r_ohm.copy(), network.lines.x_ohm.copy()
    r_ohm[1] = x_ohm[1] = 0.0
    network = replace(network, lines=replace(network.lines, r_ohm=r_ohm, x_ohm=x_ohm))
    flow = solve(network, np.array([[0.0, 0.0, 100.0, 50.0, 25.0]]), tolerance_pu=EXACT)
    assert flow.v_pu[0, 1] == flow.v_pu[0, 2]
    np.testing.assert_allclose(flow.branch_kw[0, 1], flow.branch_kw[0, 2] + 100.0, rtol=1e-12)
    assert flow.residual_kva.max() < RESIDUAL_KVA


def test_several_slacks_feed_their_own_islands() -> None:
    one = chain(6)
    in_service = np.array([True, True, False, True, True])
    network = replace(
        one,
        lines=replace(one.lines, in_service=in_service),
        slacks=Slacks(ids("s", 2), np.array([0, 5]), np.array([1.0, 1.05]), np.array([0.0, 40.0])),
    )
    p_kw = np.full((2, 6), 100.0)
    flow = solve(network, p_kw, tolerance_pu=EXACT)
    assert flow.residual_kva.max() < RESIDUAL_KVA
    assert float(flow.v_pu[0, 3]) > float(flow.v_pu[0, 2])
    np.testing.assert_allclose(flow.slack_kw.sum("slack"), p_kw.sum(axis=1) + flow.losses_kw)
    np.testing.assert_allclose(flow.slack_kw[0], [300.0, 300.0], rtol=1e-2)
    assert (flow.branch_a[:, 2] == 0).all()
    assert float(flow.angle_deg[0, 5]) == pytest.approx(40.0)


def test_many_feeders_are_several_jobs_with_one_sum() -> None:
    n = 301
    one = chain(n)
    star = replace(one, lines=replace(one.lines, from_bus=np.zeros(n - 1, dtype=int)))
    p_kw = np.random.default_rng(0).uniform(0.0, 500.0, (3, n))
    flow = solve(star, p_kw, p_kw * 0.3, tolerance_pu=EXACT)
    assert flow.residual_kva.max() < RESIDUAL_KVA
    np.testing.assert_allclose(flow.losses_kw, (flow.branch_kw + flow.branch_to_kw).sum("branch"), rtol=1e-9)
    np.testing.assert_allclose(flow.slack_kw.sum("slack"), p_kw.sum(axis=1) + flow.losses_kw, rtol=1e-12)


def test_two_slacks_at_one_bus_share_the_power() -> None:
    network = replace(chain(3), slacks=Slacks(ids("s", 2), np.zeros(2, dtype=int), np.ones(2), np.zeros(2)))
    flow = solve(network, np.array([[10.0, 100.0, 100.0]]))
    assert float(flow.slack_kw[0, 0]) == float(flow.slack_kw[0, 1])
    assert float(flow.slack_kw.sum()) == pytest.approx(210.0 + float(flow.losses_kw[0]))


def test_the_networks_own_loads_alone_are_one_step() -> None:
    flow = power_flow(tree(12, 1))
    assert flow.v_pu.dims == ("time", "bus")
    assert flow.v_pu.sizes == {"time": 1, "bus": 12}
    assert float(flow.slack_kw.sum()) > 100.0


def test_labels_scenarios_and_bus_order() -> None:
    network = tree(12, 2)
    p_kw, q_kvar = loads_of(network, 10)
    plain = solve(network, p_kw, q_kvar)
    times = np.datetime64("2026-01-01", "ns") + np.arange(5) * np.timedelta64(15, "m")
    shuffled = np.random.default_rng(0).permutation(12)

    def labelled(values: np.ndarray) -> xr.DataArray:
        coords = {"scenario": ["a", "b"], "time": times, "bus": network.buses.id}
        array = xr.DataArray(values.reshape(2, 5, 12), dims=("scenario", "time", "bus"), coords=coords)
        return array.isel(bus=shuffled).transpose("bus", "time", "scenario")

    flow = power_flow(network, labelled(p_kw), labelled(q_kvar))
    assert flow.v_pu.dims == ("scenario", "time", "bus")
    assert flow.losses_kw.dims == ("scenario", "time")
    assert list(flow.branch_a["branch"].values) == list(network.branch_ids)
    np.testing.assert_array_equal(flow.v_pu.values.reshape(10, 12), plain.v_pu.values)
    np.testing.assert_array_equal(flow.v_pu["time"], times)


def test_bits_do_not_depend_on_threads_order_in_memory_or_neighbours() -> None:
    network = tree(60, 7)
    p_kw, q_kvar = loads_of(network, 101)
    one = solve(network, p_kw, q_kvar, threads=1)
    other = solve(network, np.asfortranarray(p_kw), np.asfortranarray(q_kvar), threads=5)
    alone = solve(network, p_kw[77:78], q_kvar[77:78])
    for name in ("v_pu", "branch_a", "losses_kw", "slack_kw", "angle_deg", "loading"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
        np.testing.assert_array_equal(getattr(one, name)[77:78].values, getattr(alone, name).values, err_msg=name)


def test_a_failed_step_says_why_and_disturbs_no_other() -> None:
    network = chain(5)
    p_kw = np.full((6, 5), 100.0)
    clean = solve(network, p_kw)
    p_kw[1, 4] = 1e6
    p_kw[2, 3] = np.nan
    p_kw[3, 2] = np.inf
    p_kw[4, 4] = 1e12
    flow = solve(network, p_kw)
    wanted = [Status.CONVERGED, Status.DIVERGED, Status.BAD_LOAD, Status.BAD_LOAD, Status.DIVERGED, Status.CONVERGED]
    assert flow.status.values.tolist() == wanted
    for step in (0, 5):
        np.testing.assert_array_equal(flow.v_pu[step], clean.v_pu[step])
    assert np.isnan(flow.v_pu[1]).all()
    assert np.isnan(flow.losses_kw[2])
    reasons = flow.reason.values
    assert reasons[0] == ""
    assert "beyond the nose" in reasons[1]
    assert "ξ" in reasons[1]
    assert "1e+06 kVA at bus b4" in reasons[1]
    assert reasons[2] == "load is not a finite number at bus b3"


def test_the_safe_load_factor_is_safe() -> None:
    network = chain(5)
    p_kw = np.full((1, 5), 1e6)
    flow = solve(network, p_kw)
    assert flow.status[0] == Status.DIVERGED
    factor = 0.25 / float(flow.xi[0])
    assert solve(network, p_kw * factor * 0.999).status[0] == Status.CONVERGED


def test_a_load_a_thousand_times_the_rating_is_marked() -> None:
    network = chain(3, r_ohm=1e-6)
    lines = replace(network.lines, x_ohm=np.full(2, 1e-6))
    network = replace(network, lines=lines)
    flow = solve(network, np.array([[0.0, 0.0, 2e7], [0.0, 0.0, 100.0]]))
    assert flow.status.values.tolist() == [Status.ABSURD, Status.CONVERGED]
    assert "1000 times its rating" in flow.reason.values[0]


def test_an_island_is_dead_and_told_when_it_has_load() -> None:
    network = chain(5)
    network = replace(network, lines=replace(network.lines, in_service=np.array([True, True, False, True])))
    p_kw = np.zeros((2, 5))
    p_kw[:, 1] = 100.0
    p_kw[1, 4] = 5.0
    flow = solve(network, p_kw)
    assert flow.status.values.tolist() == [Status.CONVERGED, Status.ISLANDED]
    assert flow.energised.tolist() == [True, True, True, False, False]
    assert (flow.v_pu[:, 3:] == 0).all()
    assert flow.residual_kva.max() < RESIDUAL_KVA
    assert flow.reason.values[1] == "no path to a slack from loaded bus b4"


def test_a_network_of_one_bus_and_a_batch_of_no_steps() -> None:
    network = chain(1)
    flow = solve(network, np.array([[7.0], [9.0]]))
    np.testing.assert_allclose(flow.slack_kw, [[7.0], [9.0]], rtol=1e-14)
    assert flow.v_pu.values.tolist() == [[1.0], [1.0]]
    nothing = solve(chain(3), np.zeros((0, 3)))
    assert nothing.v_pu.shape == (0, 3)


@pytest.mark.parametrize(
    ("p_shape", "q_shape", "words"),
    [((4, 3), (4, 4), "does not fit"), ((4, 4), (3, 4), "does not fit"), ((4,), None, "does not fit")],
)
def test_arrays_of_a_wrong_shape_are_refused(p_shape: tuple[int], q_shape: tuple[int] | None, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        solve(chain(4), np.zeros(p_shape), None if q_shape is None else np.zeros(q_shape))


def test_labels_that_do_not_fit_are_all_told() -> None:
    network = chain(3)
    good = xr.DataArray(np.zeros((2, 3)), dims=("time", "bus"), coords={"bus": ["b0", "b1", "b2"]})
    bad = good.assign_coords(bus=["b0", "x", "b2"])
    with pytest.raises(InvalidInput) as caught:
        power_flow(network, bad, good.rename(time="when"))
    words = str(caught.value)
    assert "1 missing bus labels: b1" in words
    assert "1 unknown bus labels: x" in words
    assert "dims are" in words
    with pytest.raises(InvalidInput, match="occur twice"):
        power_flow(network, xr.concat([good, good.isel(bus=[0])], "bus"))
    with pytest.raises(InvalidInput, match="no labels"):
        power_flow(network, good.drop_vars("bus"))
    with pytest.raises(InvalidInput, match="without load_kw"):
        power_flow(network, None, good)
    with pytest.raises(InvalidInput, match="differ from those of load_kw"):
        power_flow(network, good, good.isel(time=[0]))
