"""Cells of a GTFS table that are written in GTFS's own way: times that may pass 24:00, dates without dashes."""

from __future__ import annotations

import re
from datetime import date
from math import nan

from data.schema_cell import FIRST_YEAR, LAST_YEAR, BadCell, read_cell
from data.schema_types import Column

LATEST_H = 72
"""A service day whose times pass this hour is taken for a mistake."""

_TIME = re.compile(r"(\d{1,3}):([0-5]\d):([0-5]\d)")
_DATE = re.compile(r"\d{8}")


def plain_cell(column: Column, cell: str) -> object:
    """Value of an ordinary cell; an empty one that may be empty is "", NaN or -1 by the kind of its column."""
    value = read_cell(column, cell)
    return nan if value is None else value


def time_cell(column: Column, cell: str) -> float:
    """Seconds since noon minus 12 hours of the service day; "25:10:00" is ten past one in the next night.

    Raises
    ------
    BadCell
        Not of the form H:MM:SS, or beyond `LATEST_H`; empty where a time is required.
    """
    if not cell and not column.required:
        return nan
    match = _TIME.fullmatch(cell)
    if not match:
        raise BadCell(f"'{cell}' is not a time", "write it as HH:MM:SS; times after midnight count on as 24:10:00")
    hours, minutes, seconds = (int(part) for part in match.groups())
    if hours >= LATEST_H:
        raise BadCell(f"{cell} is {hours} hours into the service day", f"write a time before {LATEST_H}:00:00")
    return float(3600 * hours + 60 * minutes + seconds)


def date_cell(column: Column, cell: str) -> date:
    """Date of the form YYYYMMDD.

    Raises
    ------
    BadCell
        Anything else.
    """
    try:
        day = date.fromisoformat(f"{cell[:4]}-{cell[4:6]}-{cell[6:]}") if _DATE.fullmatch(cell) else None
    except ValueError:
        day = None
    if day is None or not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise BadCell(f"'{cell}' is not a date", f"write {column.name} as YYYYMMDD, years {FIRST_YEAR} to {LAST_YEAR}")
    return day
