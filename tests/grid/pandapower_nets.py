"""pandapower networks for the tests, and how its own power flow solves them."""

from __future__ import annotations

import warnings
from itertools import pairwise
from typing import Any

import numpy as np

from grid import Network, PowerFlow, power_flow

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pandapower warns of its own dependencies
    import pandapower as pp
    import pandapower.networks as named

__all__ = ["assert_solves_as_pandapower", "named", "pp", "quiet", "rich_net", "solve_in_pandapower"]


def quiet(function: Any, *args: Any, **options: Any) -> Any:
    """Call pandapower without its warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*args, **options)


def solve_in_pandapower(net: Any) -> Any:
    quiet(pp.runpp, net, tolerance_mva=1e-10, calculate_voltage_angles=True, numba=False)
    return net


def assert_solves_as_pandapower(net: Any, network: Network, atol: float = 2e-8) -> PowerFlow:
    """Voltages of both, and our own residual first."""
    flow = power_flow(network, tolerance_pu=1e-11)
    assert flow.residual_kva.item() < 1e-3
    solve_in_pandapower(net)
    fed = net.res_bus.vm_pu.notna().to_numpy()
    assert (fed == flow.energised).all()
    np.testing.assert_allclose(flow.v_pu[0, fed], net.res_bus.vm_pu[fed], rtol=0, atol=atol)
    turned = flow.angle_deg.to_numpy()[0, fed] - net.res_bus.va_degree[fed].to_numpy()
    np.testing.assert_allclose((turned + 180.0) % 360.0 - 180.0, 0.0, atol=60 * atol)
    return flow


def rich_net() -> Any:
    """A 110/20/0.4 kV network with one of nearly everything that is supported."""
    net = quiet(pp.create_empty_network, f_hz=60.0)
    hv, mv, *feeder = [quiet(pp.create_bus, net, vn_kv=kv) for kv in (110, 20, 20, 20, 20, 20, 20)]
    lv, far = quiet(pp.create_bus, net, vn_kv=0.4), quiet(pp.create_bus, net, vn_kv=0.4)
    quiet(pp.create_ext_grid, net, hv, vm_pu=1.02, va_degree=7.0)
    bank = {"sn_mva": 40, "vn_hv_kv": 112, "vn_lv_kv": 20.5, "vk_percent": 12, "vkr_percent": 0.4, "pfe_kw": 30}
    tap = {"tap_side": "hv", "tap_neutral": 0, "tap_min": -9, "tap_max": 9, "tap_step_percent": 1.5, "tap_pos": -3}
    bank |= {"i0_percent": 0.1, "shift_degree": 150, "parallel": 2, "tap_changer_type": "Ratio", **tap}
    quiet(pp.create_transformer_from_parameters, net, hv, mv, **bank)
    small = {"sn_mva": 0.63, "vn_hv_kv": 20, "vn_lv_kv": 0.4, "vk_percent": 6, "vkr_percent": 1.2, "pfe_kw": 1.2}
    tap |= {"tap_side": "lv", "tap_pos": 2, "tap_step_percent": 2.0, "tap_step_degree": 10.0}
    small |= {"i0_percent": 0.3, "shift_degree": 30, "tap_changer_type": "Symmetrical", **tap}
    quiet(pp.create_transformer_from_parameters, net, feeder[1], lv, **small)
    wire = {"r_ohm_per_km": 0.2, "x_ohm_per_km": 0.12, "c_nf_per_km": 250, "g_us_per_km": 2, "max_i_ka": 0.3}
    chain = [mv, *feeder]
    for k, (one, two) in enumerate(pairwise(chain)):
        quiet(pp.create_line_from_parameters, net, one, two, 1.5 + k, **wire, parallel=1 + k % 2, df=0.9)
    quiet(pp.create_line_from_parameters, net, lv, far, 0.2, **wire)
    for bus, p_mw in zip(feeder, (1.0, 0.8, 1.2, 0.5, 0.3), strict=True):
        quiet(pp.create_load, net, bus, p_mw=p_mw, q_mvar=0.3 * p_mw, scaling=0.9)
    return net
