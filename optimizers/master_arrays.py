"""A linear model collected piece by piece as arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class ModelArrays:
    """Collects variables, rows and entries of a small linear model."""

    def __init__(self) -> None:
        self.cost: list[Floats] = []
        self.low: list[Floats] = []
        self.high: list[Floats] = []
        self.row_low: list[Floats] = []
        self.row_high: list[Floats] = []
        self.entries: list[tuple[Ints, Ints, Floats]] = []
        self.variables = 0
        self.rows = 0

    def add_variables(self, cost: Floats, low: Floats, high: Floats) -> Ints:
        """Append variables; return their numbers."""
        self.cost.append(cost)
        self.low.append(low)
        self.high.append(high)
        first, self.variables = self.variables, self.variables + len(cost)
        return np.arange(first, self.variables)

    def add_rows(self, low: Floats, high: Floats) -> Ints:
        """Append rows; return their numbers."""
        self.row_low.append(low)
        self.row_high.append(high)
        first, self.rows = self.rows, self.rows + len(low)
        return np.arange(first, self.rows)

    def put(self, rows: Ints, variables: Ints, values: Floats | float) -> None:
        """Add entries; equal places add up."""
        self.entries.append((rows, variables, np.broadcast_to(np.asarray(values, dtype=np.float64), rows.shape)))

    def matrix(self) -> sparse.csc_array:
        """Return all entries as a matrix of rows by variables."""
        rows, variables, values = (np.concatenate(part) for part in zip(*self.entries, strict=True))
        return sparse.csc_array((values, (rows, variables)), shape=(self.rows, self.variables))
