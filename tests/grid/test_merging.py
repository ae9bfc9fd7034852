"""Buses joined by closed switches made one: the same voltages, by solvers that need an impedance everywhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data.errors import InvalidInput
from grid import Method, Network, power_flow
from tests.grid.network_cases import tree
from tests.grid.pandapower_nets import named, quiet, solve_in_pandapower


def test_a_network_with_switches_and_generators_solves_as_in_pandapower() -> None:
    net = quiet(named.example_simple)
    network = Network.from_pandapower(net)
    with pytest.raises(InvalidInput, match="without impedance"):
        power_flow(network)
    merged = network.merge_joined_buses()
    flow = power_flow(merged)
    assert flow.method is Method.NEWTON
    assert flow.residual_kva.item() < 1e-4
    theirs = solve_in_pandapower(net).res_bus.vm_pu[merged.buses.id.astype(int)]
    np.testing.assert_allclose(flow.v_pu[0], theirs.fillna(0.0), atol=1e-8)


def test_merging_changes_no_voltage() -> None:
    network = tree(30, 5)
    lines = network.lines
    solid = np.isin(np.arange(len(lines)), [3, 4, 11])
    joined = replace(
        network,
        lines=replace(lines, r_ohm=np.where(solid, 0.0, lines.r_ohm), x_ohm=np.where(solid, 0.0, lines.x_ohm)),
    )
    merged = joined.merge_joined_buses()
    assert len(merged.buses) == 27
    assert len(merged.lines) == len(lines) - 3
    one, two = power_flow(joined, tolerance_pu=1e-12), power_flow(merged, tolerance_pu=1e-12)
    np.testing.assert_allclose(two.v_pu, one.v_pu.sel(bus=merged.buses.id), atol=1e-11)
    np.testing.assert_allclose(two.slack_kw, one.slack_kw, atol=1e-6)


def test_a_network_without_joined_buses_stays_as_it_is() -> None:
    network = tree(12, 2)
    merged = network.merge_joined_buses()
    np.testing.assert_array_equal(merged.buses.id, network.buses.id)
    np.testing.assert_array_equal(merged.lines.to_bus, network.lines.to_bus)
    assert len(merged.shunts) == len(network.shunts)
