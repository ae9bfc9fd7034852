"""What an hour is to demand: its place in the local day, the type of that day, its season and its month."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.calendar import Calendar

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Times = NDArray[np.datetime64]

HOUR_NS = 3_600_000_000_000


class Season(StrEnum):
    """Seasons of the shape tables. Shapes pass from one to the next between the middles of neighbouring months."""

    WINTER = "winter"
    TRANSITION = "transition"
    SUMMER = "summer"


SEASON_OF_MONTH: tuple[Season, ...] = (
    *(Season.WINTER,) * 2,
    *(Season.TRANSITION,) * 3,
    *(Season.SUMMER,) * 3,
    *(Season.TRANSITION,) * 3,
    Season.WINTER,
)
"""Season that a month's middle belongs to, January first."""


@dataclass(frozen=True)
class LocalDays:
    """The city's days: which are holidays, and when they begin.

    Attributes
    ----------
    calendar
        Says which day is a working day.
    zone
        IANA name of the time zone; its offset from UTC must be whole hours.
    """

    calendar: Calendar
    zone: str


@dataclass(frozen=True)
class LocalHours:
    """Whole local hours that a row of times touches, and how each time lies between the middles of two of them.

    Attributes
    ----------
    hour
        Hour of the local day, 0 … 23, shape (H,).
    day_type
        `DayType` of the local day, shape (H,).
    season_weight
        Weight of each `Season`, rows sum to 1, shape (H, 3).
    month_weight
        Weight of each month of the year, rows sum to 1, shape (H, 12).
    before
        For each time the hour whose middle comes at or before the middle of its step, shape (T,).
    after_weight
        Weight of the hour after that one, shape (T,).
    """

    hour: Ints
    day_type: Ints
    season_weight: Floats
    month_weight: Floats
    before: Ints
    after_weight: Floats

    def at_times(self, hourly: Floats) -> Floats:
        """Values of the times from values of the hours (first axis), linear between the middles of hours."""
        weight = self.after_weight.reshape(-1, *(1,) * (hourly.ndim - 1))
        return (1.0 - weight) * hourly[self.before] + weight * hourly[self.before + 1]


def local_hours(times_utc: Times, step_h: float, days: LocalDays) -> LocalHours:
    """Find the local hours that the steps touch.

    Parameters
    ----------
    times_utc
        Starts of the steps, datetime64 in UTC, increasing, shape (T,).
    step_h
        Length of a step, h.
    days
        Holidays and time zone.

    Returns
    -------
    LocalHours
        One hour more than needed at the end, so that every time has a next hour.
    """
    middle_ns = times_utc.astype("datetime64[ns]").astype(np.int64) + round(step_h * HOUR_NS / 2)
    first_ns = (middle_ns.min() - HOUR_NS // 2) // HOUR_NS * HOUR_NS
    position_ns = middle_ns - HOUR_NS // 2 - first_ns
    before = position_ns // HOUR_NS
    starts = (first_ns + np.arange(before.max() + 2) * HOUR_NS).astype("datetime64[ns]")
    local = pd.DatetimeIndex(starts).tz_localize("UTC").tz_convert(days.zone)
    dates = local.tz_localize(None).to_numpy().astype("datetime64[D]")
    month_weight = _month_weight(dates)
    seasons = np.array([[season is one for one in Season] for season in SEASON_OF_MONTH], dtype=float)
    return LocalHours(
        hour=local.hour.to_numpy().astype(np.int64),
        day_type=days.calendar.day_types(dates).astype(np.int64),
        season_weight=month_weight @ seasons,
        month_weight=month_weight,
        before=before,
        after_weight=(position_ns - before * HOUR_NS) / HOUR_NS,
    )


def _month_weight(dates: Times) -> Floats:
    """Weights of the months at a date: 1 in the middle of a month, linear to the middles of its neighbours."""
    unique, back = np.unique(dates, return_inverse=True)
    month = unique.astype("datetime64[M]")
    length = (month + 1).astype("datetime64[D]") - month.astype("datetime64[D]")
    place = (unique - month.astype("datetime64[D]") + np.timedelta64(12, "h")) / length.astype("timedelta64[h]") - 0.5
    number = month.astype(np.int64) % 12
    neighbour = (number + np.sign(place).astype(np.int64)) % 12
    weight = np.zeros((len(unique), 12))
    rows = np.arange(len(unique))
    weight[rows, number] += 1.0 - np.abs(place)
    weight[rows, neighbour] += np.abs(place)
    return weight[back]
