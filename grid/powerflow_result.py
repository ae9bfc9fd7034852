"""What a batch power flow found: plain arrays inside, labelled arrays on demand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from grid.admittance import nodal_residual_kva
from grid.convergence import xi
from grid.elements import Flags, Floats, Ids
from grid.load_input import StepLoads
from grid.load_models import LoadModel
from grid.network import Network
from grid.radial import RadialModel
from grid.reasons import reasons
from grid.solution import Flows, Solution
from grid.status import Method

_RESIDUAL_BLOCK = 1 << 22
"""Complex values handled at once when the residual is evaluated."""


@dataclass(frozen=True, eq=False)
class PowerFlow:
    """A solved batch. Dims are those of the given loads: (time, …) or (scenario, time, …).

    Voltages, angles, currents and losses are NaN where a step failed, in the feeders that it failed in; 0 at buses
    without any path to a slack. Fields that were not needed for the solution itself are computed when first read.
    """

    network: Network
    model: RadialModel
    loads: StepLoads
    load_model: LoadModel | None
    solution: Solution
    """Plain memory, steps last: what an optimizer reads instead of labelled arrays."""

    @property
    def method(self) -> Method:
        """What solved the steps."""
        return self.solution.method

    @cached_property
    def v_pu(self) -> xr.DataArray:
        """Voltage magnitude (…, bus) in per unit of the bus base voltage."""
        return self._label(self.solution.voltages_pu, "bus", "pu")

    @cached_property
    def angle_deg(self) -> xr.DataArray:
        """Voltage angle (…, bus) in degrees, transformer shifts included."""
        return self._label(np.rad2deg(self._angles), "bus", "degree")

    @cached_property
    def branch_a(self) -> xr.DataArray:
        """Current entering at the `from` end (…, branch) in A."""
        return self._label(self.solution.currents_a, "branch", "A")

    @cached_property
    def branch_to_a(self) -> xr.DataArray:
        """Current entering at the `to` end (…, branch) in A; differs by charging and by the turns ratio."""
        return self._label(self._to_currents, "branch", "A")

    @cached_property
    def branch_kw(self) -> xr.DataArray:
        """Active power entering at the `from` end (…, branch) in kW."""
        return self._label(self._flows.from_kw, "branch", "kW")

    @cached_property
    def branch_kvar(self) -> xr.DataArray:
        """Reactive power entering at the `from` end (…, branch) in kvar."""
        return self._label(self._flows.from_kvar, "branch", "kvar")

    @cached_property
    def branch_to_kw(self) -> xr.DataArray:
        """Active power entering at the `to` end (…, branch) in kW, so that both ends sum to the loss."""
        return self._label(self._flows.to_kw, "branch", "kW")

    @cached_property
    def branch_to_kvar(self) -> xr.DataArray:
        """Reactive power entering at the `to` end (…, branch) in kvar."""
        return self._label(self._flows.to_kvar, "branch", "kvar")

    @cached_property
    def loading(self) -> xr.DataArray:
        """Larger end current over the rated current (…, branch); 1 is fully loaded, 0 without a rating.

        A transformer's rated current is that of its rating at the base voltage of each end.
        """
        return self._label(self._loading, "branch", "1")

    @cached_property
    def losses_kw(self) -> xr.DataArray:
        """Losses of all branches (…,) in kW: series losses and shunt conductance."""
        return self._label(self.solution.sums.losses_kw, None, "kW")

    @cached_property
    def slack_kw(self) -> xr.DataArray:
        """Active power supplied by each slack (…, slack) in kW."""
        return self._label(self.solution.sums.slack_kw, "slack", "kW")

    @cached_property
    def slack_kvar(self) -> xr.DataArray:
        """Reactive power supplied by each slack (…, slack) in kvar."""
        return self._label(self.solution.sums.slack_kvar, "slack", "kvar")

    @cached_property
    def status(self) -> xr.DataArray:
        """`Status` of each step (…,) as its integer."""
        return self._label(self.solution.sums.status, None, "Status")

    @cached_property
    def iterations(self) -> xr.DataArray:
        """Passes each step took (…,): the most of any of its feeders."""
        return self._label(self.solution.sums.iterations, None, "1")

    @cached_property
    def reason(self) -> xr.DataArray:
        """Why a step failed, in words (…,); empty where it converged."""
        return self._label(
            reasons(self.network, self.model, self.loads, self.solution.voltages_pu, self.solution.sums.status),
            None,
            "",
        )

    @cached_property
    def xi(self) -> xr.DataArray:
        """Sufficient-condition number ξ of each step (…,): below 1/4 a solution exists and is unique nearby."""
        return self._label(xi(self.model, self.loads), None, "1")

    @cached_property
    def residual_kva(self) -> xr.DataArray:
        """Worst nodal power mismatch of each step (…,) in kVA, evaluated from the network's tables and the voltages."""
        v, steps = self.solution.voltages_pu, self.loads.steps
        worst = np.empty(steps)
        block = max(1, _RESIDUAL_BLOCK // max(1, len(v)))
        for first in range(0, steps, block):
            part = slice(first, min(first + block, steps))
            volts = (v[:, part] * np.exp(1j * self._angles[:, part])).T
            drawn = self.loads.drawn_kva(self.network, self.load_model, v[:, part], part)
            worst[part] = nodal_residual_kva(self.network, volts, drawn.T)
        return self._label(worst, None, "kVA")

    @property
    def energised(self) -> Flags:
        """Whether each bus (buses,) has a path to a slack."""
        return self.model.forest.live

    def memory(self, quantity: str) -> Floats:
        """Plain memory (buses or branches, steps) of `v_pu`, `branch_a` or `loading`."""
        if quantity == "loading":
            return self._loading
        return self.solution.voltages_pu if quantity == "v_pu" else self.solution.currents_a

    @cached_property
    def _loading(self) -> Floats:
        if self.solution.loadings.size:
            return self.solution.loadings
        ports = self.model.ports
        largest = self._to_currents / (ports.to_base_a * ports.rating_pu)[:, None]
        np.maximum(largest, self.solution.currents_a / (ports.from_base_a * ports.rating_pu)[:, None], out=largest)
        return largest

    @cached_property
    def _angles(self) -> Floats:
        return self.solution.angles_rad()

    @cached_property
    def _flows(self) -> Flows:
        return self.solution.flows()

    @cached_property
    def _to_currents(self) -> Floats:
        return self.solution.to_currents_a()

    def _label(self, array: NDArray[np.generic], dim: str | None, unit: str) -> xr.DataArray:
        """Attach dims and labels to memory whose last axis is the steps."""
        shape, dims = self.loads.shape, self.loads.dims
        coords: dict[str, NDArray[np.generic]] = dict(self.loads.coords)
        values = array.reshape(*array.shape[:-1], *shape)
        if dim is not None:
            values, dims = np.moveaxis(values, 0, -1), (*dims, dim)
            coords[dim] = self._ids(dim)
        return xr.DataArray(values, coords=coords, dims=dims, attrs={"units": unit})

    def _ids(self, dim: str) -> Ids:
        if dim == "bus":
            return self.network.buses.id
        return self.network.branch_ids if dim == "branch" else self.network.slacks.id
