"""What a table of plain text may hold: its columns, their kinds, bounds and meanings."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

MAX_TABLE_BYTES = 64 * 1024 * 1024
"""Largest file read as a table; a bigger one is refused before it is opened."""


class Kind(Enum):
    """What one cell holds, and how it arrives in memory."""

    TEXT = "text"  # str
    NUMBER = "number"  # float64, always finite
    INTEGER = "whole number"  # int64
    FLAG = "true or false"  # bool
    DATE = "date, YYYY-MM-DD"  # datetime64[ns] at midnight
    CHOICE = "one of a list"  # str


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name
        Heading in the file; ends in the unit where there is one.
    kind
        What a cell holds.
    meaning
        One sentence for the documentation and for the head of a template.
    unit
        Unit of a number, "" when it has none.
    lower, upper
        Closed bounds of a number, or None.
    required
        False when a cell may be left empty (NaN, "" or, for INTEGER, FLAG and DATE, a pandas missing value) and the
        whole column may be left out.
    choices
        The words a CHOICE may be.
    unique
        No two rows may hold the same value.
    refers_to
        "table.column" in which every value of this column must exist, or "".
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    lower: float | None = None
    upper: float | None = None
    required: bool = True
    choices: tuple[str, ...] = ()
    unique: bool = False
    refers_to: str = ""

    def __post_init__(self) -> None:
        if (self.kind is Kind.CHOICE) != bool(self.choices):
            raise ValueError(f"column {self.name}: choices belong to Kind.CHOICE, and it needs them")
        if (self.lower is not None or self.upper is not None) and self.kind not in {Kind.NUMBER, Kind.INTEGER}:
            raise ValueError(f"column {self.name}: bounds belong to numbers")


SOURCE = Column(
    "source", Kind.TEXT, "Key of the source of this row; every key is a heading of SOURCES.md (several: joined by +)."
)
ASSUMED = Column("assumed", Kind.FLAG, "true when the row is an assumption, false when the source states it as a fact.")


@dataclass(frozen=True)
class TableSchema:
    """One table: a CSV file of a city folder. Every table ends in the columns `source` and `assumed`.

    Attributes
    ----------
    name
        Name of the table in `CityFolder.tables`.
    columns
        Its own columns; `all_columns` adds `source` and `assumed`.
    key
        Columns that together name a row; no two rows may agree in all of them. Empty: rows have no name.
    meaning
        One sentence: what one row is.
    version
        Raised when a column changes its meaning; a file may state the version it was written for.
    required
        False when a city may leave the file out.
    located
        True when rows have `longitude` and `latitude` (degrees, WGS 84) that must lie inside the city, and inside
        the district named in `district` when there is such a column.
    filename
        Path inside the city folder; `<name>.csv` when empty.
    provenance
        False for files of other people's making, which have no `source` and `assumed` columns.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    meaning: str
    version: int = 1
    required: bool = True
    located: bool = False
    filename: str = ""
    provenance: bool = True

    def __post_init__(self) -> None:
        if not self.filename:
            object.__setattr__(self, "filename", f"{self.name}.csv")
        names = [column.name for column in self.all_columns]
        needed = [*self.key, *(("longitude", "latitude") if self.located else ())]
        if len(set(names)) != len(names) or not set(needed) <= set(names):
            raise ValueError(f"table {self.name}: column names repeat, or key or coordinates name no column")

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """The own columns and, at the end, `source` and `assumed`."""
        return (*self.columns, SOURCE, ASSUMED) if self.provenance else self.columns


@dataclass(frozen=True)
class Parameter:
    """One scalar of a city: a row of the table `parameters`, which holds name, value, unit, source and mark.

    Attributes
    ----------
    name
        Name of the row; ends in the unit.
    unit
        Must be repeated in the row, so that a reader of the file sees it.
    meaning
        One sentence for the documentation.
    lower, upper
        Closed bounds, or None.
    """

    name: str
    unit: str
    meaning: str
    lower: float | None = None
    upper: float | None = None
