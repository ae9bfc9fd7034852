"""From clock times as an operator writes them to UTC, with the days on which clocks change."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.errors import ProblemList, TwinError

Times = NDArray[np.datetime64]
Floats = NDArray[np.float64]

_STAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?([+-]\d\d:\d\d)?")
_TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")


@dataclass
class BadTime(TwinError):
    """What is wrong with a clock time and what to do about it."""

    what: str
    fix: str


def utc_of(text: str, zone: ZoneInfo) -> np.datetime64:
    """Return the UTC instant of a local time ``YYYY-MM-DDThh:mm``, or of one with its offset.

    Raises
    ------
    BadTime
        No time; a time the clocks of the zone skip; one they show twice, without an offset.
    """
    try:
        stamp = datetime.fromisoformat(text) if _STAMP.fullmatch(text) else None
    except ValueError:
        stamp = None
    if stamp is None or not 1900 <= stamp.year <= 2200:
        fix = "write local time as YYYY-MM-DDThh:mm; after midnight the date is that of the next day"
        raise BadTime(f"'{text}' is not a date and time of day", fix)
    if stamp.tzinfo is not None:
        return _naive_utc(stamp)
    early, late = (stamp.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if early.utcoffset() != late.utcoffset():
        if early.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != stamp:
            raise BadTime(f"the clocks of {zone.key} skip {text}", "write the time the clocks show after the change")
        shown = " or ".join(time.isoformat(timespec="minutes") for time in (early, late))
        raise BadTime(f"the clocks of {zone.key} show {text} twice", f"write it with its offset: {shown}")
    return _naive_utc(early)


def _naive_utc(stamp: datetime) -> np.datetime64:
    return np.datetime64(stamp.astimezone(UTC).replace(tzinfo=None), "ns")


def read_times(column: pd.Series, zone: ZoneInfo, file: str, problems: ProblemList) -> Times:
    """Return the (N,) UTC instants of a column of local times; NaT where one is wrong, which is noted."""
    times = np.full(len(column), np.datetime64("NaT", "ns"))
    for place, (row, text) in enumerate(column.items()):
        if not text:
            continue
        try:
            times[place] = utc_of(str(text), zone)
        except BadTime as bad:
            problems.add(file, bad.what, bad.fix, row=int(str(row)), field=str(column.name))
    return times


def local_labels(times_utc: Times, zone: ZoneInfo) -> tuple[str, ...]:
    """Return what a person calls each instant: "04:15" on the first day, "24 Nov 04:15" on later ones."""
    stamps = [local_time(time, zone) for time in times_utc]
    first = stamps[0].date() if stamps else None
    return tuple(
        stamp.strftime("%H:%M") if stamp.date() == first else f"{stamp.day} {stamp:%b %H:%M}" for stamp in stamps
    )


def local_time(time_utc: np.datetime64, zone: ZoneInfo) -> datetime:
    """Return the local time of a naive UTC instant, with its zone."""
    whole: datetime = pd.Timestamp(time_utc).tz_localize("UTC").to_pydatetime(warn=False)
    return whole.astimezone(zone)


def read_hours_of_day(frame: pd.DataFrame, file: str, problems: ProblemList) -> list[tuple[int, int]]:
    """Return the (from, to) minutes of the day of each row of the columns `from` and `to`; wrong ones are noted."""
    spans: list[tuple[int, int]] = []
    for row, begin, end in zip(frame.index, frame["from"], frame["to"], strict=True):
        bad = [text for text in (begin, end) if not _TIME_OF_DAY.fullmatch(text)]
        for text in bad:
            what, fix = f"'{text}' is not a time of day", "write hh:mm, as in 06:00"
            problems.add(file, what, fix, row=int(row), field="from" if text == begin else "to")
        if not bad and begin == end:
            problems.add(file, "the stretch has no length", "let it end after it begins", row=int(row), field="to")
        elif not bad:
            spans.append((_minutes(begin), _minutes(end)))
    return spans


def inside_hours(times_utc: Times, spans: Sequence[tuple[int, int]], zone: ZoneInfo) -> NDArray[np.bool_]:
    """Return the (T,) flags of instants whose local time of day lies in one of the stretches."""
    local = [local_time(time, zone) for time in times_utc]
    minutes = np.array([stamp.hour * 60 + stamp.minute for stamp in local])
    inside = np.zeros(len(minutes), dtype=bool)
    for begin, end in spans:
        held = (minutes >= begin) & (minutes < end) if begin < end else (minutes >= begin) | (minutes < end)
        inside |= held
    return inside


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def overlap_h(edges_utc: Times, begin_utc: Times, end_utc: Times) -> Floats:
    """Return the (N, T) hours that each of N stretches spends in each of the T steps between T+1 edges."""
    low = np.maximum(edges_utc[None, :-1], begin_utc[:, None])
    high = np.minimum(edges_utc[None, 1:], end_utc[:, None])
    hours: Floats = (high - low) / np.timedelta64(1, "h")
    return np.maximum(hours, 0.0)


def step_edges(start_utc: np.datetime64, hours: float, step_min: int) -> Times:
    """Return the (T+1,) edges of a horizon of equal steps."""
    count = round(hours * 60 / step_min)
    return start_utc + np.arange(count + 1) * np.timedelta64(timedelta(minutes=step_min))


def now_utc_text() -> str:
    """Return this moment in the form OCPP writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
