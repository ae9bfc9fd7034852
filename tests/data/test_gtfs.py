"""GTFS feeds: what is read, and how everything that is wrong with one is listed."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.errors import InvalidInput, Problem
from data.gtfs import read_gtfs
from data.gtfs_rows import MAX_LISTED
from data.safe_unzip import UnzipLimits
from tests.data.gtfs_builders import CALENDAR, TABLES, feed_folder, feed_zip, without_row


def problems_of(path: Path) -> tuple[Problem, ...]:
    with pytest.raises(InvalidInput) as refused:
        read_gtfs(path)
    return refused.value.problems


def test_zip_folder_and_zip_with_a_folder_hold_the_same(tmp_path: Path) -> None:
    feeds = [
        read_gtfs(feed_zip(tmp_path / "a.zip")),
        read_gtfs(feed_zip(tmp_path / "b.zip", inside="feed/")),
        read_gtfs(feed_folder(tmp_path / "c")),
    ]
    for feed in feeds[1:]:
        assert feed.tables.keys() == feeds[0].tables.keys()
        assert all(feed.tables[name].equals(table) for name, table in feeds[0].tables.items())
    assert feeds[0].zone.key == "Asia/Seoul"
    assert feeds[0].days == (date(2026, 6, 1), date(2026, 12, 31))


def test_byte_order_mark_windows_ends_quotes_and_unknown_columns_are_read(tmp_path: Path) -> None:
    stops = '\ufeffstop_id,stop_name,stop_lat,stop_lon,colour\r\n"s1","a, ""b""\r\nc",37.5,127,red\r\n'
    rest = TABLES["stops"].split("\n", 2)[2].replace("\n", ",blue\r\n")
    feed = read_gtfs(feed_folder(tmp_path / "feed", {"stops": stops.replace("\r\nc", " c") + rest}))
    assert feed.tables["stops"]["stop_name"].iloc[0] == 'a, "b" c'
    assert list(feed.tables["stops"].index) == [2, 3, 4, 5]


def test_times_pass_midnight(tmp_path: Path) -> None:
    stop_times = read_gtfs(feed_folder(tmp_path / "feed")).tables["stop_times"]
    night = stop_times[stop_times["trip_id"] == "night"]
    assert list(night["arrival_time"]) == [24 * 3600 + 50 * 60, 25 * 3600 + 30 * 60]


def test_services_of_weekdays_exceptions_and_days_outside(tmp_path: Path) -> None:
    feed = read_gtfs(feed_folder(tmp_path / "feed"))
    assert feed.services(date(2026, 11, 20)) == {"week"}
    assert feed.services(date(2026, 11, 21)) == {"sat"}
    assert feed.services(date(2026, 11, 22)) == frozenset()
    assert feed.services(date(2026, 12, 25)) == {"sat"}
    assert feed.services(date(2026, 6, 1)) == {"week"}
    assert feed.services(date(2026, 12, 31)) == {"week"}
    assert feed.services(date(2027, 1, 1)) == frozenset()


def test_a_feed_may_have_dates_only(tmp_path: Path) -> None:
    dates = "service_id,date,exception_type\nweek,20261120,1\nsat,20261121,1\n"
    feed = read_gtfs(feed_folder(tmp_path / "feed", {"calendar": None, "calendar_dates": dates}))
    assert feed.services(date(2026, 11, 20)) == {"week"}


BAD = {
    "missing table": ({"stops": None}, "stops.txt", 0, "", "the table is missing"),
    "no calendar": ({"calendar": None, "calendar_dates": None}, "calendar.txt", 0, "", "neither calendar"),
    "empty table": ({"trips": ""}, "trips.txt", 0, "", "the file is empty"),
    "missing column": ({"stops": "stop_name\ns1\n"}, "stops.txt", 0, "stop_id", "the column is missing"),
    "unknown zone": ({"agency": "agency_timezone\nAsia/Seul\n"}, "agency.txt", 2, "agency_timezone", "Asia/Seul"),
    "two zones": (
        {"agency": "agency_timezone\nAsia/Seoul\nAsia/Tokyo\n"},
        "agency.txt",
        0,
        "agency_timezone",
        "2 time zones",
    ),
    "no agency": ({"agency": "agency_timezone\n"}, "agency.txt", 0, "agency_timezone", "no agency"),
    "hour 80": (
        {"stop_times": TABLES["stop_times"].replace("25:30:00,25:30:00", "80:00:00,80:00:00")},
        "stop_times.txt",
        8,
        "arrival_time",
        "80 hours",
    ),
    "no time": (
        {"stop_times": TABLES["stop_times"].replace("05:40:00,05:40:00", "5.40,5.40")},
        "stop_times.txt",
        4,
        "arrival_time",
        "'5.40' is not a time",
    ),
    "trip without stops": ({"stop_times": without_row("stop_times", "night")}, "trips.txt", 4, "trip_id", "no stops"),
    "one stop": (
        {"stop_times": without_row("stop_times", "night,25")},
        "trips.txt",
        4,
        "trip_id",
        "one stop only",
    ),
    "untimed end": (
        {"stop_times": TABLES["stop_times"].replace("night,25:30:00,25:30:00", "night,,")},
        "stop_times.txt",
        8,
        "arrival_time",
        "the last stop of trip night has no time",
    ),
    "backward": (
        {"stop_times": TABLES["stop_times"].replace("night,25:30:00,25:30:00", "night,01:30:00,01:30:00")},
        "stop_times.txt",
        8,
        "arrival_time",
        "arrives before it has left",
    ),
    "backward over an untimed stop": (
        {"stop_times": TABLES["stop_times"].replace("out1,05:40:00,05:40:00", "out1,04:40:00,04:40:00")},
        "stop_times.txt",
        4,
        "arrival_time",
        "arrives before it has left",
    ),
    "leaves before it comes": (
        {"stop_times": TABLES["stop_times"].replace("06:40:00,06:40:00", "06:40:00,06:39:00")},
        "stop_times.txt",
        6,
        "departure_time",
        "before the arrival",
    ),
    "no time at all": (
        {"stop_times": TABLES["stop_times"].replace("25:30:00,25:30:00", "24:50:00,24:50:00")},
        "stop_times.txt",
        8,
        "arrival_time",
        "no time at all",
    ),
    "unknown stop": (
        {"stop_times": TABLES["stop_times"].replace("out1,,,s2", "out1,,,s9")},
        "stop_times.txt",
        3,
        "stop_id",
        "no stop_id 's9'",
    ),
    "unknown trip": (
        {"stop_times": TABLES["stop_times"] + "ghost,05:00:00,05:00:00,s1,1\n"},
        "stop_times.txt",
        15,
        "trip_id",
        "no trip_id 'ghost'",
    ),
    "unknown route": ({"trips": TABLES["trips"] + "r9,week,x,\n"}, "trips.txt", 8, "route_id", "no route_id 'r9'"),
    "unknown service": ({"trips": TABLES["trips"] + "r1,noday,x,\n"}, "trips.txt", 8, "service_id", "'noday'"),
    "unknown shape": ({"trips": TABLES["trips"] + "r1,week,x,line\n"}, "trips.txt", 8, "shape_id", "'line'"),
    "trip twice": ({"trips": TABLES["trips"] + "r1,week,out1,\n"}, "trips.txt", 8, "trip_id", "earlier row"),
    "stop without place": (
        {"stops": TABLES["stops"].replace("s3,끝,37.60,127.00", "s3,끝,,")},
        "stops.txt",
        4,
        "stop_lat",
        "no place",
    ),
    "stop at null island": (
        {"stops": TABLES["stops"].replace("s3,끝,37.60,127.00", "s3,끝,0,0")},
        "stops.txt",
        4,
        "stop_lat",
        "no place",
    ),
    "latitude": ({"stops": TABLES["stops"] + "s5,x,137,127\n"}, "stops.txt", 6, "stop_lat", "above 90"),
    "NaN": ({"stops": TABLES["stops"] + "s5,x,nan,127\n"}, "stops.txt", 6, "stop_lat", "not a finite number"),
    "infinite": ({"stops": TABLES["stops"] + "s5,x,37,inf\n"}, "stops.txt", 6, "stop_lon", "not a finite number"),
    "torn row": ({"stops": TABLES["stops"] + "s5,x\n"}, "stops.txt", 6, "", "2 fields where the header has 4"),
    "bad date": (
        {"calendar": CALENDAR + "week,1,1,1,1,1,0,0,2026-06-01,20261231\nsat,0,0,0,0,0,1,0,20260601,20260631\n"},
        "calendar.txt",
        2,
        "start_date",
        "'2026-06-01' is not a date",
    ),
    "ends before it starts": (
        {"calendar": CALENDAR + "week,1,1,1,1,1,0,0,20261231,20260601\nsat,0,0,0,0,0,1,0,20260601,20260630\n"},
        "calendar.txt",
        2,
        "end_date",
        "ends before",
    ),
    "exception type": (
        {"calendar_dates": "service_id,date,exception_type\nweek,20261225,3\n"},
        "calendar_dates.txt",
        2,
        "exception_type",
        "above 2",
    ),
    "headway of nothing": (
        {"frequencies": "trip_id,start_time,end_time,headway_secs\nghost,05:00:00,06:00:00,600\n"},
        "frequencies.txt",
        2,
        "trip_id",
        "'ghost'",
    ),
    "headway backward": (
        {"frequencies": "trip_id,start_time,end_time,headway_secs\nout1,06:00:00,05:00:00,600\n"},
        "frequencies.txt",
        2,
        "end_time",
        "ends before",
    ),
    "headways overlap": (
        {
            "frequencies": "trip_id,start_time,end_time,headway_secs\n"
            "out1,05:00:00,06:00:00,600\nout1,05:50:00,07:00:00,900\n"
        },
        "frequencies.txt",
        3,
        "start_time",
        "overlaps",
    ),
    "headway zero": (
        {"frequencies": "trip_id,start_time,end_time,headway_secs\nout1,05:00:00,06:00:00,0\n"},
        "frequencies.txt",
        2,
        "headway_secs",
        "below 1",
    ),
    "distance falls": (
        {
            "stop_times": TABLES["stop_times"]
            .replace("stop_sequence\n", "stop_sequence,shape_dist_traveled\n")
            .replace(",1\n", ",1,5\n")
            .replace(",2\n", ",2,4\n")
            .replace(",3\n", ",3,6\n")
            .replace(",9\n", ",9,6\n")
        },
        "stop_times.txt",
        3,
        "shape_dist_traveled",
        "falls",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_every_fault_is_listed_with_its_place_and_its_fix(tmp_path: Path, case: str) -> None:
    changes, file, row, field, words = BAD[case]
    found = problems_of(feed_zip(tmp_path / "feed.zip", changes))
    assert any(
        (bad.file, bad.row) == (file, row) and field in (bad.field, "") and words in bad.what and bad.fix
        for bad in found
    ), [str(bad) for bad in found]


def test_all_faults_are_listed_at_once(tmp_path: Path) -> None:
    changes = {
        "agency": "agency_timezone\nMars/Base\n",
        "stop_times": without_row("stop_times", "night") + "ghost,05:00:00,05:00:00,s9,1\n",
    }
    files = {(bad.file, bad.field) for bad in problems_of(feed_zip(tmp_path / "feed.zip", changes))}
    assert {
        ("agency.txt", "agency_timezone"),
        ("trips.txt", "trip_id"),
        ("stop_times.txt", "trip_id"),
        ("stop_times.txt", "stop_id"),
    } <= files


def test_many_equal_faults_are_counted(tmp_path: Path) -> None:
    stops = TABLES["stops"] + "".join(f"x{number},x,200,0\n" for number in range(100))
    found = problems_of(feed_folder(tmp_path / "feed", {"stops": stops}))
    assert len(found) == MAX_LISTED + 1
    assert f"{100 - MAX_LISTED} more rows" in found[-1].what


def test_another_encoding_and_an_open_quote(tmp_path: Path) -> None:
    folder = feed_folder(tmp_path / "feed", {"routes": 'route_id,route_type\nr1,"3\n'})
    (folder / "stops.txt").write_bytes(TABLES["stops"].encode("cp949"))
    whats = {bad.file: bad.what for bad in problems_of(folder)}
    assert "not UTF-8" in whats["stops.txt"]
    assert "cannot be split" in whats["routes.txt"]


def test_zip_bombs_ways_out_and_things_that_are_no_zip(tmp_path: Path) -> None:
    bomb = feed_zip(tmp_path / "bomb.zip", {"fare_rules": "0" * 30_000_000})
    assert any("grows more than" in bad.what for bad in problems_of(bomb))
    with zipfile.ZipFile(feed_zip(tmp_path / "out.zip"), "a") as archive:
        archive.writestr("../escaped.txt", "x")
    assert any("out of the folder" in bad.what for bad in problems_of(tmp_path / "out.zip"))
    assert not (tmp_path.parent / "escaped.txt").exists()
    (tmp_path / "text.zip").write_text("stop_id\n")
    assert "damaged" in problems_of(tmp_path / "text.zip")[0].what
    assert "no such file" in problems_of(tmp_path / "absent.zip")[0].what
    with pytest.raises(InvalidInput, match="MB are allowed"):
        read_gtfs(feed_zip(tmp_path / "small.zip"), UnzipLimits(total_bytes=1000))


def test_nothing_is_left_in_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    read_gtfs(feed_zip(tmp_path / "feed.zip"))
    problems_of(feed_zip(tmp_path / "bad.zip", {"stops": None}))
    assert not list(scratch.iterdir())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=st.sampled_from(sorted(TABLES)), start=st.integers(0, 300), junk=st.binary(max_size=12))
def test_damaged_bytes_are_refused_or_read_but_never_crash(tmp_path: Path, table: str, start: int, junk: bytes) -> None:
    folder = feed_folder(tmp_path / "feed")
    raw = TABLES[table].encode()
    (folder / f"{table}.txt").write_bytes(raw[:start] + junk + raw[start + len(junk) :])
    try:
        read_gtfs(folder)
    except InvalidInput as refused:
        assert refused.problems  # noqa: PT017 — either outcome is right, a traceback is not
