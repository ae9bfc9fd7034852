"""From the text of one cell to its value, or to what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import isfinite, nan
from unicodedata import category

import numpy as np

from data.errors import TwinError
from data.schema_types import Column, Kind

LARGEST = 2**53
"""Beyond this a whole number is no longer exact as a float."""

FIRST_YEAR, LAST_YEAR = 1900, 2200
"""Dates a table may hold; datetime64[ns] ends in 2262."""

_PLAIN = "write a plain number with a point and no thousands separators; leave a row without data out"


@dataclass
class BadCell(TwinError):
    """What is wrong with a cell and what to do about it."""

    what: str
    fix: str


def read_cell(column: Column, cell: str) -> object:
    """Value of a cell by the kind of its column, None for an empty cell of a column that may have gaps.

    Raises
    ------
    BadCell
        Empty where it must not be, not of the kind, out of bounds, NaN or infinite.
    """
    if not cell:
        if column.required:
            raise BadCell("the cell is empty", f"fill it: {column.meaning}")
        return "" if column.kind in {Kind.TEXT, Kind.CHOICE} else None
    match column.kind:
        case Kind.NUMBER | Kind.INTEGER:
            return _number(column, cell)
        case Kind.DATE:
            return _date(cell)
        case Kind.FLAG:
            return _one_of(("true", "false"), cell.lower()) == "true"  # spreadsheets write TRUE
        case Kind.CHOICE:
            return _one_of(column.choices, cell)
        case Kind.TEXT:
            return _printable(cell)


def _one_of(choices: tuple[str, ...], cell: str) -> str:
    if cell not in choices:
        raise BadCell(f"'{cell}' is not one of the words allowed here", "write one of: " + ", ".join(choices))
    return cell


def _printable(cell: str) -> str:
    if any(category(letter) in {"Cc", "Zl", "Zp"} for letter in cell):
        raise BadCell(f"{cell!r} holds a line break or a control character", "write it in one line of plain text")
    return cell


def _date(cell: str) -> np.datetime64:
    try:
        day = date.fromisoformat(cell)
    except ValueError:
        day = date.min
    if day.isoformat() != cell or not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise BadCell(f"'{cell}' is not a date", f"write it as YYYY-MM-DD, {FIRST_YEAR} to {LAST_YEAR}")
    return np.datetime64(day, "ns")


def _number(column: Column, cell: str) -> float:
    whole = column.kind is Kind.INTEGER
    try:
        value: float = int(cell) if whole else float(cell)
        usable = isfinite(value) and abs(value) <= LARGEST and "_" not in cell and cell.isascii()
    except (ValueError, OverflowError):
        value, usable = nan, False
    if not usable:
        raise BadCell(f"'{cell}' is not a {'whole' if whole else 'finite'} number", _PLAIN)
    unit = f" {column.unit}" if column.unit else ""
    if column.lower is not None and value < column.lower:
        raise BadCell(f"{cell}{unit} is below {column.lower:g}", f"write a value of at least {column.lower:g}{unit}")
    if column.upper is not None and value > column.upper:
        raise BadCell(f"{cell}{unit} is above {column.upper:g}", f"write a value of at most {column.upper:g}{unit}")
    return value
