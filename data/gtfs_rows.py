"""From the text of one GTFS file to a table, with every wrong cell listed by its line."""

from __future__ import annotations

import csv
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from data.errors import ProblemList
from data.gtfs_tables import GtfsField, GtfsTable
from data.schema_cell import BadCell
from data.schema_types import Kind

MAX_LISTED = 20
"""Problems of one kind in one file that are listed one by one; the rest is counted."""


class Listed:
    """Lists the first problems of each kind in one file, and counts the rest."""

    def __init__(self, problems: ProblemList, file: str) -> None:
        self._problems, self._file = problems, file
        self._found: Counter[tuple[str, str]] = Counter()

    def add(self, what: str, fix: str, *, row: int, field: str) -> None:
        """Note one problem; problems with the same field and fix are of one kind."""
        self._found[field, fix] += 1
        if self._found[field, fix] <= MAX_LISTED:
            self._problems.add(self._file, what, fix, row=row, field=field)

    def close(self) -> None:
        """Say how many more of each kind there are."""
        for (field, fix), times in self._found.items():
            if times > MAX_LISTED:
                what = f"{times - MAX_LISTED:,} more rows are wrong in the same way"
                self._problems.add(self._file, what, fix, field=field)


def read_gtfs_table(path: Path, table: GtfsTable, problems: ProblemList) -> pd.DataFrame | None:
    """Read one file of an unpacked feed.

    Parameters
    ----------
    path
        The file: UTF-8, with or without byte-order mark, comma-separated, quoted where needed.
    table
        What it must hold. Other columns are passed over.
    problems
        Takes everything that is wrong.

    Returns
    -------
    pandas.DataFrame or None
        The columns of `table`, in its order; index "row": the line of the file. Absent optional columns are there,
        empty. None when the file could not be read; rows with a wrong cell hold its empty value.
    """
    listed = Listed(problems, table.file)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            read = _columns(csv.reader(stream, strict=True), table, listed, problems)
    except UnicodeDecodeError as error:
        fix = "save it as UTF-8 (in a shell: iconv -f CP949 -t UTF-8)"
        problems.add(table.file, f"the file is not UTF-8 (byte 0x{error.object[error.start]:02x})", fix)
        return None
    except csv.Error as error:
        problems.add(table.file, f"the table cannot be split into fields ({error})", "close the quotation mark")
        return None
    if read is None:
        return None
    cells, lines = read
    rows = np.frombuffer(lines, dtype=np.int64) if lines else np.zeros(0, dtype=np.int64)
    index = pd.Index(rows, name="row")
    frame = pd.DataFrame({field.name: _values(field, cells[field.name], rows, listed) for field in table.fields}, index)
    _check_key(frame, table, listed)
    listed.close()
    return frame


def _columns(
    reader: Iterator[list[str]], table: GtfsTable, listed: Listed, problems: ProblemList
) -> tuple[dict[str, list[str]], array[int]] | None:
    """Text of the wanted columns, and the line on which each row begins."""
    header = [cell.strip() for cell in next(reader, [])]
    if not any(header):
        problems.add(table.file, "the file is empty", "fill it, or export the feed again")
        return None
    if not _header_usable(header, table, problems):
        return None
    at = {field.name: header.index(field.name) for field in table.fields if field.name in header}
    cells: dict[str, list[str]] = {field.name: [] for field in table.fields}
    wanted = [(cells[name].append, place) for name, place in at.items()]
    shared: dict[str, str] = {}  # ids and times repeat: hold each text once
    lines: array[int] = array("q")
    width = len(header)
    line = 2
    for row in reader:
        here, line = line, reader.line_num + 1  # type: ignore[attr-defined]
        if len(row) == width:
            for append, place in wanted:
                text = row[place].strip()
                append(shared.setdefault(text, text))
            lines.append(here)
        elif row:
            what = f"the row has {len(row)} fields where the header has {width}"
            listed.add(what, "complete the row (a comma inside a text needs quotation marks)", row=here, field="")
    for field in table.fields:
        if field.name not in at:
            cells[field.name] = [""] * len(lines)
    return cells, lines


def _header_usable(header: list[str], table: GtfsTable, problems: ProblemList) -> bool:
    usable = True
    for field in table.fields:
        times = header.count(field.name)
        if times == 0 and field.column.required:
            problems.add(table.file, "the column is missing", f"add it: {field.column.meaning}", field=field.name)
        elif times > 1:
            problems.add(table.file, f"the column stands {times} times", "keep one of them", field=field.name)
        usable &= times == 1 or (times == 0 and not field.column.required)
    return usable


def _values(field: GtfsField, texts: list[str], rows: np.ndarray, listed: Listed) -> pd.Series:
    known: dict[str, object] = {}
    bad: dict[str, BadCell] = {}
    for text in dict.fromkeys(texts):
        try:
            known[text] = field.read(field.column, text)
        except BadCell as error:
            bad[text] = error
            known[text] = _empty(field)
    if bad:
        for place, text in enumerate(texts):
            if text in bad:
                listed.add(bad[text].what, bad[text].fix, row=int(rows[place]), field=field.name)
    values: Iterable[object] = (known[text] for text in texts)
    numeric = field.column.kind is not Kind.TEXT or isinstance(_empty(field), float)
    dtype = np.float64 if numeric else object
    return pd.Series(np.fromiter(values, dtype=dtype, count=len(texts)), index=pd.Index(rows, name="row"))


def _empty(field: GtfsField) -> object:
    """Return what stands for a cell that is empty or wrong: NaN in numbers and times, "" in texts, NaT in dates."""
    if field.column.kind is not Kind.TEXT:
        return float("nan")
    return {"time_cell": float("nan"), "date_cell": pd.NaT}.get(field.read.__name__, "")


def _check_key(frame: pd.DataFrame, table: GtfsTable, listed: Listed) -> None:
    if not table.key:
        return
    again = frame.index[frame.duplicated(list(table.key), keep="first")]
    for row in again[: MAX_LISTED + 1] if len(again) > 1000 else again:
        key = " ".join(str(part) for part in frame.loc[row, list(table.key)])
        listed.add(f"{key} stands in an earlier row already", "keep one of the rows", row=int(row), field=table.key[-1])
