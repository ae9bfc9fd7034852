"""Minutes during which limits of the grid are broken, by kind and district."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from data.errors import ProblemList
from twin.kpi_energy import sum_by_label

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ids = NDArray[np.str_]


class ViolationKind(StrEnum):
    """Which limit is broken."""

    UNDERVOLTAGE = "undervoltage"
    OVERVOLTAGE = "overvoltage"
    LINE_OVERLOAD = "line_overload"
    TRANSFORMER_OVERLOAD = "transformer_overload"


@dataclass(frozen=True, eq=False)
class Violations:
    """Broken limits of one kind.

    Attributes
    ----------
    kind
        The limit.
    element_minutes
        Minutes summed over elements, by district, min, shape (D,).
    minutes
        Minutes during which at least one element of the district breaks its limit, min, shape (D,).
    elements
        Number of elements that ever do, shape (D,).
    worst
        Largest excess over the limit, in the unit of the limit's comparison (pu), 0 when there is none.
    """

    kind: ViolationKind
    element_minutes: Floats
    minutes: Floats
    elements: NDArray[np.int64]
    worst: float


def voltage_violations(
    v_pu: Floats, v_min_pu: Floats, v_max_pu: Floats, step_h: float, district: Ids, districts: tuple[str, ...]
) -> tuple[Violations, Violations]:
    """Undervoltage and overvoltage of buses.

    Parameters
    ----------
    v_pu
        Voltage magnitudes, shape (T, n).
    v_min_pu, v_max_pu
        Limits of the buses, shape (n,).
    step_h
        Length of a step, h.
    district
        District of each bus, shape (n,).
    districts
        Districts of the result.

    Raises
    ------
    InvalidInput
        When a voltage is not finite (a step was not solved), or shapes and districts do not fit.
    """
    under = _violations(ViolationKind.UNDERVOLTAGE, v_min_pu - v_pu, step_h, district, districts)
    over = _violations(ViolationKind.OVERVOLTAGE, v_pu - v_max_pu, step_h, district, districts)
    return under, over


def overload_violations(
    kind: ViolationKind, loading_pu: Floats, step_h: float, district: Ids, districts: tuple[str, ...]
) -> Violations:
    """Overload of lines or transformers, whose loading relative to the rating is `loading_pu`, shape (T, n)."""
    return _violations(kind, loading_pu - 1.0, step_h, district, districts)


def _violations(
    kind: ViolationKind, excess_pu: Floats, step_h: float, district: Ids, districts: tuple[str, ...]
) -> Violations:
    if not np.isfinite(excess_pu).all():
        problems = ProblemList()
        what = f"{kind}: {int((~np.isfinite(excess_pu)).sum())} values are not finite"
        problems.add("indicators", what, "Leave out steps that were not solved and elements without a limit")
        problems.raise_if_any()
    broken = excess_pu > 0
    per_step = sum_by_label(broken.astype(float), district, districts)
    ever = sum_by_label(broken.any(axis=0).astype(float), district, districts)
    return Violations(
        kind=kind,
        element_minutes=per_step.sum(axis=0) * step_h * 60.0,
        minutes=(per_step > 0).sum(axis=0) * step_h * 60.0,
        elements=ever.astype(np.int64),
        worst=float(max(excess_pu.max(initial=0.0), 0.0)),
    )
