"""Arithmetic of the matrices in a MATPOWER case file."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from grid.matpower_constants import LARGEST_MATRIX, Matrix
from grid.matpower_tokens import UnreadableCase

Value = Matrix | str | None
"""A matrix, a text, or None for a cell array, whose content is of no interest."""

RANKS = {
    **dict.fromkeys(("||", "|"), 1),
    **dict.fromkeys(("&&", "&"), 2),
    **dict.fromkeys(("==", "~=", "!=", "<", ">", "<=", ">="), 3),
    ":": 4,
    **dict.fromkeys(("+", "-"), 5),
    **dict.fromkeys(("*", "/", ".*", "./"), 6),
    **dict.fromkeys(("^", ".^"), 8),
}
SIGN_RANK = 7

_ARITHMETIC: dict[str, Callable[[Matrix, Matrix], Matrix]] = {
    "+": np.add,
    "-": np.subtract,
    ".*": np.multiply,
    "./": np.divide,
    ".^": np.power,
    "==": np.equal,
    "~=": np.not_equal,
    "!=": np.not_equal,
    "<": np.less,
    ">": np.greater,
    "<=": np.less_equal,
    ">=": np.greater_equal,
    "|": np.logical_or,
    "||": np.logical_or,
    "&": np.logical_and,
    "&&": np.logical_and,
}


def numbers(value: Value, line: int) -> Matrix:
    """Return the value as a matrix, or say that it is none."""
    if isinstance(value, np.ndarray):
        return value
    raise UnreadableCase(line, "a text or cell array stands where a number is needed", "give a number or matrix")


def combined(left: Value, sign: str, right: Value, line: int) -> Matrix:
    """Return `left sign right`; products, quotients and powers need a number on one side or a dotted sign."""
    a, b = numbers(left, line), numbers(right, line)
    if sign in {"*", "/", "^"}:
        if (a.size > 1 and b.size > 1) or (sign == "^" and a.size > 1) or (sign == "/" and b.size > 1):
            raise UnreadableCase(line, f"'{sign}' of two matrices is not supported", f"use '.{sign}' entry by entry")
        sign = "." + sign
    try:
        with np.errstate(all="ignore"):  # what is not finite is refused where it is used
            return np.asarray(_ARITHMETIC[sign](a, b), dtype=float)
    except ValueError as error:
        what = f"'{sign}' of matrices of {a.shape} and {b.shape}"
        raise UnreadableCase(line, what, "give them equal sizes") from error


def stretched(first: Matrix, second: Matrix, third: Matrix | None, line: int) -> Matrix:
    """Return the range `first : second`, or `first : step : last` when there are three."""
    ends = [part.item() if part.size == 1 else np.nan for part in (first, second, third) if part is not None]
    start, step, stop = ends if third is not None else (ends[0], 1.0, ends[1])
    count = np.floor((stop - start) / step + 1e-9) + 1 if step and np.isfinite([start, step, stop]).all() else np.nan
    if not count <= LARGEST_MATRIX:
        raise UnreadableCase(line, f"a range of {count:g} numbers", "give a finite range of numbers")
    return np.asarray(start + step * np.arange(max(0, int(count))))[None, :]


def joined(rows: list[list[Matrix]], line: int) -> Matrix:
    """Put the entries of a matrix literal together, row by row."""
    if not rows:
        return np.zeros((0, 0))
    if all(entry.size == 1 for row in rows for entry in row):
        widths = {len(row) for row in rows}
        if len(widths) > 1:
            narrow = next(k for k, row in enumerate(rows, 1) if len(row) != len(rows[0]))
            what = f"row {narrow} of the matrix has {len(rows[narrow - 1])} entries where the first has {len(rows[0])}"
            raise UnreadableCase(line, what, "complete the row")
        return np.array([[entry.item() for entry in row] for row in rows])
    try:
        return np.vstack([np.hstack(row) for row in rows])
    except ValueError as error:
        raise UnreadableCase(line, "the parts of the matrix do not fit together", "check their sizes") from error
