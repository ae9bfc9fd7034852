"""A small town, written once, planned many times."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

from data.city_folder import read_city_folder
from data.city_folder_template import write_template
from data.store import RunStore
from twin.city import embedded_weather
from twin.nightly import NightlyJob, NightlyResult, run_nightly
from twin.progress import PlainReporter
from twin.scenario import scenario_of
from twin.schedule import ScheduleLimits

SERVICE_DATE = date(2026, 11, 24)


def write_town(parent: Path, name: str = "town") -> Path:
    """Write the template of a city folder and return its path."""
    folder = parent / name
    write_template(folder, name)
    return folder


def town_job(folder: Path, **changes: object) -> NightlyJob:
    """Return the job of planning a town on one process."""
    city = read_city_folder(folder)
    fields = {
        "folder": city,
        "scenario": scenario_of(city, "today"),
        "district": None,
        "service_date": SERVICE_DATE,
        "weather": embedded_weather(city, SERVICE_DATE.year),
        "limits": ScheduleLimits(depots_s=60.0, dispatch_s=30.0, gap=5e-3, workers=1),
    }
    return NightlyJob(**(fields | changes))  # type: ignore[arg-type]


def plan_town(folder: Path, runs: Path, **changes: object) -> NightlyResult:
    """Plan a town and return its run."""
    return run_nightly(town_job(folder, **changes), RunStore(runs), PlainReporter(lambda line: None))


def edit_table(folder: Path, table: str, old: str, new: str) -> None:
    """Replace text in a table of a city folder; it must be there exactly once."""
    path = folder / f"{table}.csv"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path.name}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def copy_of(folder: Path, target: Path) -> Path:
    """Return a copy of a folder."""
    return Path(shutil.copytree(folder, target))
