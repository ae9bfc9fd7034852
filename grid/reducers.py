"""Statistics over the steps of a power flow that is never held whole: each takes block after block of steps.

A reducer is frozen; `start` gives the accumulator that takes the blocks. All of them leave out steps that failed
(NaN); `FlowSummary.status` tells which.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import xarray as xr
from numba import njit

from grid.elements import Floats, Ints
from grid.network import Network
from grid.powerflow_result import PowerFlow

Quantity = Literal["v_pu", "branch_a", "loading"]
"""What a reducer looks at: voltage (bus), current at the `from` end or loading (branch)."""


class Accumulator(Protocol):
    """What a reducer has gathered so far."""

    def take(self, flow: PowerFlow) -> None:
        """Look at the next block of steps."""

    def result(self) -> dict[str, xr.DataArray]:
        """Named statistics of all blocks taken."""


class Reducer(Protocol):
    """A statistic to be gathered."""

    @property
    def reads_loading(self) -> bool:
        """Whether loadings are looked at."""

    def start(self, network: Network) -> Accumulator:
        """Begin with nothing taken."""


@dataclass(frozen=True)
class Extremes:
    """Least, largest and mean value over all steps (bus or branch): `{quantity}_min`, `_max`, `_mean`."""

    quantity: Quantity

    @property
    def reads_loading(self) -> bool:
        """Whether loadings are looked at."""
        return self.quantity == "loading"

    def start(self, network: Network) -> Accumulator:
        """Begin with nothing taken."""
        return _Extremes(self.quantity, network)


class _Extremes:
    def __init__(self, quantity: Quantity, network: Network) -> None:
        self._quantity, self._network = quantity, network
        size = _size(network, quantity)
        self._low, self._high = np.full(size, np.inf), np.full(size, -np.inf)
        self._sum, self._count = np.zeros(size), np.zeros(size, dtype=np.int64)

    def take(self, flow: PowerFlow) -> None:
        _extremes(flow.memory(self._quantity), self._low, self._high, self._sum, self._count)

    def result(self) -> dict[str, xr.DataArray]:
        some = self._count > 0
        mean = np.divide(self._sum, self._count, out=np.full(len(some), np.nan), where=some)
        values = {"min": np.where(some, self._low, np.nan), "max": np.where(some, self._high, np.nan), "mean": mean}
        return {f"{self._quantity}_{k}": _label(self._network, self._quantity, v) for k, v in values.items()}


@njit(cache=True, nogil=True)
def _extremes(block: Floats, low: Floats, high: Floats, total: Floats, count: Ints) -> None:
    for i in range(block.shape[0]):
        least, largest, summed, number = low[i], high[i], 0.0, 0
        for value in block[i]:
            if value == value:  # noqa: PLR0124 - not NaN
                least = min(least, value)
                largest = max(largest, value)
                summed += value
                number += 1
        low[i], high[i] = least, largest
        total[i] += summed
        count[i] += number


@dataclass(frozen=True)
class Quantiles:
    """Quantiles over all steps (quantile, bus or branch) as `{quantity}_quantile`, from a histogram of fixed bins.

    The error is at most one bin, (`high` − `low`) / `bins`; what lies outside counts in the outermost bins.
    """

    quantity: Quantity
    at: tuple[float, ...] = (0.05, 0.5, 0.95)
    low: float = 0.8
    high: float = 1.2
    bins: int = 800

    @property
    def reads_loading(self) -> bool:
        """Whether loadings are looked at."""
        return self.quantity == "loading"

    def start(self, network: Network) -> Accumulator:
        """Begin with nothing taken."""
        return _Quantiles(self, network)


class _Quantiles:
    def __init__(self, spec: Quantiles, network: Network) -> None:
        self._spec, self._network = spec, network
        self._counts = np.zeros((_size(network, spec.quantity), spec.bins), dtype=np.uint32)

    def take(self, flow: PowerFlow) -> None:
        _count_bins(flow.memory(self._spec.quantity), self._counts, self._spec.low, self._spec.high)

    def result(self) -> dict[str, xr.DataArray]:
        spec = self._spec
        values = np.empty((len(spec.at), len(self._counts)))
        _read_quantiles(self._counts, np.array(spec.at), spec.low, (spec.high - spec.low) / spec.bins, values)
        array = _label(self._network, spec.quantity, values, "quantile", np.array(spec.at))
        return {f"{spec.quantity}_quantile": array}


@njit(cache=True, nogil=True)
def _count_bins(block: Floats, counts: Ints, low: float, high: float) -> None:
    bins = counts.shape[1]
    scale = bins / (high - low)
    for i in range(block.shape[0]):
        for value in block[i]:
            if value == value:  # noqa: PLR0124 - not NaN
                place = (value - low) * scale
                counts[i, int(min(max(place, 0.0), bins - 1.0))] += 1


@njit(cache=True)
def _read_quantiles(counts: Ints, at: Floats, low: float, width: float, values: Floats) -> None:
    for i in range(counts.shape[0]):
        total = counts[i].sum()
        for k in range(at.size):
            rank, below, place = at[k] * total, 0, 0
            while place < counts.shape[1] - 1 and below + counts[i, place] < rank:
                below += counts[i, place]
                place += 1
            values[k, i] = low + (place + 0.5) * width if total else np.nan


@dataclass(frozen=True)
class Violations:
    """How often and how long limits are broken: voltages outside the bus limits, loadings beyond 1.

    `voltage_violation_h`, `overload_h` are the hours in violation (bus, branch), `…_longest_h` the longest unbroken
    stretch.
    """

    step_h: float

    @property
    def reads_loading(self) -> bool:
        """Whether loadings are looked at."""
        return True

    def start(self, network: Network) -> Accumulator:
        """Begin with nothing taken."""
        return _Violations(self.step_h, network)


class _Violations:
    def __init__(self, step_h: float, network: Network) -> None:
        self._step_h, self._network = step_h, network
        buses, branches = network.buses, _size(network, "loading")
        self._limits = {
            "voltage_violation": ("v_pu", buses.v_min_pu, buses.v_max_pu),
            "overload": ("loading", np.full(branches, -np.inf), np.ones(branches)),
        }
        self._runs = {name: np.zeros((3, len(low)), dtype=np.int64) for name, (_, low, _) in self._limits.items()}
        self._live = np.ones(len(buses), dtype=bool)

    def take(self, flow: PowerFlow) -> None:
        self._live = flow.energised
        for name, (quantity, low, high) in self._limits.items():
            _count_runs(flow.memory(quantity), low, high, self._runs[name])

    def result(self) -> dict[str, xr.DataArray]:
        found = {}
        for name, (quantity, _, _) in self._limits.items():
            total, _, longest = self._runs[name] * self._step_h
            if quantity == "v_pu":
                total, longest = np.where(self._live, total, 0.0), np.where(self._live, longest, 0.0)
            found[f"{name}_h"] = _label(self._network, quantity, total)  # type: ignore[arg-type]
            found[f"{name}_longest_h"] = _label(self._network, quantity, longest)  # type: ignore[arg-type]
        return found


@njit(cache=True, nogil=True)
def _count_runs(block: Floats, low: Floats, high: Floats, runs: Ints) -> None:
    """Total, running and longest number of steps outside the limits (3, rows)."""
    for i in range(block.shape[0]):
        for value in block[i]:
            if value < low[i] or value > high[i]:
                runs[0, i] += 1
                runs[1, i] += 1
                runs[2, i] = max(runs[2, i], runs[1, i])
            else:
                runs[1, i] = 0


@dataclass(frozen=True)
class EnergyLosses:
    """Energy lost in all branches (`losses_kwh`) and supplied by each slack (`slack_kwh`)."""

    step_h: float

    @property
    def reads_loading(self) -> bool:
        """Whether loadings are looked at."""
        return False

    def start(self, network: Network) -> Accumulator:
        """Begin with nothing taken."""
        return _EnergyLosses(self.step_h, network)


class _EnergyLosses:
    def __init__(self, step_h: float, network: Network) -> None:
        self._step_h, self._slacks = step_h, network.slacks.id
        self._lost, self._supplied = 0.0, np.zeros(len(network.slacks))

    def take(self, flow: PowerFlow) -> None:
        sums = flow.solution.sums
        self._lost += float(np.nansum(sums.losses_kw)) * self._step_h
        self._supplied += np.nansum(sums.slack_kw, axis=1) * self._step_h

    def result(self) -> dict[str, xr.DataArray]:
        supplied = xr.DataArray(self._supplied, dims="slack", coords={"slack": self._slacks}, attrs={"units": "kWh"})
        return {"losses_kwh": xr.DataArray(self._lost, attrs={"units": "kWh"}), "slack_kwh": supplied}


def _size(network: Network, quantity: Quantity) -> int:
    return len(network.buses) if quantity == "v_pu" else len(network.lines) + len(network.transformers)


def _label(
    network: Network, quantity: Quantity, values: Floats, lead: str | None = None, labels: Floats | None = None
) -> xr.DataArray:
    dim = "bus" if quantity == "v_pu" else "branch"
    coords = {dim: network.buses.id if dim == "bus" else network.branch_ids}
    if lead is None:
        return xr.DataArray(values, dims=dim, coords=coords)
    return xr.DataArray(values, dims=(lead, dim), coords={lead: labels, **coords})
