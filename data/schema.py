"""Tables of plain text, read strictly: every wrong cell is listed with its place and its fix, nothing is guessed.

`Column` and `TableSchema` say what a table holds; `read_table` turns a file into a DataFrame or into problems.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from data.errors import ProblemList
from data.schema_cell import BadCell, read_cell
from data.schema_text import TextRows, read_text, split_rows
from data.schema_types import MAX_TABLE_BYTES, Column, Kind, Parameter, TableSchema

__all__ = ["MAX_TABLE_BYTES", "Column", "Kind", "Parameter", "TableSchema", "read_table"]

MAX_LISTED = 20
"""Problems of one kind in one column that are listed one by one; the rest is counted."""


def read_table(
    path: Path, schema: TableSchema, problems: ProblemList, *, file: str = "", max_bytes: int = MAX_TABLE_BYTES
) -> pd.DataFrame | None:
    """Read a CSV file as the table its schema describes.

    Parameters
    ----------
    path
        The file: UTF-8, comma-separated, comments (``#``) allowed above the header.
    schema
        What it must hold.
    problems
        Takes everything that is wrong; nothing is raised.
    file
        How problems name the file; its path when empty.
    max_bytes
        Larger files are refused unread.

    Returns
    -------
    pandas.DataFrame or None
        Columns in the schema's order with the types of `Kind`; the index, named "row", is the line in the file.
        None when at least one problem was found in this file.
    """
    file = file or str(path)
    before = len(problems)
    text = read_text(path, file, problems, max_bytes=max_bytes)
    rows = None if text is None else split_rows(text, schema, file, problems)
    if rows is None:
        return None
    reader = _TableReader(schema, rows, file, problems)
    reader.check_header()
    frame = reader.read_columns()
    reader.check_keys(frame)
    return frame if len(problems) == before else None


@dataclass(frozen=True)
class _TableReader:
    schema: TableSchema
    text: TextRows
    file: str
    problems: ProblemList

    def check_header(self) -> None:
        header = self.text.header
        known = {column.name: column for column in self.schema.all_columns}
        for name, times in Counter(header).items():
            if name not in known:
                fix = "remove it or correct its name; the columns are " + ", ".join(known)
                self.problems.add(self.file, f"the table has no column '{name}'", fix, field=name or "(no name)")
            elif times > 1:
                self.problems.add(self.file, f"the column stands {times} times", "keep one of them", field=name)
        for name, column in known.items():
            if column.required and name not in header:
                self.problems.add(self.file, "the column is missing", f"add it: {column.meaning}", field=name)
        if not self.text.rows:
            self.problems.add(self.file, "the table has a header but no rows", "add at least one row")

    def read_columns(self) -> pd.DataFrame:
        header, rows = self.text.header, self.text.rows
        index = pd.Index(self.text.lines, name="row", dtype="int64")
        read: dict[str, pd.Series] = {}
        for column in self.schema.all_columns:
            times = header.count(column.name)
            if times > 1 or (times == 0 and column.required):
                continue
            at = header.index(column.name) if times else -1
            values = self._read_cells(column, [row[at] if times else "" for row in rows])
            read[column.name] = pd.Series(values, index=index, dtype=_dtype(column, values), name=column.name)
        return pd.DataFrame(read, index=index)

    def _read_cells(self, column: Column, cells: list[str]) -> list[object]:
        values: list[object] = []
        found: Counter[str] = Counter()
        read: dict[str, object] = {}  # classes, dates and marks repeat: read each text once
        for cell, line in zip(cells, self.text.lines, strict=True):
            try:
                if cell not in read:
                    read[cell] = read_cell(column, cell)
                values.append(read[cell])
            except BadCell as bad:
                values.append(None)
                found[bad.fix] += 1
                if found[bad.fix] <= MAX_LISTED:
                    self.problems.add(self.file, bad.what, bad.fix, row=line, field=column.name)
        for fix, times in found.items():
            if times > MAX_LISTED:
                what = f"{times - MAX_LISTED:,} more cells of this column are wrong in the same way"
                self.problems.add(self.file, what, fix, field=column.name)
        return values

    def check_keys(self, frame: pd.DataFrame) -> None:
        alone = [(column.name,) for column in self.schema.columns if column.unique]
        for names in (self.schema.key, *alone):
            if names and set(names) <= set(frame.columns):
                self._check_unique(frame[list(names)])

    def _check_unique(self, frame: pd.DataFrame) -> None:
        filled = frame[~(frame.isna() | (frame == "")).any(axis=1)]
        keys = list(filled.itertuples(index=False, name=None))
        first: dict[tuple[object, ...], int] = {}
        again = 0
        names = ", ".join(frame.columns)
        for row, key in zip(filled.index, keys, strict=True):
            if first.setdefault(key, row) == row:
                continue
            again += 1
            if again <= MAX_LISTED:
                what = f"{' '.join(_shown(part) for part in key)} stands already in row {first[key]}"
                self.problems.add(self.file, what, "keep one of the two rows", row=int(row), field=names)
        if again > MAX_LISTED:
            what = f"{again - MAX_LISTED:,} more rows repeat an earlier one"
            self.problems.add(self.file, what, "keep one row of each", field=names)


def _shown(part: object) -> str:
    return part.date().isoformat() if isinstance(part, pd.Timestamp) else str(part)


def _dtype(column: Column, values: list[object]) -> str:
    gaps = any(value is None for value in values)
    return {
        Kind.TEXT: "object",
        Kind.CHOICE: "object",
        Kind.NUMBER: "float64",
        Kind.INTEGER: "Int64" if gaps else "int64",
        Kind.FLAG: "boolean" if gaps else "bool",
        Kind.DATE: "datetime64[ns]",
    }[column.kind]
