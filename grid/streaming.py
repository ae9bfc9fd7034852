"""Power flow over more steps than memory holds: block by block, statistics and chosen series only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from data.errors import InvalidInput, Problem
from grid.elements import Floats, Ids, Ints
from grid.load_models import LoadModel
from grid.network import Network
from grid.powerflow_result import PowerFlow
from grid.reducers import Accumulator, Reducer
from grid.solving import solve
from grid.sweep_tables import LANES
from grid.workers import share_out

_BLOCK_VALUES = 1 << 23
"""Values of one array held at once (64 MB)."""
_PER_STEP = ("losses_kw", "slack_kw", "slack_kvar", "status", "iterations", "reason")


@dataclass(frozen=True)
class LoadBlocks:
    """Loads that are read when their turn comes.

    Attributes
    ----------
    times
        Label of each step.
    read
        Gives kW and kvar (steps of the slice, buses) in the order of the bus table; kvar may be None.
    """

    times: NDArray[np.generic]
    read: Callable[[slice], tuple[Floats, Floats | None]]


@dataclass(frozen=True)
class FlowSummary:
    """What is left of a streamed power flow.

    Attributes
    ----------
    statistics
        What the reducers found.
    v_pu, branch_a, loading
        Whole series of the buses and branches asked for.
    losses_kw, slack_kw, slack_kvar, status, iterations, reason
        As in `PowerFlow`, for every step.
    """

    statistics: xr.Dataset
    v_pu: xr.DataArray
    branch_a: xr.DataArray
    loading: xr.DataArray
    losses_kw: xr.DataArray
    slack_kw: xr.DataArray
    slack_kvar: xr.DataArray
    status: xr.DataArray
    iterations: xr.DataArray
    reason: xr.DataArray


def stream(
    network: Network,
    loads: LoadBlocks,
    *,
    reduce: Sequence[Reducer],
    keep_buses: Sequence[str] = (),
    keep_branches: Sequence[str] = (),
    load_model: LoadModel | None = None,
    tolerance_pu: float = 1e-8,
    threads: int | None = None,
) -> FlowSummary:
    """Solve block after block of steps, holding nothing of full size.

    Parameters
    ----------
    network, loads
        The network and its loads.
    reduce
        Statistics to gather (see `grid.reducers`).
    keep_buses, keep_branches
        Ids whose series are kept whole.
    load_model, tolerance_pu, threads
        As in :func:`grid.powerflow.power_flow`.

    Raises
    ------
    InvalidInput
        With every problem of the network and every unknown id.
    """
    buses = _positions(network.buses.id, keep_buses, "keep_buses")
    branches = _positions(network.branch_ids, keep_branches, "keep_branches")
    gathered = [reducer.start(network) for reducer in reduce]
    with_loading = len(branches) > 0 or any(reducer.reads_loading for reducer in reduce)
    kept = {"v_pu": _Series("pu", "bus", network.buses.id, buses)}
    kept["branch_a"] = _Series("A", "branch", network.branch_ids, branches)
    kept["loading"] = _Series("1", "branch", network.branch_ids, branches)
    parts: dict[str, list[xr.DataArray]] = {name: [] for name in _PER_STEP}
    for part in _blocks(network, len(loads.times)):
        p_kw, q_kvar = loads.read(part)
        flow = solve(
            network,
            p_kw,
            q_kvar,
            load_model=load_model,
            tolerance_pu=tolerance_pu,
            threads=threads,
            with_loading=with_loading,
        )
        _gather(flow, gathered, threads, with_loading=with_loading)
        for name, series in kept.items():
            series.take(flow, name)
        for name, arrays in parts.items():
            arrays.append(getattr(flow, name))
    found = {name: array for each in gathered for name, array in each.result().items()}
    return FlowSummary(
        xr.Dataset(found),
        **{name: series.joined(loads.times) for name, series in kept.items()},
        **{name: _join(arrays, loads.times) for name, arrays in parts.items()},
    )


class _Series:
    """Whole series of a few rows, taken block by block."""

    def __init__(self, unit: str, dim: str, ids: Ids, rows: Ints) -> None:
        self._unit, self._dim, self._ids, self._rows = unit, dim, ids[rows], rows
        self._blocks: list[Floats] = []

    def take(self, flow: PowerFlow, quantity: str) -> None:
        if len(self._rows):
            self._blocks.append(flow.memory(quantity)[self._rows])

    def joined(self, times: NDArray[np.generic]) -> xr.DataArray:
        values = np.concatenate(self._blocks, axis=1).T if self._blocks else np.empty((len(times), 0))
        coords = {"time": times, self._dim: self._ids}
        return xr.DataArray(values, coords, ("time", self._dim), attrs={"units": self._unit})


def _gather(flow: PowerFlow, gathered: list[Accumulator], threads: int | None, *, with_loading: bool) -> None:
    """Let every statistic look at the block, several at once: each has places of its own."""
    if with_loading:
        flow.memory("loading")  # made once, before several look at it

    def take(piece: Ints) -> None:
        for each in gathered[piece[0] : piece[1]]:
            each.take(flow)

    share_out(take, len(gathered), threads)


def _join(arrays: list[xr.DataArray], times: NDArray[np.generic]) -> xr.DataArray:
    return xr.concat(arrays, "time").assign_coords(time=times)


def _blocks(network: Network, steps: int) -> Iterator[slice]:
    if steps == 0:
        raise InvalidInput([Problem("loads", 0, "time", "there are no steps", "give at least one step")])
    size = max(LANES, _BLOCK_VALUES // max(1, len(network.buses)) // LANES * LANES)
    for first in range(0, steps, size):
        yield slice(first, min(first + size, steps))


def _positions(ids: Ids, wanted: Sequence[str], argument: str) -> Ints:
    place = {str(name): k for k, name in enumerate(ids)} if len(wanted) else {}
    unknown = [name for name in wanted if name not in place]
    if unknown:
        raise InvalidInput(
            Problem(argument, 0, "", f"no such id: {name}", "give ids of the network") for name in unknown
        )
    return np.array([place[name] for name in wanted], dtype=np.int64)


def blocks_of(load_kw: xr.DataArray, load_kvar: xr.DataArray | None, network: Network) -> LoadBlocks:
    """Read labelled loads (time, bus) slice by slice, so that arrays backed by files stay on disk."""
    ids = network.buses.id
    problems = [
        Problem(name, 0, "bus", "labels or dims differ from (time, bus) with the bus table's ids", "align the loads")
        for name, array in (("load_kw", load_kw), ("load_kvar", load_kvar))
        if array is not None and not _fits(array, ids)
    ]
    if problems:
        raise InvalidInput(problems)

    def read(part: slice) -> tuple[Floats, Floats | None]:
        kvar = None if load_kvar is None else load_kvar.isel(time=part).to_numpy()
        return load_kw.isel(time=part).to_numpy(), kvar

    times = load_kw["time"].to_numpy() if "time" in load_kw.coords else np.arange(load_kw.sizes["time"])
    return LoadBlocks(times, read)


def _fits(array: xr.DataArray, ids: Ids) -> bool:
    if array.dims != ("time", "bus") or "bus" not in array.coords:
        return False
    return array.sizes["bus"] == len(ids) and bool((array["bus"].to_numpy().astype(str) == ids.astype(str)).all())
