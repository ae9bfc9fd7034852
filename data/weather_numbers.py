"""Columns of text as finite numbers, with every cell listed that is none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from data.errors import ProblemList
    from data.solar_position import Floats

MAX_LISTED = 5


def column_numbers(
    file: str, field: str, cells: Sequence[str], first_row: int, problems: ProblemList, *, missing: float = math.nan
) -> Floats:
    """Return the cells as numbers, NaN where a problem was noted: text, empty, NaN, ±inf or the mark `missing`."""
    try:
        values = np.array(cells, dtype=float)
    except ValueError:
        values = np.array([_number(cell) for cell in cells])
    bad = np.flatnonzero(~np.isfinite(values) | (values == missing))
    for index in bad[:MAX_LISTED]:
        what = (
            f"{cells[index]!r} is not a finite number" if values[index] != missing else f"{cells[index]} means missing"
        )
        problems.add(file, what, "Fill the gap", row=first_row + int(index), field=field)
    if len(bad) > MAX_LISTED:
        problems.add(
            file, f"{len(bad) - MAX_LISTED} more values are missing or no numbers", "Fill the gaps", field=field
        )
    values[bad] = math.nan
    return values


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan
