"""Names that a MATPOWER case file may use: the column numbers of its matrices, and plain functions of numbers.

Columns as in R. D. Zimmerman et al., MATPOWER User's Manual, appendix B.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[Any]
"""Every value of the language: two-dimensional, a scalar being (1, 1)."""


def _in_order(names: str, first: int = 1) -> dict[str, int]:
    return {name: first + k for k, name in enumerate(names.split())}


_BUS_TYPES = _in_order("PQ PV REF NONE")
_BUS = _in_order("BUS_I BUS_TYPE PD QD GS BS BUS_AREA VM VA BASE_KV ZONE VMAX VMIN LAM_P LAM_Q MU_VMAX MU_VMIN")
_BRANCH = _in_order("F_BUS T_BUS BR_R BR_X BR_B RATE_A RATE_B RATE_C TAP SHIFT BR_STATUS")
_GEN = _in_order("GEN_BUS PG QG QMAX QMIN VG MBASE GEN_STATUS PMAX PMIN")
_COST = {**_in_order("PW_LINEAR POLYNOMIAL"), **_in_order("MODEL STARTUP SHUTDOWN NCOST COST")}

CONSTANTS: Mapping[str, Mapping[str, int]] = {
    "idx_bus": {**_BUS_TYPES, **_BUS},
    "idx_brch": {
        **_BRANCH,
        **_in_order("PF QF PT QT MU_SF MU_ST", 14),
        **_in_order("ANGMIN ANGMAX", 12),
        **_in_order("MU_ANGMIN MU_ANGMAX", 20),
    },
    "idx_gen": {
        **_GEN,
        **_in_order("MU_PMAX MU_PMIN MU_QMAX MU_QMIN", 22),
        **_in_order("PC1 PC2 QC1MIN QC1MAX QC2MIN QC2MAX RAMP_AGC RAMP_10 RAMP_30 RAMP_Q APF", 11),
    },
    "idx_cost": _COST,
    "idx_dcline": {
        **_in_order("F_BUS T_BUS BR_STATUS PF PT QF QT VF VT PMIN PMAX QMINF QMAXF QMINT QMAXT LOSS0 LOSS1"),
        **_in_order("MU_PMIN MU_PMAX MU_QMINF MU_QMAXF MU_QMINT MU_QMAXT", 18),
    },
}
"""What each `idx_…` function returns, in its order."""

LARGEST_MATRIX = 5_000_000
"""Entries of the largest matrix a file may ask for."""


def scalar(value: float) -> Matrix:
    """Return a number as a (1, 1) matrix."""
    return np.array([[value]])


def _filled(value: float) -> Callable[..., Matrix]:
    def fill(rows: Matrix, columns: Matrix | None = None) -> Matrix:
        shape = (int(rows.item()), int((rows if columns is None else columns).item()))
        if min(shape) < 0 or shape[0] * shape[1] > LARGEST_MATRIX:
            raise ValueError(f"a matrix of {shape[0]} × {shape[1]} is too large")
        return np.full(shape, value)

    return fill


def _reduced(function: Callable[..., Matrix]) -> Callable[[Matrix], Matrix]:
    """Sum and the like: over all entries of a row, else over each column."""
    return lambda x: function(x, axis=1 if x.shape[0] == 1 else 0, keepdims=True)


def _find(x: Matrix) -> Matrix:
    places = np.flatnonzero(x.ravel(order="F")) + 1.0
    return places[None, :] if x.shape[0] == 1 else places[:, None]


def _size(x: Matrix, dimension: Matrix | None = None) -> Matrix:
    return np.array([x.shape], dtype=float) if dimension is None else scalar(x.shape[int(dimension.item()) - 1])


FUNCTIONS: Mapping[str, Callable[..., Matrix]] = {
    **{name: getattr(np, name) for name in ("sqrt", "sin", "cos", "tan", "exp", "abs", "floor", "ceil", "sign")},
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "log": np.log,
    "round": np.round,
    "deg2rad": np.deg2rad,
    "rad2deg": np.rad2deg,
    "real": np.real,
    "sum": _reduced(np.sum),
    "max": _reduced(np.max),
    "min": _reduced(np.min),
    "zeros": _filled(0.0),
    "ones": _filled(1.0),
    "find": _find,
    "size": _size,
    "length": lambda x: scalar(max(x.shape) if x.size else 0),
    "numel": lambda x: scalar(x.size),
    "isempty": lambda x: scalar(float(x.size == 0)),
    "any": lambda x: scalar(float(np.any(x))),
    "all": lambda x: scalar(float(np.all(x))),
}
"""Functions of numbers alone; nothing here reads, writes or runs anything."""

VALUES: Mapping[str, float] = {
    "pi": np.pi,
    "Inf": np.inf,
    "inf": np.inf,
    "NaN": np.nan,
    "nan": np.nan,
    "eps": float(np.finfo(float).eps),
    "true": 1.0,
    "false": 0.0,
    "nargout": 1.0,
    "nargin": 0.0,
}
