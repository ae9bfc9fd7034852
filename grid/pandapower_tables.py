"""The tables of a pandapower network as plain columns, and strict reading of them.

Nothing here knows pandapower: the columns may come from a network in memory, from a JSON file read as plain data, or
from a converter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from data.errors import ProblemList
from grid.elements import Flags, Floats, Ids, Ints

Columns = Mapping[str, NDArray[np.object_]]

SHOWN = 20
"""Rows told one by one; more of the same kind are told as a count."""


@dataclass(frozen=True)
class PandapowerTables:
    """Columns by table and name; every table has a column `index`. A missing value is None."""

    source: str
    frequency_hz: float
    base_mva: float
    tables: Mapping[str, Columns] = field(default_factory=dict)

    def size(self, table: str) -> int:
        """Return the number of rows of a table, 0 when there is no such table."""
        return len(self.labels(table))

    def labels(self, table: str) -> list[object]:
        """Return the labels of the rows of a table, none when there is no such table."""
        return list(self.tables[table]["index"]) if table in self.tables else []


@dataclass(frozen=True)
class TableReader:
    """Typed columns of one table; what cannot be read is noted, and replaced by a harmless value."""

    tables: PandapowerTables
    name: str
    problems: ProblemList

    def __len__(self) -> int:
        return self.tables.size(self.name)

    @property
    def index(self) -> list[object]:
        """Labels of the rows."""
        return self.tables.labels(self.name)

    def column(self, column: str) -> list[object]:
        """Labels in a column that names rows of another table, None where there are none."""
        return [_label(value) for value in self._columns.get(column, [None] * len(self))]

    def has(self, column: str) -> bool:
        """Whether there is such a column."""
        return column in self._columns

    def ids(self, prefix: str) -> Ids:
        """Return the row labels as text behind the name of the element."""
        return np.array([f"{prefix} {label}" for label in self.index], dtype=str)

    def numbers(self, column: str, default: float | None = None) -> Floats:
        """Finite numbers; gaps become `default`, or a problem when there is none."""
        values = self.maybe_numbers(column)
        gaps = np.isnan(values)
        if default is not None:
            return np.where(gaps, default, values)
        if gaps.any() and not self.has(column):
            self.problems.add(self.file, "the column is missing", "add it", field=column)
        else:
            self.tell(gaps, column, "no number", "give a finite number")
        return np.where(gaps, 1.0, values)

    def maybe_numbers(self, column: str) -> Floats:
        """Numbers, NaN in gaps; text and infinity are problems."""
        raw = self._columns.get(column)
        if raw is None:
            return np.full(len(self), np.nan)
        try:
            values = np.array([np.nan if value is None else value for value in raw], dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            values = np.array([_number(value) for value in raw])
            wrong = np.isnan(values) & np.array([value is not None for value in raw])
            self.tell(wrong, column, "not a number", "give a finite number")
        self.tell(np.isinf(values), column, "infinite", "give a finite number")
        return np.where(np.isinf(values), 1.0, values)

    def flags(self, column: str, *, default: bool) -> Flags:
        """Truth values; gaps become `default`."""
        raw = self._columns.get(column)
        if raw is None:
            return np.full(len(self), default)
        known = {True: True, False: False, None: default}  # 1 and 0 are equal to them
        wrong = np.array([not isinstance(v, bool | np.bool_ | int | float | None) or v not in known for v in raw], bool)
        self.tell(wrong, column, "neither true nor false", "give true or false")
        return np.array([default if bad else known[v] for v, bad in zip(raw, wrong, strict=True)], dtype=bool)

    def texts(self, column: str) -> list[str]:
        """Text; gaps become ""."""
        raw = self._columns.get(column)
        return [""] * len(self) if raw is None else ["" if value is None else str(value) for value in raw]

    def positions(self, column: str, other: str) -> Ints:
        """Row of the table `other` that each value names; one that names none is a problem."""
        at = {label: k for k, label in enumerate(self.tables.labels(other))}
        found = np.array([at.get(label, -1) for label in self.column(column)], dtype=np.int64)
        self.tell(found < 0, column, f"names no row of the table {other}", f"give an index of {other}")
        return np.maximum(found, 0)

    def tell(self, bad: Flags, column: str, what: str, fix: str) -> None:
        """Note every bad row by its position and index, many of a kind as a count."""
        rows = np.flatnonzero(bad)
        for row in rows[:SHOWN]:
            shown = self._columns[column][row] if self.has(column) else None
            value = "" if shown is None else f" ({str(shown)[:40]})"
            what_here = f"index {self.index[row]}: {what}{value}"
            self.problems.add(self.file, what_here, fix, row=int(row) + 2, field=column)
        if len(rows) > SHOWN:
            self.problems.add(self.file, f"{len(rows) - SHOWN} more rows: {what}", fix, field=column)

    @property
    def file(self) -> str:
        """How problems name the table."""
        return f"{self.tables.source}: {self.name}"

    @property
    def _columns(self) -> Columns:
        return self.tables.tables.get(self.name, {})


def _number(value: object) -> float:
    if isinstance(value, bool | int | float | np.number):
        try:
            return float(value)
        except OverflowError:
            return np.inf
    return np.nan


def _label(value: object) -> object:
    """Make 3.0 the label 3, as pandas does when a column has gaps; an unhashable value names nothing."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, str | int | float) else None
