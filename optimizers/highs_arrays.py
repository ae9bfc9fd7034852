"""Hot models as arrays: handed to HiGHS in one call, without a modelling layer in between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from data.errors import TwinError

Floats = NDArray[np.float64]


class SolverError(TwinError):
    """HiGHS ended without a solution that the caller could use."""


@dataclass(frozen=True, eq=False)
class ArrayModel:
    """Minimise ``cost · x`` over ``lower ≤ x ≤ upper``, ``row_lower ≤ rows x ≤ row_upper``, some x integer."""

    cost: Floats
    lower: Floats
    upper: Floats
    rows: sparse.csr_matrix
    row_lower: Floats
    row_upper: Floats
    integer: NDArray[np.bool_] | None = None


@dataclass(frozen=True, eq=False)
class ArraySolution:
    """Column values, row prices (zeros for a MIP) and the objective."""

    columns: Floats
    row_prices: Floats
    objective: float


def solve_arrays(model: ArrayModel, time_limit_s: float, *, interior_point: bool = False) -> ArraySolution:
    """Solve to optimality on one thread.

    Parameters
    ----------
    model
        The model.
    time_limit_s
        Wall time after which HiGHS stops; running into it is an error here.
    interior_point
        Use the interior-point method with crossover, faster for large transport-like models, instead of the simplex.

    Raises
    ------
    SolverError
        When HiGHS does not report optimality; the message holds its status.
    """
    highs: Any = highspy.Highs()
    highs.setOptionValue("output_flag", False)  # noqa: FBT003 — highspy takes it by position
    highs.setOptionValue("time_limit", float(time_limit_s))
    if model.integer is None:
        highs.setOptionValue("solver", "ipm" if interior_point else "simplex")
    highs.passModel(_highs_lp(model))
    highs.run()
    status = highs.getModelStatus()
    if status != highspy.HighsModelStatus.kOptimal:
        raise SolverError(f"HiGHS ended as {highs.modelStatusToString(status)}")
    solution = highs.getSolution()
    prices = np.array(solution.row_dual) if solution.dual_valid else np.zeros(model.rows.shape[0])
    return ArraySolution(np.array(solution.col_value), prices, float(highs.getInfo().objective_function_value))


def _highs_lp(model: ArrayModel) -> Any:
    rows = model.rows.tocsc()
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = rows.shape
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = model.cost, model.lower, model.upper
    lp.row_lower_, lp.row_upper_ = model.row_lower, model.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = rows.indptr
    lp.a_matrix_.index_ = rows.indices
    lp.a_matrix_.value_ = rows.data
    if model.integer is not None:
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[int(flag)] for flag in model.integer]
    return lp
