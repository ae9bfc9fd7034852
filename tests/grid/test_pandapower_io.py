"""Import from pandapower: every supported element solves as in pandapower, everything else is listed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from data.errors import InvalidInput
from grid import Network
from grid.pandapower_transformers import UntypedTaps
from tests.grid.pandapower_nets import assert_solves_as_pandapower, named, pp, quiet, rich_net


def words(net: Any, **options: Any) -> str:
    with pytest.raises(InvalidInput) as refused:
        Network.from_pandapower(net, **options)
    return str(refused.value)


@pytest.mark.parametrize(
    "name",
    [
        *("case4gs", "case14", "case33bw", "case57", "case118", "iceland", "mv_oberrhein", "simple_four_bus_system"),
        *("create_cigre_network_mv", "create_cigre_network_lv", "create_kerber_landnetz_freileitung_1"),
    ],
)
def test_published_networks_solve_as_in_pandapower(name: str) -> None:
    net = quiet(getattr(named, name))
    assert_solves_as_pandapower(net, Network.from_pandapower(net))


def open_line_at(net: Any, side: str, line: int) -> None:
    quiet(pp.create_switch, net, net.line.at[line, side], line, et="l", closed=False)


def dead_bus(net: Any) -> None:
    net.bus.loc[6, "in_service"] = False


def join(net: Any) -> None:
    bus = quiet(pp.create_bus, net, vn_kv=20)
    quiet(pp.create_switch, net, 3, bus, et="b", closed=True)
    quiet(pp.create_switch, net, bus, 3, et="b", closed=True)  # a loop of switches
    quiet(pp.create_switch, net, 4, 6, et="b", closed=False)
    quiet(pp.create_load, net, bus, p_mw=0.4)


def resistive_switch(net: Any) -> None:
    bus = quiet(pp.create_bus, net, vn_kv=20)
    quiet(pp.create_switch, net, 3, bus, et="b", closed=True, z_ohm=0.5)
    quiet(pp.create_load, net, bus, p_mw=0.4)


def zip_load(net: Any) -> None:
    net.load.loc[1, ["const_z_p_percent", "const_i_p_percent"]] = [30.0, 20.0]
    net.load.loc[1, ["const_z_q_percent", "const_i_q_percent"]] = [10.0, 60.0]


def generators(net: Any) -> None:
    quiet(pp.create_sgen, net, 3, p_mw=0.7, q_mvar=-0.2, scaling=0.8)
    quiet(pp.create_storage, net, 4, p_mw=0.2, max_e_mwh=1.0)
    quiet(pp.create_ward, net, 5, ps_mw=0.1, qs_mvar=0.05, pz_mw=0.2, qz_mvar=-0.1)
    quiet(pp.create_motor, net, 6, pn_mech_mw=0.3, cos_phi=0.85, efficiency_percent=92.0, loading_percent=80.0)
    quiet(pp.create_shunt, net, 6, q_mvar=-0.4, p_mw=0.01, vn_kv=21.0, step=2)


def holding(net: Any) -> None:
    quiet(pp.create_gen, net, 5, p_mw=0.9, vm_pu=1.01)
    quiet(pp.create_gen, net, 0, p_mw=3.0, vm_pu=1.02)


def slack_generator(net: Any) -> None:
    net.ext_grid = net.ext_grid.iloc[:0]
    quiet(pp.create_gen, net, 0, p_mw=3.0, vm_pu=1.02, slack=True)


def ideal_shifter(net: Any) -> None:
    net.trafo.loc[0, ["tap_changer_type", "tap_step_percent", "tap_step_degree"]] = ["Ideal", 0.0, 2.5]


def ideal_shifter_by_percent(net: Any) -> None:
    net.trafo.loc[0, ["tap_changer_type", "tap_step_percent"]] = ["Ideal", 4.0]


def second_tap(net: Any) -> None:
    values = {"side": "lv", "neutral": 1.0, "step_percent": 1.25, "step_degree": 0.0, "pos": 4.0}
    for name, value in {**values, "changer_type": "Ratio"}.items():
        net.trafo[f"tap2_{name}"] = value


@pytest.mark.parametrize(
    "change",
    [
        lambda net: None,
        lambda net: open_line_at(net, "to_bus", 4),
        lambda net: open_line_at(net, "from_bus", 4),
        lambda net: [open_line_at(net, side, 4) for side in ("from_bus", "to_bus")],
        lambda net: quiet(pp.create_switch, net, 7, 1, et="t", closed=False),
        lambda net: quiet(pp.create_switch, net, 3, 1, et="t", closed=False),
        lambda net: quiet(pp.create_switch, net, 3, 1, et="l", closed=True),
        *(dead_bus, join, resistive_switch, zip_load, generators, holding, slack_generator),
        *(ideal_shifter, ideal_shifter_by_percent, second_tap),
        lambda net: net.line.update({"in_service": net.line.in_service & (net.line.index != 4)}),
        lambda net: net.load.update({"in_service": net.load.in_service & (net.load.index != 2)}),
        lambda net: net.trafo.update({"tap_side": net.trafo.tap_side.map({"hv": "lv", "lv": "hv"})}),
    ],
)
def test_each_element_solves_as_in_pandapower(change: Callable[[Any], object]) -> None:
    net = rich_net()
    change(net)
    assert_solves_as_pandapower(net, Network.from_pandapower(net))


def test_loading_is_that_of_pandapower() -> None:
    net = rich_net()
    flow = assert_solves_as_pandapower(net, Network.from_pandapower(net))
    loading = 100.0 * flow.loading.to_numpy()[0, : len(net.line)]
    np.testing.assert_allclose(loading, net.res_line.loading_percent, rtol=1e-7)
    np.testing.assert_allclose(flow.losses_kw.item(), 1e3 * (net.res_line.pl_mw.sum() + net.res_trafo.pl_mw.sum()))


def test_ids_are_those_of_pandapower_and_places_are_kept() -> None:
    net = rich_net()
    net.bus.loc[2, "geo"] = '{"type": "Point", "coordinates": [127.0, 37.5]}'
    net.bus.loc[3, "geo"] = '{"type": "Polygon", "coordinates": [[1, "x"]]}'
    join(net)
    network = Network.from_pandapower(net)
    assert network.buses.id.tolist() == [str(k) for k in net.bus.index]
    assert network.branch_ids.tolist()[-2:] == ["trafo 0", "trafo 1"]
    assert {"switch 0", "switch 1", "switch 2"} <= set(network.lines.id)
    assert (network.buses.x[2], network.buses.y[2]) == (127.0, 37.5)
    assert np.isnan(network.buses.x[3])
    assert network.frequency_hz == 60.0


def trafo3w(net: Any) -> None:
    bus = [quiet(pp.create_bus, net, vn_kv=kv) for kv in (110, 20, 10)]
    quiet(pp.create_transformer3w, net, *bus, std_type="63/25/38 MVA 110/20/10 kV")


@pytest.mark.parametrize(
    ("kind", "create"),
    [
        ("trafo3w", trafo3w),
        ("impedance", lambda net: quiet(pp.create_impedance, net, 2, 6, 0.01, 0.02, 1.0)),
        ("xward", lambda net: quiet(pp.create_xward, net, 3, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 1.0)),
        ("dcline", lambda net: quiet(pp.create_dcline, net, 2, 6, 0.1, 1.0, 0.01, 1.0, 1.0)),
        ("asymmetric_load", lambda net: quiet(pp.create_asymmetric_load, net, 3, p_a_mw=0.1)),
        ("svc", lambda net: quiet(pp.create_svc, net, 3, 1.0, -10.0, 1.0, 90.0)),
    ],
)
def test_unsupported_elements_are_listed_by_name_and_count(kind: str, create: Callable[[Any], object]) -> None:
    net = rich_net()
    create(net)
    assert f"1 element of the unsupported kind '{kind}'" in words(net)
    assert len(Network.from_pandapower(net, ignore=(kind,)).lines) == len(net.line)
    net[kind]["in_service"] = False
    Network.from_pandapower(net)


def test_tables_that_are_not_known_are_listed_too() -> None:
    net = rich_net()
    net["wormhole"] = net.line.copy()
    assert "6 elements of the unsupported kind 'wormhole'" in words(net)


def test_taps_without_a_type_are_refused_or_taken_as_told() -> None:
    net = rich_net()
    typed = Network.from_pandapower(net).transformers.ratio
    net.trafo["tap_changer_type"] = None
    net.trafo["tap_step_degree"] = 0.0
    assert "2 problems" in words(net)
    assert "pandapower 3 ignores it" in words(net)
    applied = Network.from_pandapower(net, untyped_taps=UntypedTaps.RATIO)
    assert applied.transformers.ratio[0] == typed[0]
    ignored = Network.from_pandapower(net, untyped_taps=UntypedTaps.IGNORE)
    assert_solves_as_pandapower(net, ignored)
    np.testing.assert_allclose(applied.transformers.ratio / ignored.transformers.ratio, [0.955, 1 / 1.04])


def test_files_of_older_versions_have_their_taps_applied() -> None:
    net = rich_net()
    new = Network.from_pandapower(net).transformers.ratio
    net.trafo = net.trafo.drop(columns="tap_changer_type")
    net.trafo["tap_phase_shifter"] = False
    np.testing.assert_array_equal(Network.from_pandapower(net).transformers.ratio, new)


@pytest.mark.parametrize(
    ("table", "row", "column", "value", "said"),
    [
        ("bus", 2, "vn_kv", np.nan, "net: bus, row 4, vn_kv: index 2: no number"),
        ("bus", 2, "vn_kv", -20.0, "base voltage is not positive (-20.0)"),
        ("line", 1, "r_ohm_per_km", -0.2, "net: line, row 3, r_ohm_per_km: index 1: resistance is negative (-0.2)"),
        ("line", 1, "x_ohm_per_km", np.inf, "infinite (inf)"),
        ("line", 1, "from_bus", 77, "names no row of the table bus (77)"),
        ("line", 1, "to_bus", 0, "joins buses of different voltage"),
        ("line", 1, "length_km", 0.0, "length is not positive"),
        ("line", 1, "parallel", 0, "not positive"),
        ("line", 1, "max_i_ka", -1.0, "rating is not positive"),
        ("load", 0, "p_mw", 1e9, "absurdly large power (1000000000.0)"),
        ("load", 0, "p_mw", np.nan, "no number"),
        ("load", 0, "const_z_p_percent", 130.0, "share is not within 0 … 100 %"),
        ("load", 0, "in_service", "perhaps", "neither true nor false"),
        ("trafo", 0, "vk_percent", 0.0, "impedance is zero"),
        ("trafo", 0, "vkr_percent", -1.0, "resistance is negative"),
        ("trafo", 0, "vkr_percent", 50.0, "larger than vk_percent"),
        ("trafo", 0, "sn_mva", 0.0, "not positive"),
        ("trafo", 0, "pfe_kw", -1.0, "no-load loss is negative"),
        ("trafo", 0, "tap_changer_type", "Tabular", "kind of tap changer not supported"),
        ("trafo", 0, "tap_dependency_table", True, "taps by a table are not supported"),
        ("ext_grid", 0, "vm_pu", 0.0, "voltage is not positive"),
    ],
)
def test_bad_values_are_told_with_table_row_and_column(
    table: str, row: int, column: str, value: object, said: str
) -> None:
    net = rich_net()
    net[table][column] = net[table][column].astype(object)
    net[table].at[row, column] = value
    assert said in words(net)


def test_switches_in_the_wrong_place_are_told() -> None:
    net = rich_net()
    quiet(pp.create_switch, net, 3, 1, et="l")
    net.switch.loc[0, "bus"] = 0
    assert "not an end of its line" in words(net)
    net.switch.loc[0, ["bus", "element"]] = [3, 99]
    assert "names no row of the table line" in words(net)
    net.switch.loc[0, ["et", "element"]] = ["q", 1]
    assert "no kind of switch" in words(net)
    net.switch.loc[0, ["et", "element", "z_ohm"]] = ["b", 0, 0.0]
    assert "joins buses of different voltage" in words(net)


def test_all_problems_come_at_once_and_many_of_a_kind_as_a_count() -> None:
    net = rich_net()
    net.line["r_ohm_per_km"] = -1.0
    net.load["q_mvar"] = np.inf
    assert "11 problems" in words(net)
    for _ in range(30):
        quiet(pp.create_load, net, 3, p_mw=np.nan)
    assert "10 more rows: no number" in words(net)


def test_what_is_no_network_is_refused() -> None:
    assert "is no pandapower network" in words({"bus": 3})
    assert "is no pandapower network" in words(None)
    assert "the network has no buses" in words(quiet(pp.create_empty_network))
