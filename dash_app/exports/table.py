"""A table as it is shown and exported: columns with units, rows of plain values, and where they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Cell = str | int | float | bool | None


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes
    ----------
    key
        Name in the CSV, English and stable, ending in its unit: `peak_kw`.
    heading
        What people read, in the language of the page.
    unit
        Shown behind the heading and in the spreadsheet's second row: `kW`, `%`, or empty.
    decimals
        Digits after the point on the screen; the export has them all.
    """

    key: str
    heading: str
    unit: str = ""
    decimals: int = 1


@dataclass(frozen=True)
class Table:
    """The full data behind a chart.

    Attributes
    ----------
    title
        What the table holds.
    columns, rows
        Rows hold one cell for every column; None is "no data".
    notes
        What a reader of the export must know (sign convention, assumptions); run id, zone and time are added.
    """

    title: str
    columns: tuple[Column, ...]
    rows: Sequence[tuple[Cell, ...]]
    notes: tuple[str, ...] = ()
