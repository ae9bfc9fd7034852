"""Day types: KEPCO's calendar, exceptions, other countries."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from data.calendar import Calendar, DayType

KOREA = Calendar("KR")


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-06-01", DayType.WORKDAY),
        ("2026-06-06", DayType.HOLIDAY),  # Memorial Day, a Saturday
        ("2026-06-13", DayType.SATURDAY),
        ("2026-06-14", DayType.HOLIDAY),  # Sunday
        ("2026-02-17", DayType.HOLIDAY),  # lunar New Year
        ("2026-03-02", DayType.HOLIDAY),  # substitute day
        ("2026-06-03", DayType.HOLIDAY),  # local elections
        ("2026-05-01", DayType.HOLIDAY),  # a public holiday since 2026
        ("2025-05-01", DayType.WORKDAY),
        ("2026-07-17", DayType.HOLIDAY),
        ("2025-07-17", DayType.WORKDAY),
        ("2023-10-02", DayType.WORKDAY),  # declared once
        ("2025-01-27", DayType.WORKDAY),  # declared once
        ("2025-01-28", DayType.HOLIDAY),
        ("2025-05-05", DayType.HOLIDAY),  # two holidays on one day
        ("2025-05-06", DayType.HOLIDAY),  # two substitutes on one day
    ],
)
def test_korean_day(day: str, expected: DayType) -> None:
    assert KOREA.day_type(date.fromisoformat(day)) is expected


def test_exceptions_take_away_and_add() -> None:
    day, workday = date(2024, 10, 1), date(2024, 10, 2)
    assert KOREA.day_type(day) is DayType.HOLIDAY
    mine = Calendar("KR", excluded=frozenset({day}), added=frozenset({workday}))
    assert mine.day_type(day) is DayType.WORKDAY
    assert mine.day_type(workday) is DayType.HOLIDAY
    sunday = date(2024, 10, 6)
    assert Calendar("KR", excluded=frozenset({sunday})).day_type(sunday) is DayType.HOLIDAY


def test_many_days_agree_with_one_by_one() -> None:
    start = date(2022, 1, 1)
    days = [start + timedelta(days=i) for i in range(5 * 366)]
    stamps = np.array(days, dtype="datetime64[h]") + np.timedelta64(13, "h")
    assert KOREA.day_types(stamps).tolist() == [KOREA.day_type(day) for day in days]
    assert KOREA.day_types(stamps.reshape(5, 366)).shape == (5, 366)


def test_weeks_have_one_sunday_and_at_most_one_saturday() -> None:
    days = np.arange("2023-01-02", "2027-01-04", dtype="datetime64[D]")
    types = KOREA.day_types(days)[: len(days) // 7 * 7].reshape(-1, 7)
    assert (types[:, 6] == DayType.HOLIDAY).all()
    assert ((types == DayType.SATURDAY).sum(axis=1) <= 1).all()
    assert not (types[:, :5] == DayType.SATURDAY).any()
    assert 13 <= (types[:, :5] == DayType.HOLIDAY).sum() / 4 <= 19  # public holidays on weekdays, a year


def test_other_countries_have_their_own() -> None:
    assert Calendar("DE").day_type(date(2026, 10, 3)) is DayType.HOLIDAY
    assert Calendar("US").day_type(date(2026, 7, 3)) is DayType.HOLIDAY
    assert Calendar("DE").day_type(date(2026, 7, 3)) is DayType.WORKDAY


def test_unknown_country_and_missing_day_are_refused() -> None:
    with pytest.raises(ValueError, match="XX"):
        Calendar("XX")
    with pytest.raises(ValueError, match="NaT"):
        KOREA.day_types(np.array(["NaT"], dtype="datetime64[D]"))
