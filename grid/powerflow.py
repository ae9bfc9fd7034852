"""Batch AC power flow: one network, many steps of load, one call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import xarray as xr

from data.errors import InvalidInput, Problem
from grid.load_input import read_loads
from grid.load_models import LoadModel
from grid.network import Network
from grid.powerflow_result import PowerFlow
from grid.reducers import Reducer
from grid.solving import solve, solve_steps
from grid.streaming import FlowSummary, blocks_of, stream

__all__ = ["FlowSummary", "PowerFlow", "power_flow", "solve", "stream"]


@overload
def power_flow(
    network: Network,
    load_kw: xr.DataArray | None = None,
    load_kvar: xr.DataArray | None = None,
    *,
    load_model: LoadModel | None = None,
    tolerance_pu: float = 1e-8,
    threads: int | None = None,
    reduce: None = None,
) -> PowerFlow: ...


@overload
def power_flow(
    network: Network,
    load_kw: xr.DataArray,
    load_kvar: xr.DataArray | None = None,
    *,
    load_model: LoadModel | None = None,
    tolerance_pu: float = 1e-8,
    threads: int | None = None,
    reduce: Sequence[Reducer],
    keep_buses: Sequence[str] = (),
    keep_branches: Sequence[str] = (),
) -> FlowSummary: ...


def power_flow(
    network: Network,
    load_kw: xr.DataArray | None = None,
    load_kvar: xr.DataArray | None = None,
    *,
    load_model: LoadModel | None = None,
    tolerance_pu: float = 1e-8,
    threads: int | None = None,
    reduce: Sequence[Reducer] | None = None,
    keep_buses: Sequence[str] = (),
    keep_branches: Sequence[str] = (),
) -> PowerFlow | FlowSummary:
    """Solve the network for every step of the loads.

    Parameters
    ----------
    network
        The network; the loads of its own table are drawn in every step, besides those given here.
    load_kw, load_kvar
        Dims (time, bus) or (scenario, time, bus), consumption positive; every bus of the network must have its label.
        Without `load_kvar` the given loads draw no reactive power; without both there is one step.
    load_model
        Voltage dependence of the given loads; constant power when absent.
    tolerance_pu
        Largest error of a voltage magnitude left when the sweep stops.
    threads
        Threads to use; all cores when absent. The result is the same bit for bit.
    reduce
        Statistics to gather instead of whole series: the loads (time, bus) are then read and solved block by block, and
        nothing of full size is ever in memory. Arrays backed by files (dask, zarr) stay there.
    keep_buses, keep_branches
        Ids whose series a reduced power flow keeps nevertheless.

    Raises
    ------
    InvalidInput
        With every problem of the network and of the loads' labels. A step that cannot be solved raises nothing: see
        `PowerFlow.status` and `PowerFlow.reason`.
    """
    if reduce is None:
        return solve_steps(network, read_loads(network, load_kw, load_kvar), load_model, tolerance_pu, threads)
    if load_kw is None:
        raise InvalidInput([Problem("load_kw", 0, "", "nothing to reduce without loads", "give load_kw")])
    return stream(
        network,
        blocks_of(load_kw, load_kvar, network),
        reduce=reduce,
        keep_buses=keep_buses,
        keep_branches=keep_branches,
        load_model=load_model,
        tolerance_pu=tolerance_pu,
        threads=threads,
    )
