"""What the pages about the grid know of a run: its overview, names and clock, and which step is now."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from twin.report_numbers import Lang, day
from twin.summary_grid_types import GridOverview, LimitKind, PlanIndex
from twin.summary_types import Summary

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MINUTES_PER_HOUR = 60


@dataclass(frozen=True, eq=False)
class GridFacts:
    """The grid of a run as pages read it.

    Attributes
    ----------
    summary, overview
        What was made when the run was published.
    outlines
        GeoJSON of the districts by code as id; None when the run keeps none.
    """

    summary: Summary
    overview: GridOverview
    outlines: Mapping[str, Any] | None

    @property
    def clock(self) -> tuple[str, ...]:
        """Local start of every step."""
        return self.summary.run.clock

    @property
    def start(self) -> datetime:
        """Local start of the day."""
        run = self.summary.run
        date = datetime.fromisoformat(run.service_date).replace(tzinfo=ZoneInfo(run.timezone))
        return date.replace(hour=int(run.clock[0][:2]), minute=int(run.clock[0][3:]))

    @property
    def end(self) -> datetime:
        """Local end of the day."""
        return self.start + timedelta(hours=len(self.clock) * self.summary.run.step_h)

    def step_at(self, now_utc: datetime) -> int:
        """Return the step of a moment: negative before the day, `len(clock)` or more after it."""
        seconds = (now_utc - self.start).total_seconds()
        return math.floor(seconds / (self.summary.run.step_h * 3600.0))

    def span(self, lang: Lang) -> str:
        """Return the day in words: "Tue 24 Nov 2026, 04:00–04:00 KST"."""
        hours = f"{self.clock[0]}–{self.end:%H:%M}"
        return f"{day(self.summary.run.service_date, lang)} {hours} KST"

    def at(self, step: int) -> str:
        """Return the local start of a step with its zone."""
        return f"{self.clock[step]} KST"

    def district_name(self, code: str, lang: Lang) -> str:
        """Return the name of a district, planned or not; its code when nobody knows it."""
        key = "name_ko" if lang is Lang.KOREAN else "name_en"
        for feature in self.outlines["features"] if self.outlines else ():
            if feature["id"] == code:
                return str(feature["properties"][key])
        for district in self.summary.districts:
            if district.code == code:
                return district.name_local if lang is Lang.KOREAN else district.name_en
        return code

    @property
    def missing(self) -> tuple[str, ...]:
        """Codes of districts that are on the map but not in the run."""
        planned = {district.code for district in self.summary.districts}
        features = self.outlines["features"] if self.outlines else ()
        return tuple(str(feature["id"]) for feature in features if feature["id"] not in planned)

    def feeder_number(self, feeder: str) -> int:
        """Return the position of a feeder, -1 when the run has none of that name."""
        found = np.flatnonzero(self.overview.feeders.id == feeder)
        return int(found[0]) if len(found) else -1


@dataclass(frozen=True)
class Standing:
    """How one element stands to its limit: a row of `LimitTable` in plain values.

    `feeder` and `district` are empty for a bank without feeders; `first`, `last` are -1 when it keeps its limit.
    """

    kind: LimitKind
    element: str
    feeder: str
    substation: str
    district: str
    step: int
    value: float
    limit: float
    use: float
    severity_h: float
    minutes: float
    first: int
    last: int

    @property
    def outside(self) -> bool:
        """Whether it is outside its limit at any time."""
        return self.minutes > 0


def standings(overview: GridOverview, plan: PlanIndex) -> tuple[Standing, ...]:
    """Return how elements stand under a plan: outside first by severity × duration, then those nearest to a limit."""
    table = overview.limits
    rows = np.flatnonzero(table.plan == plan)
    order = rows[np.lexsort((-table.use[rows], -table.severity_h[rows]))]
    return tuple(_standing(overview, int(row)) for row in order)


def _standing(overview: GridOverview, row: int) -> Standing:
    table, feeders, stations = overview.limits, overview.feeders, overview.stations
    feeder, bank = int(table.feeder[row]), int(table.bank[row])
    station = int(stations.bank_substation[bank]) if bank >= 0 else -1
    district = feeders.district[feeder] if feeder >= 0 else stations.district[station] if station >= 0 else ""
    return Standing(
        kind=LimitKind(int(table.kind[row])),
        element=str(table.element[row]),
        feeder=str(feeders.id[feeder]) if feeder >= 0 else "",
        substation=str(stations.id[station]) if station >= 0 else "",
        district=str(district),
        step=int(table.step[row]),
        value=float(table.value[row]),
        limit=float(table.limit[row]),
        use=float(table.use[row]),
        severity_h=float(table.severity_h[row]),
        minutes=float(table.minutes[row]),
        first=int(table.first_step[row]),
        last=int(table.last_step[row]),
    )
