"""Depot folders: what a good one gives, and every problem of a bad one with its file, row, field and fix."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from data.depot_clock import BadTime, inside_hours, local_labels, utc_of
from data.depot_folder import check_depot_folder, read_depot_folder
from data.depot_folder_template import EXAMPLE, write_depot_template
from data.depot_reference_page import DEPOT_PAGE, depot_folder_page
from data.depot_state import NOT_PLUGGED, read_depot_state
from data.depot_tables import DEPOT_TABLES
from data.errors import InvalidInput, Problem
from tests.data.depot_folders import FILES, TOML, with_row, with_setting, write_depot


def one(folder: Path) -> Problem:
    """The only problem of a folder."""
    problems = check_depot_folder(folder)
    assert len(problems) == 1, [str(problem) for problem in problems]
    assert problems[0].fix
    return problems[0]


def test_a_good_folder_is_read_whole(tmp_path: Path) -> None:
    folder = read_depot_folder(write_depot(tmp_path / "a"))
    assert folder.name == "Yard"
    assert folder.bus_names == ("1", "2", "3")
    assert folder.tariff is None
    assert len(folder.edges_utc) == 25
    assert folder.edges_utc[0] == np.datetime64("2026-11-23T09:00")
    assert folder.times_utc["duties.departure"][0] == np.datetime64("2026-11-23T19:00")
    assert folder.column_of_buses("battery_kwh").tolist() == [200.0] * 3


def test_equal_folders_have_equal_checksums_and_others_not(tmp_path: Path) -> None:
    first, second = (read_depot_folder(write_depot(tmp_path / name)) for name in "ab")
    assert first.content_sha256 == second.content_sha256
    other = write_depot(tmp_path / "c", duties=with_row("duties.csv", "120", "119"))
    assert read_depot_folder(other).content_sha256 != first.content_sha256


BAD = {
    "a duty listed twice overlaps itself": (
        {"duties": FILES["duties.csv"] + "A,1,2026-11-24T05:00,2026-11-24T06:00,10,\n"},
        ("duties.csv", 5, "duty", "stands already in row 2"),
    ),
    "a bus on two duties": (
        {"duties": FILES["duties.csv"] + "D,1,2026-11-24T05:00,2026-11-24T06:00,10,\n"},
        ("duties.csv", 5, "bus", "bus 1 is on duty D"),
    ),
    "a return before the departure": (
        {"duties": with_row("duties.csv", "2026-11-24T07:00", "2026-11-23T07:00")},
        ("duties.csv", 2, "return", "not after its departure"),
    ),
    "a negative energy": (
        {"duties": with_row("duties.csv", "120", "-120")},
        ("duties.csv", 2, "energy_kwh", "-120 kWh is below 0"),
    ),
    "more energy than the battery": (
        {"duties": with_row("duties.csv", "120", "181")},
        ("duties.csv", 2, "energy_kwh", "the battery of bus 1 gives 180"),
    ),
    "a state of charge in percent": (
        {"buses": with_row("buses.csv", "1,city,0.5", "1,city,50")},
        ("buses.csv", 2, "soc", "(a share: 0.8 for 80 percent) is above 1"),
    ),
    "a negative state of charge": (
        {"buses": with_row("buses.csv", "1,city,0.5", "1,city,-0.5")},
        ("buses.csv", 2, "soc", "is below 0"),
    ),
    "a state of charge below the window": (
        {"buses": with_row("buses.csv", "1,city,0.5", "1,city,0.05")},
        ("buses.csv", 2, "soc", "between 0.1 and 1"),
    ),
    "power in W": (
        {"chargers": with_row("chargers.csv", "dc,1,0,100,", "dc,1,0,100000,")},
        ("chargers.csv", 2, "max_kw", "100000 kW is above 5000"),
    ),
    "power of a bus in W": (
        {"bus_types": with_row("bus_types.csv", "1.0,100,1.0", "1.0,100000,1.0")},
        ("bus_types.csv", 2, "max_charge_kw", "100000 kW is above 5000"),
    ),
    "a charger of 0 kW": (
        {"chargers": with_row("chargers.csv", "dc,1,0,100,", "dc,1,0,0,")},
        ("chargers.csv", 2, "max_kw", "0 kW is below 1"),
    ),
    "a charger whose least power is above its most": (
        {"chargers": with_row("chargers.csv", "dc,1,0,100,", "dc,1,120,100,")},
        ("chargers.csv", 2, "min_kw", "above max_kw"),
    ),
    "a charger that feeds back and cannot pause": (
        {"chargers": with_row("chargers.csv", "100,true,0", "100,false,50")},
        ("chargers.csv", 2, "can_pause", "cannot pause"),
    ),
    "a tariff that ends too early": (
        {"prices": with_row("prices.csv", "2026-11-24T06:00", "2026-11-24T05:00")},
        ("prices.csv", 0, "from, to", "from 2026-11-24T05:00 to the end of the horizon: the tariff does not cover"),
    ),
    "a tariff that begins too late": (
        {"prices": with_row("prices.csv", "2026-11-23T18:00", "2026-11-23T19:00")},
        ("prices.csv", 0, "from, to", "from the start of the horizon to 2026-11-23T19:00"),
    ),
    "a tariff with a hole": (
        {"prices": with_row("prices.csv", "2026-11-23T22:00,2026-11-24T06:00", "2026-11-23T23:00,2026-11-24T06:00")},
        ("prices.csv", 0, "from, to", "from 2026-11-23T22:00 to 2026-11-23T23:00"),
    ),
    "prices that overlap": (
        {"prices": with_row("prices.csv", "2026-11-23T22:00,2026-11-24T06:00", "2026-11-23T21:00,2026-11-24T06:00")},
        ("prices.csv", 3, "from", "overlaps that of row 2"),
    ),
    "a price inside another": (
        {"prices": FILES["prices.csv"] + "2026-11-23T23:00,2026-11-24T00:00,90,0,false\n"},
        ("prices.csv", 4, "from", "overlaps that of row 3"),
    ),
    "a price that runs backward": (
        {"prices": with_row("prices.csv", "2026-11-23T22:00,2026-11-24T06:00", "2026-11-24T06:00,2026-11-23T22:00")},
        ("prices.csv", 3, "to", "runs backward"),
    ),
    "a month-to-date peak above the contract": (
        {"toml": with_setting("month_to_date_peak_kw = 10", "month_to_date_peak_kw = 210")},
        ("depot.toml", 0, "site.month_to_date_peak_kw", "above the contract of 200 kW"),
    ),
    "no tariff at all": ({"prices": None}, ("depot.toml", 0, "tariff", "there is no tariff")),
    "a plan and prices": (
        {
            "toml": with_setting(
                "[tariff]", '[tariff]\ncity_folder = "seoul"\nplan = "ev_self_hv"\nsell_krw_per_kwh = 0'
            )
        },
        ("depot.toml", 0, "tariff.plan", "prices.csv is there as well"),
    ),
    "a plan half named": (
        {"prices": None, "toml": with_setting("[tariff]", '[tariff]\nplan = "ev_self_hv"\nsell_krw_per_kwh = 0')},
        ("depot.toml", 0, "tariff.city_folder", "missing"),
    ),
    "a plan without a price for sales": (
        {"prices": None, "toml": with_setting("[tariff]", '[tariff]\ncity_folder = "seoul"\nplan = "ev_self_hv"')},
        ("depot.toml", 0, "tariff.sell_krw_per_kwh", "missing"),
    ),
    "a plan with a demand section": (
        {
            "prices": None,
            "toml": with_setting("[tariff]", '[tariff]\ncity_folder = "seoul"\nplan = "p"\nsell_krw_per_kwh = 0')
            + "[demand]\nkrw_per_kw_month = 1\nfloor_share = 0\nmonths = []\n",
        },
        ("depot.toml", 0, "demand", "has its own demand charge"),
    ),
    "a city folder that is not there": (
        {
            "prices": None,
            "toml": with_setting("[tariff]", '[tariff]\ncity_folder = "nowhere"\nplan = "p"\nsell_krw_per_kwh = 0'),
        },
        ("depot.toml", 0, "tariff.city_folder", "there is no such folder"),
    ),
    "an hour the clocks skip": (
        {"toml": TOML.replace("{zone}", "Europe/Berlin").replace("2026-11-23T18:00", "2026-03-29T02:30")},
        None,
    ),
    "a duty outside the horizon": (
        {"duties": FILES["duties.csv"] + "D,1,2026-11-25T05:00,2026-11-25T06:00,10,\n"},
        ("duties.csv", 5, "departure", "outside the horizon"),
    ),
    "a duty of a bus that is not there": (
        {"duties": with_row("duties.csv", "A,1,", "A,9,")},
        ("duties.csv", 2, "bus", "there is no bus '9'"),
    ),
    "a time without a date": (
        {"duties": with_row("duties.csv", "2026-11-24T04:00", "04:00")},
        ("duties.csv", 2, "departure", "not a date and time"),
    ),
    "a 25-hour time": (
        {"duties": with_row("duties.csv", "2026-11-24T07:00", "2026-11-23T31:00")},
        ("duties.csv", 2, "return", "not a date and time"),
    ),
    "a departure with more than the window": (
        {
            "bus_types": with_row("bus_types.csv", "0.1,1.0,100", "0.1,0.95,100"),
            "duties": with_row("duties.csv", "120,\n", "120,0.99\n"),
        },
        ("duties.csv", 2, "departure_soc", "goes up to 0.95"),
    ),
    "an end above the window": (
        {
            "toml": with_setting("end_soc = 0.2", "end_soc = 0.99"),
            "bus_types": with_row("bus_types.csv", "0.1,1.0", "0.1,0.95"),
        },
        None,
    ),
    "a window upside down": (
        {"bus_types": with_row("bus_types.csv", "0.1,1.0,100", "0.9,0.9,100")},
        None,
    ),
    "half a taper": (
        {"bus_types": with_row("bus_types.csv", ",0,,,\n", ",0,,0.8,\n")},
        ("bus_types.csv", 2, "taper_end_share", "half of the taper"),
    ),
    "a taper above the window": (
        {"bus_types": with_row("bus_types.csv", ",0,,,\n", ",0,,1.0,0.5\n")},
        ("bus_types.csv", 2, "taper_from_soc", "above the window"),
    ),
    "a cabinet that is not there": (
        {"chargers": with_row("chargers.csv", "1.0,,\n", "1.0,box,\n")},
        ("chargers.csv", 2, "cabinet", "there is no cabinet 'box'"),
    ),
    "a bus that fits no charger": (
        {
            "compatibility": "charger,type\ndc,midi\n",
            "bus_types": FILES["bus_types.csv"] + "midi,100,0.1,1.0,100,1.0,1.0,0,0,,,\n",
        },
        None,
    ),
    "an outlet twice": (
        {
            "chargers": with_row("chargers.csv", "dc,1,", "dc,2,"),
            "outlets": "charger,outlet,station,connector\ndc,1,S,1\ndc,2,S,1\n",
        },
        ("outlets.csv", 3, "connector", "stands already in row 2"),
    ),
    "an outlet too many": (
        {"outlets": "charger,outlet,station,connector\ndc,1,S,1\ndc,2,S,2\n"},
        ("outlets.csv", 3, "outlet", "there is no number 2"),
    ),
    "an outlet that is not listed": (
        {
            "chargers": with_row("chargers.csv", "dc,1,", "dc,2,"),
            "outlets": "charger,outlet,station,connector\ndc,1,S,1\n",
        },
        ("outlets.csv", 0, "outlet", "outlets 2 of dc are missing"),
    ),
    "staff at no time": ({"staff": "from,to\n6:00,22:00\n"}, ("staff.csv", 2, "from", "not a time of day")),
    "staff for no time": ({"staff": "from,to\n06:00,06:00\n"}, ("staff.csv", 2, "to", "no length")),
    "site stretches that overlap": (
        {
            "site": "from,to,pv_kw\n2026-11-23T18:00,2026-11-23T20:00,1\n2026-11-23T19:00,2026-11-23T21:00,1\n",
        },
        ("site.csv", 3, "from", "overlaps that of row 2"),
    ),
    "a step that does not divide an hour": (
        {"toml": with_setting("step_min = 30", "step_min = 25")},
        ("depot.toml", 0, "planning.step_min", "does not divide an hour"),
    ),
    "a horizon of no whole steps": (
        {"toml": with_setting("hours = 12", "hours = 12.3")},
        ("depot.toml", 0, "planning.hours", "no whole number of steps"),
    ),
    "a start inside a step": (
        {"toml": with_setting("T18:00", "T18:10")},
        ("depot.toml", 0, "planning.start", "not at the start of a step"),
    ),
    "a time zone that is none": (
        {"toml": with_setting("Asia/Seoul", "Asia/Nowhere")},
        ("depot.toml", 0, "depot.timezone", "not a time zone"),
    ),
    "a country that is none": (
        {"toml": with_setting('"KR"', '"ZZ"')},
        ("depot.toml", 0, "depot.country", "no calendar"),
    ),
    "a setting that is unknown": (
        {"toml": with_setting("hours = 12", "hours = 12\nhour = 3")},
        ("depot.toml", 0, "planning.hour", "no such setting"),
    ),
    "a setting that is missing": (
        {"toml": with_setting("hours = 12\n", "")},
        ("depot.toml", 0, "planning.hours", "missing"),
    ),
    "a setting of the wrong kind": (
        {"toml": with_setting("hours = 12", 'hours = "12"')},
        ("depot.toml", 0, "planning.hours", "not a number"),
    ),
    "a setting out of bounds": (
        {"toml": with_setting("end_soc = 0.2", "end_soc = 20")},
        ("depot.toml", 0, "planning.end_soc", "out of bounds"),
    ),
    "a setting that is not finite": (
        {"toml": with_setting("base_kw = 0", "base_kw = nan")},
        ("depot.toml", 0, "site.base_kw", "out of bounds"),
    ),
    "a start that is no time": (
        {"toml": with_setting('"2026-11-23T18:00"', '"2026-13-23T18:00"')},
        None,
    ),
    "settings that are no TOML": ({"toml": "[depot\n"}, ("depot.toml", 1, "", "not valid TOML")),
    "a month that is none": (
        {
            "toml": with_setting(
                "[remedies]", "[demand]\nkrw_per_kw_month = 1\nfloor_share = 0\nmonths = [13]\n[remedies]"
            )
        },
        ("depot.toml", 0, "demand.months", "not a list of months"),
    ),
    "half a section": (
        {"toml": with_setting("[remedies]", "[wear]\ncell_krw_per_kwh = 1\ncalendar_free_soc = 1\n[remedies]")},
        ("depot.toml", 0, "wear.calendar_krw_per_kwh_h", "missing"),
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_each_problem_is_listed_with_its_place_and_its_fix(tmp_path: Path, name: str) -> None:
    changed, expected = BAD[name]
    problems = check_depot_folder(write_depot(tmp_path / "depot", **changed))
    assert problems
    assert all(problem.fix and problem.file for problem in problems)
    if expected is None:
        return
    file, row, field, what = expected
    found = [p for p in problems if (p.file, p.row, p.field) == (file, row, field) and what in p.what]
    assert found, [str(problem) for problem in problems]
    assert len(problems) == 1, [str(problem) for problem in problems]


def test_problems_of_many_files_are_listed_together(tmp_path: Path) -> None:
    folder = write_depot(
        tmp_path / "depot",
        toml=with_setting("hours = 12", "hours = 1200"),
        buses=with_row("buses.csv", "1,city,0.5", "1,city,50"),
        duties=with_row("duties.csv", "120", "-120"),
        chargers=with_row("chargers.csv", "dc,1,0,100,", "dc,1,0,0,"),
    )
    files = {problem.file for problem in check_depot_folder(folder)}
    assert files == {"depot.toml", "buses.csv", "duties.csv", "chargers.csv"}
    with pytest.raises(InvalidInput, match="4 problems"):
        read_depot_folder(folder)


def test_a_folder_that_is_not_there_or_empty_is_refused(tmp_path: Path) -> None:
    assert "no such folder" in one(tmp_path / "nowhere").what
    (tmp_path / "empty").mkdir()
    assert "empty" in one(tmp_path / "empty").what


@pytest.mark.parametrize("table", ["buses", "bus_types", "duties", "chargers"])
def test_a_missing_table_is_named(tmp_path: Path, table: str) -> None:
    assert one(write_depot(tmp_path / "depot", **{table: None})).file == f"{table}.csv"


def test_a_duty_overlaps_an_earlier_one_across_a_short_one_between(tmp_path: Path) -> None:
    more = "D,2,2026-11-23T19:00,2026-11-24T03:00,50,\nE,2,2026-11-23T20:00,2026-11-23T21:00,5,\n"
    folder = write_depot(
        tmp_path / "d", duties=FILES["duties.csv"] + more + "F,2,2026-11-23T22:00,2026-11-23T23:00,5,\n"
    )
    found = check_depot_folder(folder)
    assert [problem.row for problem in found] == [6, 7]
    assert all("while it drives duty D" in problem.what for problem in found)


def test_a_misspelt_table_is_not_ignored_but_a_state_may_lie_there(tmp_path: Path) -> None:
    folder = write_depot(tmp_path / "depot", compatability="charger,type\n", state_2240="time,bus\n")
    assert one(folder).file == "compatability.csv"


def test_an_unknown_plan_lists_those_that_are_known(tmp_path: Path) -> None:
    toml = with_setting("[tariff]", '[tariff]\ncity_folder = "seoul"\nplan = "ev"\nsell_krw_per_kwh = 0')
    problem = one(write_depot(tmp_path / "depot", prices=None, toml=toml))
    assert "ev_self_hv" in problem.fix


def test_a_plan_is_refused_for_a_day_before_its_prices(tmp_path: Path) -> None:
    toml = with_setting("[tariff]", '[tariff]\ncity_folder = "seoul"\nplan = "ev_self_hv"\nsell_krw_per_kwh = 0')
    duties = FILES["duties.csv"].replace("2026-11-2", "2025-11-2")
    folder = write_depot(tmp_path / "depot", prices=None, toml=toml.replace("2026-11-23", "2025-11-23"), duties=duties)
    assert "the day is not covered" in one(folder).what


BERLIN = ZoneInfo("Europe/Berlin")


def test_local_times_become_utc_in_winter_and_summer() -> None:
    assert utc_of("2026-01-10T08:00", BERLIN) == np.datetime64("2026-01-10T07:00")
    assert utc_of("2026-07-10T08:00", BERLIN) == np.datetime64("2026-07-10T06:00")


def test_an_hour_the_clocks_skip_is_refused() -> None:
    with pytest.raises(BadTime) as caught:
        utc_of("2026-03-29T02:30", BERLIN)
    assert "skip" in caught.value.what


def test_an_hour_the_clocks_show_twice_needs_its_offset() -> None:
    with pytest.raises(BadTime) as caught:
        utc_of("2026-10-25T02:30", BERLIN)
    assert "twice" in caught.value.what
    assert "+02:00" in caught.value.fix
    assert "+01:00" in caught.value.fix
    assert utc_of("2026-10-25T02:30+02:00", BERLIN) == np.datetime64("2026-10-25T00:30")
    assert utc_of("2026-10-25T02:30+01:00", BERLIN) == np.datetime64("2026-10-25T01:30")


def test_a_night_on_which_clocks_are_set_back_has_an_hour_more(tmp_path: Path) -> None:
    """From 18:00 to 06:00 of the clock are 13 hours: 12 of them end at 05:00."""
    toml = TOML.replace("{zone}", "Europe/Berlin").replace("2026-11-23T18:00", "2026-10-24T18:00")
    text = {
        name: FILES[f"{name}.csv"].replace("11-24", "10-25").replace("11-23", "10-24") for name in ("duties", "prices")
    }
    text["duties"] = text["duties"].replace("2026-10-25T04:30,2026-10-25T05:30", "2026-10-25T04:00,2026-10-25T04:30")
    folder = read_depot_folder(write_depot(tmp_path / "depot", toml=toml, **text))
    labels = local_labels(folder.edges_utc, BERLIN)
    assert labels[-1] == "25 Oct 05:00"
    assert labels.count("25 Oct 02:30") == 2


def test_hours_of_the_day_may_pass_midnight() -> None:
    times = np.array(["2026-11-23T13:00", "2026-11-23T14:00", "2026-11-23T20:00"], dtype="datetime64[ns]")
    inside = inside_hours(times, [(22 * 60, 2 * 60)], ZoneInfo("Asia/Seoul"))
    assert inside.tolist() == [True, True, False]


def test_the_template_passes_and_overwrites_nothing(tmp_path: Path) -> None:
    write_depot_template(tmp_path / "new", 'Depot "차고지"')
    assert read_depot_folder(tmp_path / "new").name == 'Depot "차고지"'
    shipped = {path.name for path in EXAMPLE.iterdir()}
    assert {path.name for path in (tmp_path / "new").iterdir()} == shipped
    assert (tmp_path / "new" / "duties.csv").read_text().startswith("# table duties, version 1\n")
    before = (tmp_path / "new" / "depot.toml").read_bytes()
    with pytest.raises(InvalidInput, match="exists already"):
        write_depot_template(tmp_path / "new", "Other")
    assert (tmp_path / "new" / "depot.toml").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new"]


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 81])
def test_a_template_needs_a_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be the name"):
        write_depot_template(tmp_path / "new", name)
    with pytest.raises(InvalidInput, match="does not exist"):
        write_depot_template(tmp_path / "no" / "new", "Good")


def test_the_page_on_depot_folders_is_what_the_code_says() -> None:
    kept = Path(__file__).parents[2] / "docs" / DEPOT_PAGE
    assert kept.read_text(encoding="utf-8") == depot_folder_page(), "run: python -m data.depot_reference_page"


def test_every_table_has_a_meaning_for_every_column() -> None:
    for schema in DEPOT_TABLES:
        assert all(column.meaning.endswith(".") for column in schema.all_columns), schema.name


STATE = (
    "time,bus,soc,charger,outlet,plugged_since,sessions_used,late_min\n"
    "2026-11-23T20:10,2,0.6,dc,1,2026-11-23T19:40,1,\n"
    "2026-11-23T20:10,1,0.5,,,,,\n"
    "2026-11-23T20:10,3,0.6,,,,,30\n"
)


def _state(tmp_path: Path, text: str = STATE) -> Path:
    (tmp_path / "state.csv").write_text(text)
    return tmp_path / "state.csv"


def test_a_state_is_read_in_the_order_of_the_buses(tmp_path: Path) -> None:
    folder = read_depot_folder(write_depot(tmp_path / "depot"))
    state = read_depot_state(_state(tmp_path), folder)
    assert state.time_utc == np.datetime64("2026-11-23T11:10")
    assert state.soc.tolist() == [0.5, 0.6, 0.6]
    assert state.charger.tolist() == [NOT_PLUGGED, 0, NOT_PLUGGED]
    assert state.outlet.tolist() == [NOT_PLUGGED, 0, NOT_PLUGGED]
    np.testing.assert_allclose(state.plugged_h, [0, 0.5, 0])
    assert state.sessions_used.tolist() == [0, 1, 0]
    assert state.late_h.tolist() == [0, 0, 0.5]


BAD_STATES = {
    "another time": ("2026-11-23T20:10,1", "2026-11-23T20:20,1", "time differs"),
    "an unknown bus": ("20:10,1,0.5", "20:10,7,0.5", "there is no bus '7'"),
    "a missing bus": ("2026-11-23T20:10,1,0.5,,,,,\n", "", "bus 1 is missing"),
    "percent": ("1,0.5,", "1,50,", "is above 1"),
    "an unknown charger": (",dc,1,", ",ac,1,", "there is no charger 'ac'"),
    "an unknown outlet": (",dc,1,", ",dc,2,", "dc has no outlet 2"),
    "an outlet without a number": (",dc,1,", ",dc,,", "outlet is missing"),
    "an outlet without a charger": (",dc,1,", ",,1,", "without its charger"),
    "plugged in the future": ("2026-11-23T19:40", "2026-11-23T20:40", "empty or after now"),
    "an outlet taken twice": ("1,0.5,,,,,", "1,0.5,dc,1,2026-11-23T20:00,,", "is plugged to outlet 1"),
    "a time outside the horizon": ("2026-11-23T20:10", "2026-11-22T20:10", "outside the horizon"),
}


@pytest.mark.parametrize("name", BAD_STATES)
def test_each_problem_of_a_state_is_listed(tmp_path: Path, name: str) -> None:
    old, new, what = BAD_STATES[name]
    assert old in STATE
    folder = read_depot_folder(write_depot(tmp_path / "depot"))
    with pytest.raises(InvalidInput) as caught:
        read_depot_state(_state(tmp_path, STATE.replace(old, new)), folder)
    assert any(what in problem.what for problem in caught.value.problems), str(caught.value)
