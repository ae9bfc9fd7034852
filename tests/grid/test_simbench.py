"""SimBench networks: their taps are applied, where pandapower drops them without a word."""

from __future__ import annotations

import numpy as np
import pytest

from data.errors import InvalidInput
from grid import Method, Network
from grid.simbench_io import simbench_net
from tests.grid.pandapower_nets import assert_solves_as_pandapower, solve_in_pandapower


@pytest.mark.parametrize("code", ["1-MV-urban--0-sw", "1-LV-rural1--0-sw"])
def test_the_taps_are_applied(code: str) -> None:
    net = simbench_net(code)
    network = Network.from_simbench(code)
    stated = 1.0 + (net.trafo.tap_pos - net.trafo.tap_neutral) * net.trafo.tap_step_percent / 100.0
    nominal = (net.trafo.vn_hv_kv / net.trafo.vn_lv_kv).to_numpy()
    base = net.bus.vn_kv[net.trafo.hv_bus].to_numpy() / net.bus.vn_kv[net.trafo.lv_bus].to_numpy()
    np.testing.assert_allclose(network.transformers.ratio, stated * nominal / base, rtol=1e-12)
    net.trafo["tap_changer_type"] = "Ratio"
    flow = assert_solves_as_pandapower(net, network)
    assert flow.method is Method.SWEEP


def test_pandapower_itself_still_drops_them() -> None:
    """Should this fail, pandapower has learnt to apply taps without a type, and this reader may become simpler."""
    dropped, applied = (simbench_net("1-MV-urban--0-sw") for _ in range(2))
    applied.trafo["tap_changer_type"] = "Ratio"
    low_side = dropped.trafo.lv_bus
    off = solve_in_pandapower(applied).res_bus.vm_pu[low_side] - solve_in_pandapower(dropped).res_bus.vm_pu[low_side]
    assert off.to_numpy().min() > 0.01


def test_unknown_codes_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"there is no network '1-MV-nowhere'.*such as 1-"):
        Network.from_simbench("1-MV-nowhere")
