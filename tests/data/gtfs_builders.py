"""Small GTFS feeds made in code: two routes, four stops, weekdays and Saturdays, one night trip."""

from __future__ import annotations

import zipfile
from pathlib import Path

CALENDAR = "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"

TABLES = {
    "agency": "agency_id,agency_name,agency_timezone\nA,Metro,Asia/Seoul\n",
    "stops": (
        "stop_id,stop_name,stop_lat,stop_lon\n"
        "s1,종로,37.50,127.00\n"
        "s2,중간,37.55,127.00\n"
        "s3,끝,37.60,127.00\n"
        "s4,전철,37.60,127.10\n"
    ),
    "routes": "route_id,route_short_name,route_type\nr1,100,3\nr2,2호선,1\nr3,,700\n",
    "trips": (
        "route_id,service_id,trip_id,shape_id\n"
        "r1,week,out1,\n"
        "r1,week,back1,\n"
        "r1,week,night,\n"
        "r1,sat,satout,\n"
        "r2,week,metro,\n"
        "r3,week,express,\n"
    ),
    "stop_times": (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        "out1,05:00:00,05:00:00,s1,1\n"
        "out1,,,s2,2\n"
        "out1,05:40:00,05:40:00,s3,3\n"
        "back1,06:00:00,06:00:00,s3,1\n"
        "back1,06:40:00,06:40:00,s1,9\n"
        "night,24:50:00,24:50:00,s1,1\n"
        "night,25:30:00,25:30:00,s3,2\n"
        "satout,9:00:00,9:00:00,s1,1\n"
        "satout,9:45:00,9:45:00,s3,2\n"
        "metro,05:00:00,05:00:00,s1,1\n"
        "metro,05:10:00,05:10:00,s4,2\n"
        "express,07:00:00,07:00:00,s1,1\n"
        "express,07:20:00,07:20:00,s3,2\n"
    ),
    "calendar": CALENDAR + "week,1,1,1,1,1,0,0,20260601,20261231\nsat,0,0,0,0,0,1,0,20260601,20261231\n",
    "calendar_dates": "service_id,date,exception_type\nweek,20261225,2\nsat,20261225,1\n",
}


def feed_folder(folder: Path, changes: dict[str, str | None] | None = None) -> Path:
    """Write the feed as a folder; a table that changes to None is left out."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (TABLES | (changes or {})).items():
        if text is not None:
            (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    return folder


def feed_zip(path: Path, changes: dict[str, str | None] | None = None, inside: str = "") -> Path:
    """Write the feed as a zip, its tables in the folder `inside`."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (TABLES | (changes or {})).items():
            if text is not None:
                archive.writestr(f"{inside}{name}.txt", text)
    return path


def without_row(table: str, begin: str) -> str:
    """Return a table without the rows that begin so."""
    return "".join(line for line in TABLES[table].splitlines(keepends=True) if not line.startswith(begin))
