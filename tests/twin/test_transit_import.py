"""From a timetable to depot folders that can be planned: route tables, feeds, clocks, the command line."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from data.depot_clock import utc_of
from data.depot_folder import read_depot_folder
from data.errors import InvalidInput, ProblemList
from data.gtfs import read_gtfs
from data.gtfs_trips import DistanceRule, bus_trips
from data.route_table import read_route_table
from tests.data.gtfs_builders import TABLES, feed_folder, feed_zip
from tests.twin.transit_builders import CITY, model_depot
from twin.buses_energy import climate_power_kw
from twin.cli import twin
from twin.transit_city import city_bus
from twin.transit_folder import folder_names, local_text
from twin.transit_garages import by_garage
from twin.transit_import import battery_of
from twin.transit_timetable import RouteLength, TimetableRules, timetable

BERLIN = ZoneInfo("Europe/Berlin")
HEAD = "노선번호,기점명,종점명,인가대수,배차간격,거리,운행시간,최대배차,최소배차,첫차시간,막차시간\n"
ROUTES = (
    HEAD
    + "100,강동차고지,시청,29,,40,160,12,8,04:00,22:30\n"
    + "200,강동차고지,서울역,6,20,20,,,,05:00,22:00\n"
    + "N1,장지 / 차고지,서울역,4,30,30,100,,,23:30,03:30\n"
)
COMMON = (
    *("--date", "2026-11-20", "--city", "seoul", "--bus-type", "city_bus", "--temperature", "-5"),
    *("--layover", "5", "--longest-wait", "60", "--garage-layover", "10", "--charge-kw", "60"),
)
FEED = ["--circuity", "1.3", "--stop-circuity", "1.2"]
TABLE = ["--route-length", "round-trip", "--garage-km", "1", "--rush", "7-9", "--rush", "17-20"]


def rules(length: RouteLength = RouteLength.ROUND_TRIP, rush: tuple[tuple[float, float], ...] = ()) -> TimetableRules:
    return TimetableRules(length, rush, layover_h=0.25, garage_km=2.0, speed_km_per_h=np.full(24, 20.0))


def routes_of(path: Path, rows: str) -> pd.DataFrame:
    path.write_text(HEAD + rows, encoding="utf-8")
    table = read_route_table(path, problems := ProblemList())
    assert table is not None, list(problems)
    return table


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(twin, ["transit", *map(str, arguments)])


def test_departures_by_headway(tmp_path: Path) -> None:
    table = routes_of(tmp_path / "r.csv", "1,a,b,,20,10,60,,,05:00,06:10\n")
    trips, places = timetable(table, rules(), "r.csv")
    np.testing.assert_allclose(trips.start_h, [5, 5 + 1 / 3, 5 + 2 / 3, 6, 6 + 1 / 6])
    np.testing.assert_allclose(trips.end_h - trips.start_h, 1.0)
    assert list(places.id) == ["1: a"]


def test_rush_hours_have_the_shorter_headway(tmp_path: Path) -> None:
    table = routes_of(tmp_path / "r.csv", "1,a,b,,,10,60,30,10,06:00,09:00\n")
    trips, _ = timetable(table, rules(rush=((7, 8),)), "r.csv")
    minutes = np.diff(trips.start_h) * 60
    np.testing.assert_allclose(minutes, [30, 30, *[10] * 6, 30, 30])


def test_the_buses_of_a_route_set_its_headway_and_suffice(tmp_path: Path) -> None:
    table = routes_of(tmp_path / "r.csv", "1,a,b,5,,10,60,,,05:00,12:00\n")
    trips, _ = timetable(table, rules(), "r.csv")
    np.testing.assert_allclose(np.diff(trips.start_h)[:-1] * 60, 75 / 5)


def test_speeds_set_the_running_time_and_night_routes_pass_midnight(tmp_path: Path) -> None:
    table = routes_of(tmp_path / "r.csv", "N,a,b,,60,10,,,,23:00,01:00\n")
    trips, _ = timetable(table, rules(), "r.csv")
    np.testing.assert_allclose(trips.start_h, [23, 24, 25])
    np.testing.assert_allclose(trips.end_h - trips.start_h, 0.5)


def test_one_way_trips_leave_both_terminals(tmp_path: Path) -> None:
    table = routes_of(tmp_path / "r.csv", "1,a,b,,60,10,30,,,05:00,06:00\n2,c,d,,60,10,30,,,05:00,05:00\n")
    trips, places = timetable(table, rules(RouteLength.ONE_WAY), "r.csv")
    assert sorted(trips.id) == ["1<1", "1<2", "1>1", "1>2", "2<1", "2>1"]
    assert (trips.start_place != trips.end_place).all()
    np.testing.assert_allclose(places.between_km, 4.0 * (1 - np.eye(4)))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("1,a,b,5,10,,60,,,05:00,06:00", "no length"),
        ("1,a,b,5,10,10,60,,,,", "no first and last departure"),
        ("1,a,b,,,10,60,,,05:00,06:00", "neither headway nor buses"),
        ("1,a,b,0,,10,60,,,05:00,06:00", "neither headway nor buses"),
        ("1,a,b,,,10,60,12,8,05:00,06:00", "two headways"),
        ("1,a,a,,10,10,60,,,05:00,06:00", "one terminal only"),
    ],
)
def test_routes_that_lack_something_are_listed(tmp_path: Path, row: str, words: str) -> None:
    table = routes_of(tmp_path / "r.csv", f"{row}\n9,x,y,,10,,60,,,05:00,06:00\n")
    with pytest.raises(InvalidInput, match=words) as refused:
        timetable(table, rules(RouteLength.ONE_WAY), "r.csv")
    assert {bad.row for bad in refused.value.problems} == {2, 3}


def test_a_column_that_no_route_of_a_long_table_has_is_one_problem(tmp_path: Path) -> None:
    rows = "".join(f"{number},a,b,5,10,,60,,,05:00,\n" for number in range(20))
    table = routes_of(tmp_path / "r.csv", rows.replace("05:00,\n", "05:00,06:00\n") + "21,a,b,5,10,,60,,,,\n")
    with pytest.raises(InvalidInput) as refused:
        timetable(table, rules(RouteLength.ONE_WAY), "r.csv")
    found = [(bad.row, bad.field, bad.what) for bad in refused.value.problems]
    assert found[0] == (0, "length_km", "none of the 21 routes has a length")
    assert [(row, field) for row, field, _ in found[1:]] == [(22, "first_h")]


def test_routes_go_to_the_nearest_garage_and_ways_by_circuity(tmp_path: Path) -> None:
    feed = read_gtfs(feed_folder(tmp_path / "feed"))
    trips = bus_trips(feed, date(2026, 11, 20), DistanceRule(stop_circuity=1.2))
    garages = pd.DataFrame({"id": ["far", "near"], "longitude": [128.0, 127.0], "latitude": [37.55, 37.5]})
    parts = by_garage(feed, trips, garages, 1.3)
    assert list(parts) == ["near"]
    own, places = parts["near"]
    assert sorted(own.id) == sorted(trips.id)
    assert list(places.id) == ["s1", "s3"]
    degree = np.pi / 180 * 6371.0088
    np.testing.assert_allclose(places.garage_km, [0, 0.13 * degree], atol=1e-9)
    np.testing.assert_allclose(places.between_km, 0.13 * degree * (1 - np.eye(2)), atol=1e-9)


def test_the_cold_takes_the_climate_power_of_the_citys_table() -> None:
    problems = ProblemList()
    cold = city_bus(CITY, "city_bus", -5.0, problems)
    assert cold is not None
    expected = climate_power_kw(np.array(-5.0), np.array([-10.0, 0.0]), np.array([9.5, 6.5]))
    assert cold.driving.climate_kw == pytest.approx(float(expected))
    assert city_bus(CITY, "tram", -5.0, problems) is None
    assert "no bus type 'tram'" in next(iter(problems)).what


def test_the_battery_of_a_bus_type() -> None:
    bus = city_bus(CITY, "city_bus", 20.0, ProblemList())
    assert bus is not None
    kind = replace(bus.type, battery_kwh=300, min_soc=0.1, max_soc=0.9, max_charge_kw=100, charge_efficiency=0.95)
    battery = battery_of(kind, 0.05, 60.0)
    assert vars(battery) == pytest.approx({"usable_kwh": 240.0, "reserve_kwh": 15.0, "charge_kw": 57.0})
    assert battery.carried_kwh == pytest.approx(225.0)
    assert battery_of(kind, 0.05, 150.0).charge_kw == pytest.approx(95.0)  # the bus takes no more


@pytest.mark.parametrize("reserve_soc", ["0.05", "0.5"])
def test_the_reserve_of_the_depot_counts(tmp_path: Path, reserve_soc: str) -> None:
    table, depot = tmp_path / "routes.csv", model_depot(tmp_path)
    table.write_text(HEAD + "1,a,b,20,30,90,300,,,06:00,08:00\n", encoding="utf-8")
    settings = (depot / "depot.toml").read_text(encoding="utf-8")
    (depot / "depot.toml").write_text(settings.replace("reserve_soc = 0.05", f"reserve_soc = {reserve_soc}"))
    result = run("import", table, tmp_path / "out", "--depot", depot, *COMMON, *TABLE)
    refused = "the battery carries" in str(result.exception)
    assert refused == (reserve_soc == "0.5")


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        ("2026-10-25T00:30", "2026-10-25T02:30+02:00"),  # shown twice: the first time
        ("2026-10-25T01:30", "2026-10-25T02:30+01:00"),
        ("2026-10-25T02:30", "2026-10-25T03:30"),
        ("2026-03-29T00:59", "2026-03-29T01:59"),
        ("2026-03-29T01:00", "2026-03-29T03:00"),  # 02:00 to 03:00 is skipped
        ("2026-03-29T01:00:05", "2026-03-29T03:00:05"),
    ],
)
def test_local_times_on_days_the_clocks_change(instant: str, text: str) -> None:
    time = np.datetime64(instant, "ns")
    assert local_text(time, BERLIN) == text
    assert utc_of(text, BERLIN) == time


def test_folder_names_are_safe_and_unique() -> None:
    assert folder_names(["장지 / 차고지", "../..", "a b", "a/b", ""]) == [
        "장지_차고지",
        "garage",
        "a_b",
        "a_b_2",
        "garage_2",
    ]


def test_a_feed_becomes_depot_folders(tmp_path: Path) -> None:
    feed, depot, out = feed_zip(tmp_path / "feed.zip"), model_depot(tmp_path), tmp_path / "out"
    result = run("import", feed, out, "--depot", depot, *COMMON, *FEED)
    assert result.exit_code == 0, result.output
    assert "distance straight lines between stops" in result.output
    (garage,) = [path for path in out.iterdir() if path.is_dir()]
    folder = read_depot_folder(garage)
    assert folder.settings.text("planning.start") == "2026-11-20T04:00"
    trips = pd.read_csv(out / "trips.csv")
    assert sorted(trips["trip"]) == ["back1", "express", "night", "out1"]
    assert set(trips["garage"]) == {garage.name}
    assert trips.set_index("trip")["end"]["night"] == "2026-11-21T01:30"
    duties = folder.tables["duties"]
    assert set(trips["duty"]) == set(duties["duty"])
    assert (trips.groupby("duty")["distance_km"].sum() <= duties.set_index("duty")["distance_km"]).all()
    record = json.loads((out / "transit_import.json").read_text(encoding="utf-8"))
    assert record["sha256"] == read_gtfs(feed).sha256
    assert record["garages"][0]["energy_kwh"] == pytest.approx(duties["energy_kwh"].sum(), abs=0.1)
    assert record["garages"][0]["buses"] == len(folder.tables["buses"])


def test_a_route_table_becomes_one_folder_a_terminal(tmp_path: Path) -> None:
    table, depot, out = tmp_path / "routes.csv", model_depot(tmp_path), tmp_path / "out"
    table.write_text(ROUTES, encoding="utf-8")
    result = run("import", table, out, "--depot", depot, *COMMON, *TABLE)
    assert result.exit_code == 0, result.output
    assert "강동차고지: the timetable needs" not in result.output
    assert sorted(path.name for path in out.iterdir() if path.is_dir()) == ["강동차고지", "장지_차고지"]
    night = read_depot_folder(out / "장지_차고지")
    assert night.name == "장지 / 차고지"
    assert night.settings.number("planning.hours") >= 24
    record = json.loads((out / "transit_import.json").read_text(encoding="utf-8"))
    assert [own["garage"] for own in record["garages"]] == ["강동차고지", "장지 / 차고지"]


def test_more_buses_than_authorised_are_said(tmp_path: Path) -> None:
    table, depot = tmp_path / "routes.csv", model_depot(tmp_path)
    table.write_text(ROUTES.replace("100,강동차고지,시청,29", "100,강동차고지,시청,2"), encoding="utf-8")
    result = run("import", table, tmp_path / "out", "--depot", depot, *COMMON, *TABLE)
    assert "강동차고지: the timetable needs" in result.output
    assert "8 are authorised" in result.output


def test_a_day_on_which_the_clocks_change(tmp_path: Path) -> None:
    """A night trip over the hour that comes twice lasts as long as its times say, and its folder passes the check."""
    changes = {
        "agency": "agency_timezone\nEurope/Berlin\n",
        "calendar": TABLES["calendar"].replace("week,1,1,1,1,1,0,0", "week,1,1,1,1,1,0,1"),
        "stop_times": TABLES["stop_times"].replace("24:50:00", "01:50:00").replace("25:30:00", "03:50:00"),
    }
    feed, depot = feed_zip(tmp_path / "feed.zip", changes), model_depot(tmp_path)
    options = ["--date", "2026-10-25", *COMMON[2:], *FEED]
    result = run("import", feed, tmp_path / "out", "--depot", depot, *options)
    assert result.exit_code == 0, result.output
    (garage,) = [path for path in (tmp_path / "out").iterdir() if path.is_dir()]
    night = pd.read_csv(tmp_path / "out" / "trips.csv").set_index("trip").loc["night"]
    # noon minus 12 hours is 01:00 summer time on this day, so 01:50 is ten to three, shown for the first time
    assert night["start"] == "2026-10-25T02:50+02:00"
    assert night["end"] == "2026-10-25T03:50"
    assert read_depot_folder(garage).settings.text("depot.timezone") == "Europe/Berlin"


def test_every_problem_is_listed_and_nothing_written(tmp_path: Path) -> None:
    feed = feed_zip(tmp_path / "feed.zip", {"stops": None, "routes": "route_id\nr1\n"})
    depot = model_depot(tmp_path)
    (depot / "depot.toml").write_text("schema_version = 1\n")
    before = set(tmp_path.rglob("*"))
    options = [*COMMON, *FEED]
    options[options.index("city_bus")] = "tram"
    result = CliRunner().invoke(
        twin, ["transit", "import", str(feed), str(tmp_path / "out"), "--depot", str(depot), *options]
    )
    assert isinstance(result.exception, InvalidInput)
    files = {bad.file.rsplit("/", 1)[-1] for bad in result.exception.problems}
    assert {"stops.txt", "routes.txt", "bus_types.csv", "depot.toml"} <= files
    assert set(tmp_path.rglob("*")) == before


def test_folders_that_fail_their_check_are_not_left_behind(tmp_path: Path) -> None:
    feed, depot = feed_zip(tmp_path / "feed.zip"), model_depot(tmp_path)
    (depot / "chargers.csv").unlink()
    before = set(tmp_path.rglob("*"))
    result = run("import", feed, tmp_path / "out", "--depot", depot, *COMMON, *FEED)
    assert isinstance(result.exception, InvalidInput)
    assert any(bad.file.endswith("/chargers.csv") for bad in result.exception.problems)
    assert set(tmp_path.rglob("*")) == before


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    feed, depot = feed_zip(tmp_path / "feed.zip"), model_depot(tmp_path)
    (tmp_path / "out").mkdir()
    result = run("import", feed, tmp_path / "out", "--depot", depot, *COMMON, *FEED)
    assert "exists already" in str(result.exception)
    result = run("import", feed, tmp_path / "no" / "out", "--depot", depot, *COMMON, *FEED)
    assert "does not exist" in str(result.exception)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--circuity", "nan"], "finite"),
        (["--circuity", "0.5"], "range"),
        (["--rush", "9-7"], "stretch of hours"),
        (["--date", "20261120"], "not a date"),
        ([], "needs --circuity"),
    ],
)
def test_wrong_options_are_refused(tmp_path: Path, options: list[str], words: str) -> None:
    result = run("import", tmp_path / "f.zip", tmp_path / "out", "--depot", tmp_path, *COMMON, *options)
    assert result.exit_code == 2
    assert words in result.output


def test_check_lists_the_problems_of_a_feed(tmp_path: Path) -> None:
    good = run("check", feed_zip(tmp_path / "good.zip"))
    assert good.exit_code == 0
    assert "no problems. 1 agency, 4 stops" in good.output
    bad = run("check", feed_zip(tmp_path / "bad.zip", {"stops": None}))
    assert bad.exit_code == 2
    assert "stops.txt: the table is missing" in bad.output
    listed = json.loads(run("check", tmp_path / "bad.zip", "--json").output)
    assert listed[0]["file"] == "stops.txt"


@pytest.mark.real_data
def test_seouls_routes_lack_what_a_timetable_needs(real_seoul: Path) -> None:
    path = real_seoul / "bus" / "seoul_bus_routes_authorised_buses_2025.csv"
    table = read_route_table(path, ProblemList())
    assert table is not None
    with pytest.raises(InvalidInput) as refused:
        timetable(table, rules(), path.name)
    assert [bad.field for bad in refused.value.problems] == ["length_km", "first_h"]  # all 325 routes lack both
    filled = table.assign(length_km=45.0, first_h=4.5, last_h=22.5)
    trips, places = timetable(filled, rules(), path.name)
    assert len(set(trips.route)) == 325
    assert len(places.id) == 325
