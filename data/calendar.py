"""Working days, Saturdays and holidays, as electricity tariffs and demand see them.

Public holidays come from the `holidays` package. KEPCO's tariff counts the days of the regulation on public holidays
(elections and substitute days included) and every Sunday, but not a holiday the government declares once
(임시공휴일): the package lists those too, so they are taken out again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from functools import lru_cache

import holidays
import numpy as np
from numpy.typing import NDArray

TEMPORARY_NAMES = {"KR": "임시공휴일"}
"""By country, the name (in its own language) of holidays declared once, which tariffs do not count."""


class DayType(IntEnum):
    """Kind of a day for tariffs and demand; Sundays are HOLIDAY."""

    WORKDAY = 0
    SATURDAY = 1
    HOLIDAY = 2


@dataclass(frozen=True)
class Calendar:
    """Public holidays of a country, with exceptions.

    Attributes
    ----------
    country
        ISO code, one of `known_countries()`.
    excluded
        Days the package lists that do not count, such as temporary holidays it does not name so.
    added
        Days that count although the package does not list them.
    """

    country: str
    excluded: frozenset[date] = frozenset()
    added: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if self.country not in known_countries():
            raise ValueError(f"no calendar of public holidays for country {self.country!r}")

    def day_type(self, day: date) -> DayType:
        """Type of one day: a Sunday, a counted public holiday or an added day is HOLIDAY."""
        listed = day in _public_holidays(self.country, day.year) and day not in self.excluded
        if day.weekday() == 6 or day in self.added or listed:
            return DayType.HOLIDAY
        return DayType.SATURDAY if day.weekday() == 5 else DayType.WORKDAY

    def day_types(self, days: NDArray[np.datetime64]) -> NDArray[np.int8]:
        """Types of many local days.

        Parameters
        ----------
        days
            datetime64 of any resolution and shape, local time; the time of day does not matter.

        Returns
        -------
        numpy.ndarray
            `DayType` values, the shape of `days`.
        """
        if np.isnat(days).any():
            raise ValueError("a day is missing (NaT)")
        whole = days.astype("datetime64[D]")
        unique, back = np.unique(whole, return_inverse=True)
        types = np.array([self.day_type(day) for day in unique.tolist()], dtype=np.int8)
        return types[back].reshape(whole.shape)


@lru_cache(maxsize=512)
def _public_holidays(country: str, year: int) -> frozenset[date]:
    temporary = TEMPORARY_NAMES.get(country)
    listed = holidays.country_holidays(country, years=year, language="ko" if country == "KR" else None)
    return frozenset(day for day in listed if temporary is None or listed.get_list(day) != [temporary])


@lru_cache(maxsize=1)
def known_countries() -> frozenset[str]:
    """ISO codes of the countries whose public holidays are known."""
    return frozenset(holidays.list_supported_countries())
