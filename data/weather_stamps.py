"""Time stamps of a table as regular instants in UTC, with every stamp listed that is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from data.errors import ProblemList
    from data.solar_position import Times

MAX_LISTED = 5
STEPS_MIN = (15, 30, 60)


def regular_stamps(
    file: str, stamps: Sequence[str], first_row: int, problems: ProblemList, *, utc_offset_s: int | None = None
) -> Times | None:
    """Return the stamps in UTC as datetime64[ns], or None after noting what is wrong.

    Parameters
    ----------
    file
        How the user names the file.
    stamps
        ISO 8601, shape (T,). All with the same offset, or all without one when `utc_offset_s` is given.
    first_row
        Line of the first stamp.
    problems
        Takes what is wrong: text, no zone, mixed zones, stamps that stand twice, go back or leave a gap, part of a day.
    utc_offset_s
        Offset of stamps without one, s east of UTC.
    """
    before = len(problems)
    parsed = [_parse(stamp) for stamp in stamps]
    bad = [index for index, moment in enumerate(parsed) if moment is None]
    for index in bad[:MAX_LISTED]:
        fix = "Write times like 2024-08-05 14:00:00+09:00"
        problems.add(file, f"{stamps[index]!r} is not a time", fix, row=first_row + index, field="time")
    if len(bad) > MAX_LISTED:
        problems.add(file, f"{len(bad) - MAX_LISTED} more cells are not times", "Correct them", field="time")
    moments = [moment for moment in parsed if moment is not None]
    _check_zones(file, parsed, first_row, problems, has_default=utc_offset_s is not None)
    if len(problems) > before:
        return None
    shift = timedelta(seconds=utc_offset_s or 0)
    utc = [moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment - shift for moment in moments]
    times = np.array(utc, dtype="datetime64[ns]")
    _check_order(file, times, stamps, first_row, problems)
    return times if len(problems) == before else None


def _parse(stamp: str) -> datetime | None:
    try:
        return datetime.fromisoformat(stamp)
    except ValueError:
        return None


def _check_zones(
    file: str, parsed: Sequence[datetime | None], first_row: int, problems: ProblemList, *, has_default: bool
) -> None:
    zones = [moment.utcoffset() if moment else None for moment in parsed]
    found = Counter(zone for zone, moment in zip(zones, parsed, strict=True) if moment is not None)
    if len(found) > 1:
        usual = found.most_common(1)[0][0]
        odd = next(index for index, zone in enumerate(zones) if zone != usual and parsed[index] is not None)
        what = (
            f"the times are of {len(found)} different zones: {sum(found.values()) - found[usual]} differ from the rest"
        )
        problems.add(file, what, "Write all of them with one offset, like +09:00", row=first_row + odd, field="time")
    elif None in found and not has_default:
        fix = "Add the offset, like +09:00, or name the column time_utc"
        problems.add(file, "the times have no zone", fix, row=first_row, field="time")


def _check_order(file: str, times: Times, stamps: Sequence[str], first_row: int, problems: ProblemList) -> None:
    gaps_min = np.diff(times).astype("timedelta64[s]").astype(np.int64) / 60
    forward = gaps_min[gaps_min > 0]
    step_min = float(np.median(forward)) if len(forward) else 0.0
    if step_min not in STEPS_MIN:
        what = f"the usual step is {step_min:g} minutes"
        problems.add(file, what, f"Give steps of {', '.join(map(str, STEPS_MIN))} minutes", field="time")
        return
    wrong = np.flatnonzero(gaps_min != step_min)
    for index in wrong[:MAX_LISTED]:
        gap = gaps_min[index]
        how = (
            "stands twice" if gap == 0 else ("goes back in time" if gap < 0 else f"comes after a gap of {gap / 60:g} h")
        )
        fix = "Keep one row" if gap == 0 else ("Sort the rows by time" if gap < 0 else "Fill the gap")
        problems.add(file, f"{stamps[index + 1]} {how}", fix, row=first_row + 1 + int(index), field="time")
    if len(wrong) > MAX_LISTED:
        what = f"{len(wrong) - MAX_LISTED} more rows stand twice, go back or leave a gap"
        problems.add(file, what, "Give every step once and in order", field="time")
    steps_a_day = round(1440 / step_min)
    if not len(wrong) and len(times) % steps_a_day:
        what = f"it has {len(times):,} steps, which is not a whole number of days ({steps_a_day} steps each)"
        problems.add(file, what, "Give complete days: a row is missing at the beginning or the end", field="time")
