"""Times as people read them: Korea Standard Time, and how long ago."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from dash_app.words import Words

SEOUL = ZoneInfo("Asia/Seoul")
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400


def kst(at_utc: datetime) -> str:
    """Return date and time in Korea: `2026-11-22 05:40`."""
    return f"{at_utc.astimezone(SEOUL):%Y-%m-%d %H:%M}"


def age(at_utc: datetime, now_utc: datetime, words: Words) -> str:
    """Return how long ago something was, in words."""
    seconds = max(0.0, (now_utc - at_utc).total_seconds())
    if seconds < MINUTE_S:
        return words("age.now")
    if seconds < HOUR_S:
        return words("age.minutes", count=int(seconds // MINUTE_S))
    if seconds < 2 * DAY_S:
        return words("age.hours", count=int(seconds // HOUR_S))
    return words("age.days", count=int(seconds // DAY_S))
