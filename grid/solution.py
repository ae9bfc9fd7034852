"""What every solver of a batch hands back: plain arrays, and functions for what is computed only on demand."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from grid.elements import Floats
from grid.status import Method


class Sums(NamedTuple):
    """Per step (last axis): slack power (slacks, steps), losses, `Status` codes and passes (steps,)."""

    slack_kw: Floats
    slack_kvar: Floats
    losses_kw: Floats
    status: NDArray[np.int8]
    iterations: NDArray[np.int16]


class Flows(NamedTuple):
    """Power entering both ends of each branch (branches, steps) in kW and kvar."""

    from_kw: Floats
    from_kvar: Floats
    to_kw: Floats
    to_kvar: Floats


class Solution(Protocol):
    """A solved batch as memory with the steps last."""

    @property
    def method(self) -> Method:
        """What solved it."""

    @property
    def voltages_pu(self) -> Floats:
        """|V| (buses, steps): 0 without supply, NaN where a step failed."""

    @property
    def currents_a(self) -> Floats:
        """Current at the `from` ends (branches, steps)."""

    @property
    def loadings(self) -> Floats:
        """Larger end current over the rated one (branches, steps), or of size 0 where it was not asked for."""

    @property
    def sums(self) -> Sums:
        """Sums and outcome of each step."""

    def angles_rad(self) -> Floats:
        """Angle of each voltage (buses, steps)."""

    def to_currents_a(self) -> Floats:
        """Return the current at the `to` ends (branches, steps)."""

    def flows(self) -> Flows:
        """Power at both ends."""
