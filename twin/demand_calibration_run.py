"""Calibrate a city folder's demand: ``python -m twin.demand_calibration_run FOLDER WEATHER [--write]``."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
import pandas as pd

from data.calendar import Calendar
from data.city_settings import SETTINGS_FILE, read_settings
from data.city_tables import table
from data.contract_class import CONTRACT_CLASSES
from data.errors import InvalidInput, ProblemList
from data.schema import read_table
from data.weather_files import read_weather
from twin.demand import at_medium_voltage_kw, district_demand_kw
from twin.demand_calibration import Calibration, Sales, calibrate, levels_table, sales_of_table, year_hours_utc
from twin.demand_clock import LocalDays
from twin.demand_tables import class_response

NEEDED = ("districts", "district_energy", "parameters", "demand_shapes", "demand_response", "demand_activity")
LEVELS = {"source": "demand-calibration", "assumed": "true"}


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("weather", type=click.Path(path_type=Path))
@click.option("--write", is_flag=True, help="Write demand_levels.csv into the folder.")
def calibrate_demand(folder: Path, weather: Path, write: bool) -> None:  # noqa: FBT001 (click passes flags by name)
    """Find the levels of demand of the city in FOLDER from its sales and the WEATHER of the same year."""
    try:
        calibration, sales, report = calibrate_folder(folder, weather)
    except InvalidInput as refused:
        click.echo(str(refused), err=True)
        raise SystemExit(2) from refused
    click.echo(report)
    if write:
        write_levels(folder, calibration)
        click.echo(f"wrote {table('demand_levels').filename} for {len(sales.districts)} districts")


def calibrate_folder(folder: Path, weather_file: Path) -> tuple[Calibration, Sales, str]:
    """Calibrate the city of a folder; the tables that are not needed for it are not read.

    Returns
    -------
    calibration, sales
        Result and what it was calibrated to.
    report
        Errors by month and class, the year's energy and the peaks, for a person.

    Raises
    ------
    InvalidInput
        With every problem of the files.
    """
    problems = ProblemList()
    settings = read_settings(folder / SETTINGS_FILE, problems)
    tables: dict[str, pd.DataFrame] = {}
    for name in NEEDED:
        read = read_table(folder / table(name).filename, table(name), problems, file=table(name).filename)
        if read is not None:
            tables[name] = read
    problems.raise_if_any()
    if settings is None:  # a reader returned nothing without saying why
        raise AssertionError(f"{folder} was refused without a problem")
    weather = read_weather(weather_file)
    days = LocalDays(Calendar(settings.country), settings.timezone)
    sales = sales_of_table(tables["district_energy"], tuple(tables["districts"]["code"]))
    parameters = tables["parameters"].set_index("name")["value"]
    peak_kw = float(parameters["demand_cooling_peak_kw"])
    calibration = calibrate(sales, class_response(tables), weather, days, peak_kw)
    hours_utc = year_hours_utc(sales.year, days.zone)
    demand_kw = district_demand_kw(calibration.model, weather, hours_utc, 1.0, days)
    load_kw = at_medium_voltage_kw(calibration.model, demand_kw).sum(("district", "contract_class"))
    lines = [
        *_error_lines(calibration, sales),
        f"cooling factor {calibration.cooling_factor:.3f}; year {float(demand_kw.sum()) / 1e9:.2f} TWh metered, "
        f"{float(load_kw.sum()) / 1e9:.2f} TWh at the buses",
        f"load at the buses {float(load_kw.min()) / 1e6:.2f} to {float(load_kw.max()) / 1e6:.2f} GW",
    ]
    return calibration, sales, "\n".join(lines)


def write_levels(folder: Path, calibration: Calibration) -> None:
    """Write the table `demand_levels` of a city folder."""
    schema = table("demand_levels")
    body = levels_table(calibration.model, LEVELS).to_csv(index=False, lineterminator="\n")
    heading = f"# table {schema.name}, version {schema.version}\n# {schema.meaning}\n"
    (folder / schema.filename).write_text(heading + body, encoding="utf-8")


def _error_lines(calibration: Calibration, sales: Sales) -> list[str]:
    """Model over sales by class and month, % above: as calendar months and as meters are read."""
    lines = [f"model over sales of {sales.year} in the city, %: months {', '.join(map(str, sales.months))}"]
    for words, energy_kwh in (("calendar months", calibration.calendar_kwh), ("as read", calibration.billed_kwh)):
        lines.append(words)
        pairs = [(str(name), energy_kwh[:, c], sales.energy_kwh[:, c]) for c, name in enumerate(CONTRACT_CLASSES)]
        for name, ours, sold in [*pairs, ("all", energy_kwh.sum(axis=1), sales.energy_kwh.sum(axis=1))]:
            with np.errstate(invalid="ignore", divide="ignore"):
                by_month = 100 * (ours.sum(axis=0) / sold.sum(axis=0) - 1)
                total = 100 * (ours.sum() / sold.sum() - 1)
            lines.append(f"  {name:<16}" + " ".join(f"{value:+6.1f}" for value in by_month) + f"   sum {total:+.2f}")
    return lines


if __name__ == "__main__":
    calibrate_demand()
