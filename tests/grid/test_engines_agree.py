"""One network, four engines: ours, power-grid-model, pandapower and OpenDSS; the residual from the tables comes first.

Each rival is given the network in its own terms by code of this file or by the export, never by our solver's matrices.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import opendssdirect as dss
import pytest
from power_grid_model import (
    CalculationMethod,
    LoadGenType,
    PowerGridModel,
    initialize_array,
)
from power_grid_model import ComponentType as Kind
from power_grid_model import DatasetType as Role

from grid import Network, solve
from grid.pandapower_export import to_pandapower
from tests.grid.network_cases import tree, with_lines
from tests.grid.pandapower_nets import solve_in_pandapower

GOLDEN = Path(__file__).parents[1] / "golden" / "network"

CASES = {
    "33 buses": lambda: Network.from_matpower(GOLDEN / "case33bw" / "case.m"),
    "69 buses": lambda: Network.from_matpower(GOLDEN / "case69" / "case.m"),
    "33 buses, two ties closed": lambda: _with_ties(Network.from_matpower(GOLDEN / "case33bw" / "case.m")),
    "tree of lines": lambda: tree(40, 11, transformers=False),
    "tree with a loop": lambda: with_lines(tree(40, 12, transformers=False), [(10, 39), (20, 35)]),
}


def _with_ties(network: Network) -> Network:
    on = network.lines.in_service.copy()
    on[[32, 35]] = True
    return replace(network, lines=replace(network.lines, in_service=on))


def in_power_grid_model(network: Network) -> np.ndarray:
    """Complex voltages; lines and ZIP loads in the engine's own physical terms."""
    lines, loads, n = network.lines, network.loads, len(network.buses)
    node = initialize_array(Role.input, Kind.node, n)
    node["id"], node["u_rated"] = np.arange(n), 1e3 * network.buses.base_kv
    line = initialize_array(Role.input, Kind.line, len(lines))
    line["id"], line["from_node"], line["to_node"] = n + np.arange(len(lines)), lines.from_bus, lines.to_bus
    line["from_status"] = line["to_status"] = lines.in_service
    line["r1"], line["x1"] = lines.r_ohm, lines.x_ohm
    omega = 2 * np.pi * network.frequency_hz
    line["c1"] = 1e-6 * lines.b_us / omega
    line["tan1"] = np.divide(lines.g_us, lines.b_us, out=np.zeros(len(lines)), where=lines.b_us > 0)
    source = initialize_array(Role.input, Kind.source, 1)
    source["id"], source["node"], source["status"] = 10**6, network.slacks.bus, 1
    source["u_ref"], source["u_ref_angle"] = network.slacks.v_pu, np.deg2rad(network.slacks.angle_deg)
    source["sk"], source["rx_ratio"] = 1e20, 0.0
    parts = []
    for k, (kind, share) in enumerate(
        (
            (LoadGenType.const_power, 1.0 - loads.z_share - loads.i_share),
            (LoadGenType.const_current, loads.i_share),
            (LoadGenType.const_impedance, loads.z_share),
        )
    ):
        part = initialize_array(Role.input, Kind.sym_load, len(loads))
        part["id"], part["node"], part["status"], part["type"] = (
            2 * 10**6 + k * len(loads) + np.arange(len(loads)),
            loads.bus,
            loads.in_service,
            kind,
        )
        part["p_specified"], part["q_specified"] = 1e3 * share * loads.p_kw, 1e3 * share * loads.q_kvar
        parts.append(part)
    shunt = initialize_array(Role.input, Kind.shunt, len(network.shunts))
    shunt["id"], shunt["node"], shunt["status"] = (
        3 * 10**6 + np.arange(len(shunt)),
        network.shunts.bus,
        network.shunts.in_service,
    )
    square = network.buses.base_kv[network.shunts.bus] ** 2
    shunt["g1"], shunt["b1"] = 1e-3 * network.shunts.p_kw / square, -1e-3 * network.shunts.q_kvar / square
    tables = {
        Kind.node: node,
        Kind.line: line,
        Kind.source: source,
        Kind.sym_load: np.concatenate(parts),
        Kind.shunt: shunt,
    }
    model = PowerGridModel(tables, system_frequency=network.frequency_hz)
    result = model.calculate_power_flow(
        calculation_method=CalculationMethod.newton_raphson, error_tolerance=1e-11, max_iterations=50
    )[Kind.node]
    return result["u_pu"] * np.exp(1j * result["u_angle"])


def in_opendss(network: Network) -> np.ndarray:
    """Complex voltages of phase A; every element as OpenDSS wants it."""
    lines, loads, kv = network.lines, network.loads, network.buses.base_kv
    slack, hz = network.slacks, network.frequency_hz
    commands = [
        "clear",
        f"set defaultbasefrequency={hz}",
        f"new circuit.c bus1=n{slack.bus[0]} basekv={kv[slack.bus[0]]} phases=3 isc3=1e10 isc1=1e10 "
        f"pu={slack.v_pu[0]} angle={slack.angle_deg[0]}",
    ]
    for k in np.flatnonzero(lines.in_service):
        c_nf = 1e3 * lines.b_us[k] / (2 * np.pi * hz)
        r, x = lines.r_ohm[k], lines.x_ohm[k]
        ends = f"bus1=n{lines.from_bus[k]} bus2=n{lines.to_bus[k]}"
        commands.append(f"new line.l{k} {ends} phases=3 length=1 r1={r} x1={x} r0={r} x0={x} c1={c_nf} c0={c_nf}")
        if lines.g_us[k]:
            for end in (lines.from_bus[k], lines.to_bus[k]):
                kw = 0.5e-3 * lines.g_us[k] * kv[end] ** 2
                commands.append(
                    f"new load.g{k}n{end} bus1=n{end} phases=3 kv={kv[end]} kw={kw} kvar=0 model=2 vminpu=0.1 vmaxpu=2"
                )
    for k in np.flatnonzero(loads.in_service):
        bus, z, i = loads.bus[k], loads.z_share[k], loads.i_share[k]
        mix = f"[{z} {i} {1 - z - i} {z} {i} {1 - z - i} 0.1]"
        power = f"kv={kv[bus]} kw={loads.p_kw[k]} kvar={loads.q_kvar[k]}"
        commands.append(f"new load.d{k} bus1=n{bus} phases=3 conn=wye {power} model=8 zipv={mix} vminpu=0.1 vmaxpu=2")
    for k, bus in enumerate(network.shunts.bus):
        power = f"kv={kv[bus]} kw={network.shunts.p_kw[k]} kvar={network.shunts.q_kvar[k]}"
        commands.append(f"new load.s{k} bus1=n{bus} phases=3 conn=wye {power} model=2 vminpu=0.1 vmaxpu=2")
    for command in (*commands, "set tolerance=1e-11 maxiterations=500", "solve"):
        dss.Text.Command(command)
    assert dss.Solution.Converged()
    volts = np.zeros(len(kv), dtype=complex)
    for bus in range(len(kv)):
        dss.Circuit.SetActiveBus(f"n{bus}")
        volts[bus] = (np.array(dss.Bus.Voltages()).reshape(-1, 2) @ [1, 1j])[0] / (1e3 * kv[bus] / np.sqrt(3.0))
    return volts


def ours(network: Network) -> np.ndarray:
    flow = solve(network, np.zeros((1, len(network.buses))), tolerance_pu=1e-12)
    assert flow.residual_kva.item() < 1e-4
    volts: np.ndarray = flow.v_pu.to_numpy()[0] * np.exp(1j * np.deg2rad(flow.angle_deg.to_numpy()[0]))
    return volts


@pytest.mark.parametrize("name", CASES)
def test_power_grid_model_agrees(name: str) -> None:
    network = CASES[name]()
    np.testing.assert_allclose(ours(network), in_power_grid_model(network), rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_opendss_agrees(name: str) -> None:
    """OpenDSS iterates on currents to about 1e-7 and has a source impedance."""
    network = CASES[name]()
    np.testing.assert_allclose(ours(network), in_opendss(network), rtol=0, atol=2e-6)


@pytest.mark.parametrize("name", CASES)
def test_pandapower_agrees(name: str) -> None:
    network = CASES[name]()
    net = solve_in_pandapower(to_pandapower(network))
    theirs = net.res_bus.vm_pu.to_numpy() * np.exp(1j * np.deg2rad(net.res_bus.va_degree.to_numpy()))
    np.testing.assert_allclose(ours(network), theirs, rtol=0, atol=1e-9)


def test_the_rivals_notice_a_changed_network() -> None:
    """The comparison can fail: one per cent of one line is seen by each of them."""
    network = CASES["33 buses"]()
    r_ohm = network.lines.r_ohm.copy()
    r_ohm[5] *= 1.01
    changed = ours(replace(network, lines=replace(network.lines, r_ohm=r_ohm)))
    for rival in (in_power_grid_model, in_opendss):
        assert np.abs(changed - rival(network)).max() > 5e-6
