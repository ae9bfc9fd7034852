"""One feeder with charging lines, a tapped transformer, a capacitor and a ZIP load in OpenDSS."""

from __future__ import annotations

import numpy as np
import opendssdirect as dss

from grid import Network, solve
from grid.network import Buses, Lines, Loads, Shunts, Slacks, Transformers
from tests.grid.network_cases import ids

KV = np.array([154.0, 22.9, 22.9, 22.9, 6.6])


def feeder() -> Network:
    """154 kV slack – bank with a tap – three 22.9 kV buses – a 6.6 kV customer."""
    unknown, nothing = np.full(5, np.nan), np.zeros(2)
    return Network(
        buses=Buses(ids("b", 5), KV, np.full(5, 0.9), np.full(5, 1.1), unknown, unknown),
        lines=Lines(
            ids("l", 2),
            np.array([1, 3]),
            np.array([2, 2]),
            np.array([0.9, 1.4]),
            np.array([1.1, 1.5]),
            np.array([300.0, 150.0]),
            nothing,
            np.full(2, 400.0),
            np.ones(2, dtype=bool),
        ),
        transformers=Transformers(
            ids("t", 2),
            np.array([0, 3]),
            np.array([1, 4]),
            np.array([0.03, 0.08]),
            np.array([1.6, 0.9]),
            nothing,
            nothing,
            np.array([0.975, 1.025]),
            np.array([30.0, 0.0]),
            np.full(2, 45e3),
            np.ones(2, dtype=bool),
        ),
        slacks=Slacks(ids("s", 1), np.array([0]), np.array([1.01]), np.array([0.0])),
        loads=Loads(
            ids("d", 2),
            np.array([2, 4]),
            np.array([6000.0, 2000.0]),
            np.array([1500.0, 700.0]),
            np.array([0.3, 0.0]),
            np.array([0.2, 0.0]),
            np.ones(2, dtype=bool),
        ),
        shunts=Shunts(ids("c", 1), np.array([3]), np.zeros(1), np.array([-900.0]), np.ones(1, dtype=bool)),
    )


def in_opendss(network: Network) -> np.ndarray:
    """Positive-sequence voltages in per unit, every element written in OpenDSS's own terms."""
    lines, transformers, loads = network.lines, network.transformers, network.loads
    dss.Text.Command("clear")
    dss.Text.Command("set defaultbasefrequency=60")
    dss.Text.Command("new circuit.c bus1=b0 basekv=154 pu=1.01 angle=0 phases=3 isc3=1e9 isc1=1e9")
    for k in range(2):
        c_nf = lines.b_us[k] * 1e-6 / (2 * np.pi * 60) * 1e9
        dss.Text.Command(
            f"new line.l{k} bus1=b{lines.from_bus[k]} bus2=b{lines.to_bus[k]} phases=3 length=1 "
            f"r1={lines.r_ohm[k]} x1={lines.x_ohm[k]} c1={c_nf} r0={lines.r_ohm[k]} x0={lines.x_ohm[k]} c0={c_nf}"
        )
    for k, conns in enumerate(("delta wye", "wye wye")):
        f, t = transformers.from_bus[k], transformers.to_bus[k]
        kva = 1e4
        base = KV[t] ** 2 * 1000 / kva
        dss.Text.Command(
            f"new transformer.t{k} phases=3 windings=2 buses=(b{f} b{t}) conns=({conns}) kvs=({KV[f]} {KV[t]}) "
            f"kvas=({kva} {kva}) taps=({transformers.ratio[k]} 1) xhl={transformers.x_ohm[k] / base * 100} "
            f"%loadloss={transformers.r_ohm[k] / base * 100} %noloadloss=0 %imag=0 leadlag=lag ppm_antifloat=0"
        )
    for k in range(2):
        bus, z, i = loads.bus[k], loads.z_share[k], loads.i_share[k]
        zip_v = f"[{z} {i} {1 - z - i} {z} {i} {1 - z - i} 0.1]"
        dss.Text.Command(
            f"new load.d{k} bus1=b{bus} phases=3 conn=wye kv={KV[bus]} kw={loads.p_kw[k]} kvar={loads.q_kvar[k]} "
            f"model=8 zipv={zip_v} vminpu=0.1 vmaxpu=2"
        )
    dss.Text.Command("new capacitor.c bus1=b3 phases=3 kv=22.9 kvar=900")
    dss.Text.Command("set tolerance=1e-10 maxiterations=200")
    dss.Text.Command("solve")
    assert dss.Solution.Converged()
    volts = []
    for bus in range(5):
        dss.Circuit.SetActiveBus(f"b{bus}")
        raw = np.array(dss.Bus.Voltages()).reshape(-1, 2) @ [1, 1j]
        turn = np.exp(2j * np.pi / 3)
        volts.append((raw[0] + turn * raw[1] + turn**2 * raw[2]) / 3 / (KV[bus] * 1e3 / np.sqrt(3)))
    return np.array(volts)


def test_a_feeder_agrees_with_opendss() -> None:
    network = feeder()
    theirs = in_opendss(network)
    flow = solve(network, np.zeros((1, 5)), tolerance_pu=1e-12)
    np.testing.assert_allclose(flow.v_pu[0], np.abs(theirs), atol=2e-6)
    np.testing.assert_allclose(flow.angle_deg[0], np.rad2deg(np.angle(theirs)), atol=2e-4)
