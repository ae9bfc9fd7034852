"""A GTFS feed: read from a zip or a folder, checked as a whole, every problem listed with its file and row."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

import pandas as pd

from data.durable import sha256_of_bytes, sha256_of_file
from data.errors import ProblemList
from data.gtfs_checks import check_gtfs
from data.gtfs_rows import read_gtfs_table
from data.gtfs_tables import TABLES, WEEKDAYS
from data.safe_unzip import UnzipLimits, unzip

GTFS_LIMITS = UnzipLimits(total_bytes=2_000_000_000, files=200, ratio=200.0, ratio_from_bytes=1_000_000, depth=1)
"""What the zip of a feed may hold. Timetables are repetitive text: factors of 20 to 40 are common."""


@dataclass(frozen=True)
class GtfsFeed:
    """A checked feed.

    Attributes
    ----------
    name
        File or folder it was read from.
    zone
        Time zone of all its times.
    tables
        Tables by name, columns as in `data.gtfs_tables`; times in seconds since noon minus 12 hours, dates as
        `datetime.date`; index "row": line of the file. Optional tables may be absent.
    sha256
        Checksum of what was read.
    """

    name: str
    zone: ZoneInfo
    tables: Mapping[str, pd.DataFrame]
    sha256: str

    def services(self, day: date) -> frozenset[str]:
        """Return the services that run on a local date: the calendar, then its exceptions."""
        running: set[str] = set()
        if "calendar" in self.tables:
            calendar = self.tables["calendar"]
            runs = (calendar["start_date"] <= day) & (calendar["end_date"] >= day)
            runs &= calendar[WEEKDAYS[day.weekday()]] == 1
            running |= set(calendar["service_id"][runs])
        if "calendar_dates" in self.tables:
            dates = self.tables["calendar_dates"]
            today = dates[dates["date"] == day]
            running |= set(today["service_id"][today["exception_type"] == 1])
            running -= set(today["service_id"][today["exception_type"] == 2])
        return frozenset(running)

    @property
    def days(self) -> tuple[date, date]:
        """First and last date the calendars name."""
        named: list[date] = []
        for table, column in (("calendar", "start_date"), ("calendar", "end_date"), ("calendar_dates", "date")):
            if table in self.tables:
                named += list(self.tables[table][column])
        return min(named), max(named)


def read_gtfs(path: Path, limits: UnzipLimits = GTFS_LIMITS) -> GtfsFeed:
    """Read and check a feed.

    Parameters
    ----------
    path
        Zip file, or folder with the unpacked files. The files may lie in one folder inside the zip.
    limits
        What the zip may hold.

    Raises
    ------
    InvalidInput
        With every problem: an unsafe or damaged zip, missing tables and columns, wrong cells, broken references,
        trips without stops, times that run backward, unknown time zones.
    """
    problems = ProblemList()
    if path.is_dir():
        return _read(path, path.name, _folder_checksum(path), problems)
    if not path.is_file():
        problems.add(str(path), "there is no such file", "give the path of a GTFS zip or folder")
        problems.raise_if_any()
    scratch = Path(tempfile.mkdtemp(prefix="gtfs-"))
    try:
        unzip(path, scratch, limits)
        return _read(_top(scratch), path.name, sha256_of_file(path), problems)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _top(folder: Path) -> Path:
    """Return the folder that holds the tables: the top, or the only folder in it."""
    if any(folder.glob("*.txt")):
        return folder
    inner = [entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("__")]
    return inner[0] if len(inner) == 1 else folder


def _folder_checksum(folder: Path) -> str:
    files = sorted(folder.glob("*.txt"))
    return sha256_of_bytes("".join(f"{file.name} {sha256_of_file(file)}\n" for file in files).encode())


def _read(folder: Path, name: str, sha256: str, problems: ProblemList) -> GtfsFeed:
    tables: dict[str, pd.DataFrame] = {}
    for table in TABLES:
        path = folder / table.file
        if not path.is_file():
            if table.required:
                fix = "export the feed again with this table, or check that the zip is a GTFS feed"
                problems.add(table.file, f"the table is missing in {name}", fix)
            continue
        frame = read_gtfs_table(path, table, problems)
        if frame is not None:
            tables[table.name] = frame
    if not any((folder / file).is_file() for file in ("calendar.txt", "calendar_dates.txt")):
        fix = "add one of the two: without them no trip has a day"
        problems.add("calendar.txt", f"{name} has neither calendar.txt nor calendar_dates.txt", fix)
    problems.raise_if_any()  # references of half-read tables would only repeat what is wrong already
    check_gtfs(tables, problems)
    problems.raise_if_any()
    zone = ZoneInfo(str(tables["agency"]["agency_timezone"].iloc[0]))
    return GtfsFeed(name, zone, MappingProxyType(tables), sha256)
