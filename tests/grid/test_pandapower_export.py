"""Export to pandapower: it solves to the same voltages, and its result tables are those already written."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from data.errors import InvalidInput
from grid import LoadModel, Network, PowerFlow, Status, solve
from grid.network import Loads, Transformers
from grid.pandapower_export import to_pandapower
from grid.synthesis import synthesize
from grid.synthesis_grid import SyntheticGrid
from tests.grid.grid_laws import hourly_load_kw
from tests.grid.network_cases import tree
from tests.grid.pandapower_nets import named, quiet, rich_net, solve_in_pandapower
from tests.grid.seoul_grid import seoul_spec

TABLES = ("bus", "line", "trafo", "ext_grid", "gen", "load", "shunt", "switch")


def assert_results_are_pandapowers(net: Any, atol: float = 2e-6) -> None:
    again = solve_in_pandapower(copy.deepcopy(net))
    for name in TABLES:
        ours, theirs = net[f"res_{name}"], again[f"res_{name}"]
        if not len(ours):
            continue
        assert set(ours.columns) == set(theirs.columns)
        for column in theirs.columns:
            if name == "switch" and theirs[column].isna().all():
                continue  # pandapower tells no current of a switch without a rating
            np.testing.assert_allclose(ours[column], theirs[column], rtol=0, atol=atol, err_msg=f"{name}.{column}")


@pytest.mark.parametrize("name", ["mv_oberrhein", "case14", "case33bw", "create_cigre_network_mv"])
def test_results_are_those_pandapower_finds(name: str) -> None:
    network = Network.from_pandapower(quiet(getattr(named, name)))
    flow = solve(network, np.zeros((1, len(network.buses))), tolerance_pu=1e-12)
    assert_results_are_pandapowers(to_pandapower(network, flow))


@pytest.mark.parametrize("seed", range(4))
def test_any_tree_with_taps_shifts_charging_and_zip_loads_goes_over(seed: int) -> None:
    """Transformers of these trees have capacitive shunts, which pandapower cannot hold."""
    network = tree(25, seed)
    rng = np.random.default_rng(seed)
    load = rng.uniform(0, 200, (3, 25))
    load[:, 0] = 0.0  # pandapower's slack supplies what such a load would draw at 1 pu
    shares = LoadModel(np.full(25, 0.2), np.full(25, 0.3))
    flow = solve(network, load, 0.3 * load, load_model=shares, tolerance_pu=1e-12)
    for step in (0, 2):
        assert_results_are_pandapowers(to_pandapower(network, flow, step=step))


def test_inductive_magnetising_goes_over_as_such() -> None:
    network = Network.from_pandapower(rich_net())
    flow = solve(network, np.zeros((1, len(network.buses))), tolerance_pu=1e-12)
    net = to_pandapower(network, flow)
    assert len(net.shunt) == 0
    at_tap = np.array([20.5 / 20.0, abs(1.0 + 0.04 * np.exp(1j * np.deg2rad(10.0)))])  # over the base voltage
    np.testing.assert_allclose(net.trafo.pfe_kw, np.array([60.0, 1.2]) / at_tap**2, rtol=1e-9)
    assert_results_are_pandapowers(net)
    back = Network.from_pandapower(net)
    for column in ("r_ohm", "x_ohm", "b_us", "g_us", "ratio", "shift_deg", "rating_kva"):
        one, two = getattr(network.transformers, column), getattr(back.transformers, column)
        np.testing.assert_allclose(two, one, rtol=1e-9, err_msg=column)
    for column in ("r_ohm", "x_ohm", "b_us", "g_us", "rating_a"):
        np.testing.assert_allclose(getattr(back.lines, column), getattr(network.lines, column), rtol=1e-12)


def test_switches_and_ratings_survive() -> None:
    network = with_a_switch(replace(tree(10, 1), loads=Loads()))
    flow = solve(network, np.full((1, 10), 20.0), tolerance_pu=1e-12)
    net = to_pandapower(network, flow)
    assert net.switch.name.tolist() == [network.lines.id[2]]
    assert len(net.line) == len(network.lines) - 1
    assert net.line.max_i_ka.max() > 1e4
    assert_results_are_pandapowers(net)


def test_loads_of_joined_buses_become_one_where_they_depend_on_voltage() -> None:
    """pandapower keeps one mix of a fused node, that of the last of its buses."""
    network = with_a_switch(tree(10, 1))
    flow = solve(network, np.full((1, 10), 20.0), tolerance_pu=1e-12)
    again = solve_in_pandapower(to_pandapower(network, flow))
    np.testing.assert_allclose(again.res_bus.vm_pu, flow.v_pu[0], atol=1e-9)


def with_a_switch(network: Network) -> Network:
    """One line without impedance, one without a rating."""
    lines = network.lines
    row = np.arange(len(lines))
    r, x = (np.where(row == 2, 0.0, part) for part in (lines.r_ohm, lines.x_ohm))
    return replace(network, lines=replace(lines, r_ohm=r, x_ohm=x, rating_a=np.where(row == 3, np.inf, lines.rating_a)))


@pytest.fixture(scope="module")
def seoul() -> tuple[SyntheticGrid, np.ndarray]:
    spec = seoul_spec()
    grid = synthesize(spec)
    return grid, hourly_load_kw(grid, spec)[1]


def solved(part: SyntheticGrid, whole: SyntheticGrid, load_kw: np.ndarray) -> PowerFlow:
    row = {name: k for k, name in enumerate(whole.network.buses.id)}
    mine = load_kw[[row[name] for name in part.network.buses.id]][None, :]
    return solve(part.network, mine, 0.3 * mine, tolerance_pu=1e-12)


@pytest.mark.parametrize("kind", ["feeder", "substation", "district"])
def test_a_part_of_the_synthetic_city_solves_in_pandapower(seoul: tuple[SyntheticGrid, np.ndarray], kind: str) -> None:
    grid, load_kw = seoul
    if kind == "feeder":
        part = grid.for_feeder(grid.feeders.id[10], 1.03)
    elif kind == "substation":
        part = grid.for_substation(grid.substations.id[3])
    else:
        part = grid.for_district("11140")
    flow = solved(part, grid, load_kw)
    assert (flow.status == Status.CONVERGED).all()
    net = to_pandapower(part, flow)
    assert set(net.bus.zone) == set(part.buses.district)
    assert_results_are_pandapowers(net)


def test_a_failed_step_is_exported_without_results() -> None:
    network = tree(10, 1)
    flow = solve(network, np.full((2, 10), [[1.0], [1e9]]))
    assert flow.status[1] != Status.CONVERGED
    net = to_pandapower(network, flow, step=1)
    assert not net.converged
    assert len(net.res_bus) == 0
    assert to_pandapower(network, flow, step=0).converged


def test_a_network_alone_is_exported_with_its_own_loads() -> None:
    net = solve_in_pandapower(to_pandapower(tree(10, 1)))
    flow = solve(tree(10, 1), np.zeros((1, 10)), tolerance_pu=1e-12)
    np.testing.assert_allclose(net.res_bus.vm_pu, flow.v_pu[0], atol=1e-9)


def test_what_pandapower_cannot_hold_is_refused() -> None:
    network = tree(10, 1)
    loads = Loads(
        np.array(["a", "b"]),
        np.array([2, 2]),
        np.array([100.0, -60.0]),
        np.zeros(2),
        np.array([1.0, 0.0]),
        np.zeros(2),
        np.ones(2, dtype=bool),
    )
    with pytest.raises(InvalidInput, match="a mix of voltage dependence that pandapower cannot have"):
        to_pandapower(replace(network, loads=loads))
    flow = solve(network, np.zeros((2, 10)))
    with pytest.raises(InvalidInput, match="there is no step 2 in 2"):
        to_pandapower(network, flow, step=2)


def test_transformers_without_rating() -> None:
    network = tree(25, 3)
    bare: Transformers = replace(network.transformers, rating_kva=np.full(len(network.transformers), np.inf))
    network = replace(network, transformers=bare)
    flow = solve(network, np.full((1, 25), 20.0), tolerance_pu=1e-12)
    net = to_pandapower(network, flow)
    again = solve_in_pandapower(copy.deepcopy(net))
    np.testing.assert_allclose(net.res_bus.vm_pu, again.res_bus.vm_pu, atol=1e-9)
