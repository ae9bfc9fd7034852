"""Bad depots and timetables at the command line: exit code 2, file, row, field and fix, and nothing half-planned."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.data.depot_folders import FILES, TOML, with_row, with_setting, write_depot
from tests.data.gtfs_builders import TABLES, feed_zip, without_row
from tests.twin.transit_builders import model_depot
from twin.cli import main

Twin = Callable[..., tuple[int, str]]


@pytest.fixture
def twin(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Twin:
    """The program as it is installed: what it exits with, and all that it prints."""

    def run(*words: str | Path) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["twin", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(str(ended.value.code)), said.out + said.err

    return run


DUTIES = FILES["duties.csv"]
DEPOTS: dict[str, tuple[dict[str, str | None], str]] = {
    "a duty that overlaps itself": (
        {"duties": DUTIES + "A,1,2026-11-24T05:00,2026-11-24T05:30,10,\n"},
        "duties.csv, row 5, duty: ",
    ),
    "a bus on two duties": (
        {"duties": DUTIES + "D,1,2026-11-24T05:00,2026-11-24T06:00,10,\n"},
        "duties.csv, row 5, bus: bus 1 is on duty D",
    ),
    "a return before the departure": (
        {"duties": with_row("duties.csv", "2026-11-24T07:00", "2026-11-24T03:00")},
        "duties.csv, row 2, return: ",
    ),
    "a negative energy": (
        {"duties": with_row("duties.csv", "120", "-120")},
        "duties.csv, row 2, energy_kwh: -120 kWh is below 0",
    ),
    "more energy than the battery": (
        {"duties": with_row("duties.csv", "120", "181")},
        "duties.csv, row 2, energy_kwh: ",
    ),
    "a state of charge above 1": (
        {"buses": with_row("buses.csv", "1,city,0.5", "1,city,1.2")},
        "buses.csv, row 2, soc: 1.2",
    ),
    "a state of charge below 0": (
        {"buses": with_row("buses.csv", "1,city,0.5", "1,city,-0.5")},
        "buses.csv, row 2, soc: -0.5",
    ),
    "a state of charge in percent": (
        {"buses": with_row("buses.csv", "1,city,0.5", "1,city,50")},
        "buses.csv, row 2, soc: 50 (a share: 0.8 for 80 percent) is above 1",
    ),
    "power in W": (
        {"chargers": with_row("chargers.csv", "dc,1,0,100,", "dc,1,0,100000,")},
        "chargers.csv, row 2, max_kw: 100000 kW is above 5000",
    ),
    "a connection in W": (
        {"toml": with_setting("import_limit_kw = 150", "import_limit_kw = 150000000")},
        "depot.toml, site.import_limit_kw: ",
    ),
    "a charger of 0 kW": (
        {"chargers": with_row("chargers.csv", "dc,1,0,100,", "dc,1,0,0,")},
        "chargers.csv, row 2, max_kw: 0 kW is below 1",
    ),
    "a tariff that does not cover the day": (
        {"prices": with_row("prices.csv", "2026-11-24T06:00", "2026-11-24T05:00")},
        "prices.csv, from, to: ",
    ),
    "a month-to-date peak above the contract": (
        {"toml": with_setting("month_to_date_peak_kw = 10", "month_to_date_peak_kw = 210")},
        "depot.toml, site.month_to_date_peak_kw: ",
    ),
    "an hour the clocks skip": (
        {
            "toml": TOML.replace("{zone}", "Europe/Berlin").replace("2026-11-23T18:00", "2026-03-28T18:00"),
            "duties": "duty,bus,departure,return,energy_kwh\nA,1,2026-03-29T02:30,2026-03-29T05:00,60\n",
            "prices": FILES["prices.csv"]
            .replace("2026-11-23T", "2026-03-28T")
            .replace("2026-11-24T06:00", "2026-03-29T07:00"),
        },
        "duties.csv, row 2, departure: ",
    ),
    "an hour the clocks show twice": (
        {
            "toml": TOML.replace("{zone}", "Europe/Berlin").replace("2026-11-23T18:00", "2026-10-24T18:00"),
            "duties": "duty,bus,departure,return,energy_kwh\nA,1,2026-10-25T02:30,2026-10-25T05:00,60\n",
            "prices": FILES["prices.csv"].replace("2026-11-23T", "2026-10-24T").replace("2026-11-24T", "2026-10-25T"),
        },
        "duties.csv, row 2, departure: ",
    ),
    "a 25-hour time": (
        {"duties": with_row("duties.csv", "2026-11-24T07:00", "2026-11-23T31:00")},
        "duties.csv, row 2, return: ",
    ),
}


@pytest.mark.parametrize("name", DEPOTS)
def test_a_bad_depot_is_listed_and_not_planned(tmp_path: Path, twin: Twin, name: str) -> None:
    changes, place = DEPOTS[name]
    folder = write_depot(tmp_path / "yard", **changes)
    before = set(tmp_path.rglob("*"))
    for command in (("check", folder), ("plan", folder), ("size", folder)):
        code, said = twin("depot", *command)
        assert code == 2, said
        line = next((line for line in said.splitlines() if place in line), "")
        assert line, said
        assert len(line.split(place)[1]) > 10  # what is wrong, and how to mend it
        assert "Traceback" not in said
    assert set(tmp_path.rglob("*")) == before


def test_all_problems_of_a_depot_are_listed_at_once(tmp_path: Path, twin: Twin) -> None:
    changes = {
        "buses": with_row("buses.csv", "1,city,0.5", "1,city,50"),
        "duties": with_row("duties.csv", "120", "-120"),
        "chargers": with_row("chargers.csv", "dc,1,0,100,", "dc,1,0,0,"),
        "toml": with_setting("month_to_date_peak_kw = 10", "month_to_date_peak_kw = 210"),
    }
    code, said = twin("depot", "check", write_depot(tmp_path / "yard", **changes))
    assert code == 2
    for file in ("buses.csv", "duties.csv", "chargers.csv", "depot.toml"):
        assert file in said
    assert "4 problems" in said


FEEDS: dict[str, tuple[dict[str, str | None], str]] = {
    "a missing table": ({"stop_times": None}, "stop_times.txt: the table is missing"),
    "a trip without stops": (
        {"stop_times": without_row("stop_times", "night")},
        "trips.txt, row 4, trip_id: trip night has no stops",
    ),
    "a time of 80 hours": (
        {"stop_times": TABLES["stop_times"].replace("25:30:00,25:30:00", "80:00:00,80:00:00")},
        "stop_times.txt, row 8, arrival_time: ",
    ),
    "a trip that runs backward": (
        {"stop_times": TABLES["stop_times"].replace("night,25:30:00,25:30:00", "night,01:30:00,01:30:00")},
        "stop_times.txt, row 8, arrival_time: ",
    ),
    "a zone that is none": ({"agency": "agency_timezone\nAsia/Seul\n"}, "agency.txt, row 2, agency_timezone: "),
    "a zip bomb": ({"fare_rules": "0" * 30_000_000}, "grows more than"),
}
"""What is wrong with each feed, and what the line that says so contains."""

IMPORT = (
    *("--date", "2026-11-20", "--city", "seoul", "--bus-type", "city_bus", "--temperature", "-5", "--layover", "5"),
    *("--longest-wait", "60", "--garage-layover", "10", "--charge-kw", "60", "--circuity", "1.3"),
    *("--stop-circuity", "1.2"),
)
"""Options of an import that is in order."""


@pytest.mark.parametrize("name", FEEDS)
def test_a_bad_feed_is_listed_and_nothing_is_written(tmp_path: Path, twin: Twin, name: str) -> None:
    changes, place = FEEDS[name]
    feed, depot = feed_zip(tmp_path / "feed.zip", changes), model_depot(tmp_path)
    before = set(tmp_path.rglob("*"))
    for command in (("check", feed), ("import", feed, tmp_path / "out", "--depot", depot, *IMPORT)):
        code, said = twin("transit", *command)
        assert code == 2, said
        line = next((line for line in said.splitlines() if place in line), "")
        assert line, said
        assert len(line) > len(place) + 10
        assert "Traceback" not in said
    assert set(tmp_path.rglob("*")) == before


def test_a_zip_that_leads_out_of_its_folder_is_refused(tmp_path: Path, twin: Twin) -> None:
    feed = feed_zip(tmp_path / "feed.zip")
    with zipfile.ZipFile(feed, "a") as archive:
        archive.writestr("../escaped.txt", "x")
    code, said = twin("transit", "check", feed)
    assert code == 2
    assert "out of the folder" in said
    assert not (tmp_path.parent / "escaped.txt").exists()


def test_25_hour_times_of_a_feed_are_the_next_day(tmp_path: Path, twin: Twin) -> None:
    feed, depot = feed_zip(tmp_path / "feed.zip"), model_depot(tmp_path)
    code, said = twin("transit", "import", feed, tmp_path / "out", "--depot", depot, *IMPORT)
    assert code == 0, said
    night = next(line for line in (tmp_path / "out" / "trips.csv").read_text().splitlines() if "night" in line)
    assert "2026-11-21T00:50" in night
    assert "2026-11-21T01:30" in night
