"""Tables of plain text, read strictly: every wrong cell is listed with its place and its fix, nothing is guessed.

`Column` and `TableSchema` say what a table holds; `read_table` turns a file into a DataFrame or into a list of problems.
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from math import isfinite, nan
from pathlib import Path

import numpy as np
import pandas as pd

from data.errors import ProblemList
from data.schema_text import TextRows, read_text, split_rows
from data.schema_types import MAX_TABLE_BYTES, Column, Kind, Parameter, TableSchema

__all__ = ["MAX_TABLE_BYTES", "Column", "Kind", "Parameter", "TableSchema", "read_table"]

MAX_LISTED = 20
"""Problems of one kind in one column that are listed one by one; the rest is counted."""

LARGEST = 2**53
"""Beyond this a whole number is no longer exact as a float."""


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
    _check_header(rows.header, schema, file, problems)
    index = pd.Index(rows.lines, name="row", dtype="int64")
    columns: dict[str, pd.Series] = {}
    for column in schema.all_columns:
        if rows.header.count(column.name) == 1:
            at = rows.header.index(column.name)
            cells = [row[at] for row in rows.rows]
        elif not column.required:
            cells = [""] * len(rows.rows)
        else:
            continue
        columns[column.name] = _read_column(column, cells, rows, file, index, problems)
    if not rows.rows:
        problems.add(file, "the table has a header but no rows", "add at least one row")
    _check_key(columns, schema, file, problems)
    return pd.DataFrame(columns, index=index) if len(problems) == before else None


def _check_header(header: tuple[str, ...], schema: TableSchema, file: str, problems: ProblemList) -> None:
    known = {column.name: column for column in schema.all_columns}
    for name, times in Counter(header).items():
        if name not in known:
            fix = "remove it or correct its name; the columns are " + ", ".join(known)
            problems.add(file, f"the table has no column '{name}'", fix, field=name or "(no name)")
        elif times > 1:
            problems.add(file, f"the column stands {times} times in the header", "keep one of them", field=name)
    for name, column in known.items():
        if column.required and name not in header:
            fix = f"add it: {column.meaning}"
            problems.add(file, "the column is missing", fix, field=name)


def _read_column(
    column: Column, cells: list[str], rows: TextRows, file: str, index: pd.Index, problems: ProblemList
) -> pd.Series:
    values: list[object] = []
    found: Counter[str] = Counter()
    for cell, line in zip(cells, rows.lines, strict=True):
        value, what, fix = _read_cell(column, cell)
        values.append(value)
        if what:
            found[fix] += 1
            if found[fix] <= MAX_LISTED:
                problems.add(file, what, fix, row=line, field=column.name)
    for fix, times in found.items():
        if times > MAX_LISTED:
            problems.add(
                file, f"{times - MAX_LISTED:,} more cells of this column are wrong alike", fix, field=column.name
            )
    series = pd.Series(values, index=index, dtype=_dtype(column, values), name=column.name)
    if column.unique:
        _check_unique(series, (column.name,), file, problems)
    return series


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


def _read_cell(column: Column, cell: str) -> tuple[object, str, str]:
    """Value of one cell, and what is wrong with it and its fix ("" when nothing is)."""
    blank: object = "" if column.kind in {Kind.TEXT, Kind.CHOICE} else None
    if not cell:
        return (blank, "the cell is empty", f"fill it: {column.meaning}") if column.required else (blank, "", "")
    match column.kind:
        case Kind.TEXT:
            return cell, "", ""
        case Kind.CHOICE:
            ok = cell in column.choices
            return (cell, "", "") if ok else (blank, f"'{cell}' is not known", "write " + ", ".join(column.choices))
        case Kind.FLAG:
            ok = cell in {"true", "false"}
            return (cell == "true", "", "") if ok else (blank, f"'{cell}' is not a flag", "write true or false")
        case Kind.DATE:
            try:
                return np.datetime64(date.fromisoformat(cell), "ns"), "", ""
            except ValueError:
                return blank, f"'{cell}' is not a date", "write it as YYYY-MM-DD"
        case _:
            return _read_number(column, cell)


def _read_number(column: Column, cell: str) -> tuple[object, str, str]:
    whole = column.kind is Kind.INTEGER
    unit = f" {column.unit}" if column.unit else ""
    try:
        value: float = int(cell) if whole else float(cell)
        finite = isfinite(value)
    except (ValueError, OverflowError):
        value, finite = nan, False
    if "_" in cell or not finite or abs(value) > LARGEST:
        what = f"'{cell}' is not a {'whole ' if whole else 'finite '}number"
        return (
            None,
            what,
            "write a plain number with a point and no thousands separators; a row without data is left out",
        )
    if column.lower is not None and value < column.lower:
        return None, f"{cell}{unit} is below {column.lower:g}", f"write a value of at least {column.lower:g}{unit}"
    if column.upper is not None and value > column.upper:
        return None, f"{cell}{unit} is above {column.upper:g}", f"write a value of at most {column.upper:g}{unit}"
    return value, "", ""


def _check_key(columns: dict[str, pd.Series], schema: TableSchema, file: str, problems: ProblemList) -> None:
    if schema.key and all(name in columns for name in schema.key):
        _check_unique(pd.DataFrame({name: columns[name] for name in schema.key}), schema.key, file, problems)


def _check_unique(values: pd.DataFrame | pd.Series, names: tuple[str, ...], file: str, problems: ProblemList) -> None:
    frame = values.to_frame() if isinstance(values, pd.Series) else values
    filled = frame[~frame.isna().any(axis=1) & ~(frame == "").any(axis=1)]
    again = filled[filled.duplicated(keep="first")]
    first = {
        key: row
        for row, key in zip(reversed(filled.index), reversed(list(filled.itertuples(index=False))), strict=True)
    }
    for row, key in list(zip(again.index, again.itertuples(index=False), strict=True))[:MAX_LISTED]:
        what = f"{' '.join(str(part) for part in key)} stands already in row {first[key]}"
        problems.add(file, what, "keep one of the two rows", row=int(row), field=", ".join(names))
    if len(again) > MAX_LISTED:
        what = f"{len(again) - MAX_LISTED:,} more rows repeat an earlier one"
        problems.add(file, what, "keep one row of each", field=", ".join(names))
