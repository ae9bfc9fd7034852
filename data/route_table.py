"""The route table Korean cities publish: one row a route (and company), with terminals, hours, headways and buses.

Seoul's form (data.go.kr 15146088) has the headings 업체명, 노선번호, 유형, 기점명, 종점명, 인가대수, 배차간격, 거리,
운행시간, 최대배차, 최소배차, 첫차시간, 막차시간; English headings and other usual Korean ones are read as well. Further
columns are passed over.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from math import nan
from pathlib import Path

import pandas as pd

from data.errors import ProblemList
from data.gtfs_rows import read_gtfs_table
from data.gtfs_tables import GtfsField, GtfsTable
from data.schema_cell import BadCell
from data.schema_types import Column, Kind

MAX_BYTES = 50_000_000

_CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)(?::[0-5]\d)?|(\d{1,2})([0-5]\d)")


def clock_cell(column: Column, cell: str) -> float:
    """Local hour of a time of day, "04:10", "4:10:00" or "0410"; hours up to 28 count on after midnight.

    Raises
    ------
    BadCell
        Not a time of day.
    """
    if not cell and not column.required:
        return nan
    match = _CLOCK.fullmatch(cell)
    hour, minute = (match[1] or match[3], match[2] or match[4]) if match else ("99", "0")
    if int(hour) > 28:
        raise BadCell(f"'{cell}' is not a time of day", "write HH:MM, as in 04:10")
    return int(hour) + int(minute) / 60


@dataclass(frozen=True)
class _Heading:
    field: GtfsField
    names: tuple[str, ...]


def _text(name: str, meaning: str, *names: str, required: bool = False) -> _Heading:
    return _Heading(GtfsField(Column(name, Kind.TEXT, meaning, required=required)), names)


def _number(name: str, meaning: str, lower: float, upper: float, unit: str, *names: str) -> _Heading:
    column = Column(name, Kind.NUMBER, meaning, unit=unit, lower=lower, upper=upper, required=False)
    return _Heading(GtfsField(column), names)


def _clock(name: str, meaning: str, *names: str) -> _Heading:
    return _Heading(GtfsField(Column(name, Kind.TEXT, meaning, required=False), clock_cell), names)


HEADINGS = (
    _text("route", "Number of the route.", "노선번호", "노선명", "노선", required=True),
    _text("company", "Company that runs it.", "업체명", "회사명", "운수사"),
    _text("type", "Kind of route.", "유형", "노선유형"),
    _text("start", "First terminal, where buses begin.", "기점명", "기점", "start_ko", required=True),
    _text("end", "Last terminal, where buses turn.", "종점명", "종점", "end_ko", required=True),
    _number("authorised_buses", "Buses the route may use.", 0, 500, "", "인가대수", "운행대수"),
    _number("headway_min", "Time between departures.", 1, 1440, "min", "배차간격"),
    _number("headway_shortest_min", "The same at its shortest, in the rush hours.", 1, 1440, "min", "최소배차"),
    _number("headway_longest_min", "The same at its longest.", 1, 1440, "min", "최대배차"),
    _number("length_km", "Length.", 0.5, 500, "km", "거리", "노선거리", "노선연장"),
    _number("run_min", "Running time.", 5, 1000, "min", "운행시간"),
    _clock("first_h", "First departure.", "첫차시간", "첫차", "first"),
    _clock("last_h", "Last departure.", "막차시간", "막차", "last"),
)


def read_route_table(path: Path, problems: ProblemList) -> pd.DataFrame | None:
    """Read a route table.

    Parameters
    ----------
    path
        CSV file in UTF-8.
    problems
        Takes everything that is wrong: a file that is none, missing headings, wrong cells, a route twice for one
        company, hours that do not fit.

    Returns
    -------
    pandas.DataFrame or None
        The columns of `HEADINGS`, NaN or "" where the table has none; index "row": line of the file. `last_h` is after
        `first_h`: night routes count on after midnight. None when there was a problem.
    """
    before = len(problems)
    file = path.name
    if not path.is_file() or path.stat().st_size > MAX_BYTES:
        what = "the file is larger than any route table" if path.is_file() else "there is no such file"
        problems.add(file, what, "give the path of a route table as CSV")
        return None
    if path.read_bytes()[:4] == b"PK\x03\x04":
        problems.add(file, "this is a spreadsheet or a zip, not a CSV file", "save the sheet as 'CSV UTF-8'")
        return None
    table, headings = _table_of(path, file)
    frame = None if table is None else read_gtfs_table(path, table, problems)
    if table is None:
        problems.add(file, "the file is not UTF-8", "save it as UTF-8 (in a shell: iconv -f CP949 -t UTF-8)")
    if frame is None:
        return None
    frame = frame.rename(columns={found: name for name, found in headings.items()})
    _check(frame, file, problems)
    if len(problems) > before:
        return None
    return frame.assign(last_h=frame["last_h"] + 24 * (frame["last_h"] < frame["first_h"]))


def _table_of(path: Path, file: str) -> tuple[GtfsTable | None, dict[str, str]]:
    """Return the table with the headings this file uses, and heading by column; None for another encoding."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            header = {cell.strip() for cell in next(csv.reader(stream), [])}
    except UnicodeDecodeError:
        return None, {}
    used = {}
    for heading in HEADINGS:
        name = heading.field.name
        used[name] = next((known for known in (name, *heading.names) if known in header), name)
    fields = tuple(
        replace(heading.field, column=replace(heading.field.column, name=used[heading.field.name]))
        for heading in HEADINGS
    )
    return GtfsTable("routes", fields, key=(used["route"], used["company"]), file=file), used


def _check(frame: pd.DataFrame, file: str, problems: ProblemList) -> None:
    if frame.empty:
        problems.add(file, "the table has no rows", "add at least one route")
    for row in frame.index[frame["headway_longest_min"] < frame["headway_shortest_min"]]:
        what, fix = "the longest headway is below the shortest", "exchange them"
        problems.add(file, what, fix, row=int(row), field="headway_longest_min")
    for row in frame.index[frame["first_h"].isna() != frame["last_h"].isna()]:
        what, fix = "one of first and last departure is missing", "give both or none"
        problems.add(file, what, fix, row=int(row), field="first_h")
