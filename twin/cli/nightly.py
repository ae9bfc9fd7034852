"""`twin nightly`: plan tomorrow for a city and publish it."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click
from rich.console import Console

import data
from data.city_folder import CityFolder, read_city_folder
from data.forecast import ForecastService, fetch_forecast
from data.ledger import RunState
from data.store import RunStore
from data.weather import Weather
from data.weather_files import read_weather
from twin.city import district_code, embedded_weather, place_of
from twin.cli import exit_codes
from twin.cli.run_options import runs_option
from twin.nightly import SUMMARY_FILE, NightlyJob, NightlyResult, run_nightly
from twin.progress import BarReporter, PlainReporter
from twin.report_answers import answer_sentences
from twin.scenario import TODAY, scenario_of
from twin.schedule import ScheduleLimits
from twin.stopping import StopRequest
from twin.summary_types import summary_from_json

EMBEDDED_SEOUL = Path(data.__file__).parent / "seoul"


@click.command()
@click.option(
    "--city", "folder", type=click.Path(path_type=Path), default=EMBEDDED_SEOUL, help="City folder.  [embedded Seoul]"
)
@click.option("--date", "service_date", type=click.DateTime(["%Y-%m-%d"]), help="Service date.  [tomorrow]")
@click.option("--district", help="Code or name of one district.")
@click.option("--scenario", default=TODAY, show_default=True, help="Scenario of the city folder.")
@click.option(
    "--weather", type=click.Path(path_type=Path), help="EPW or hourly CSV instead of the embedded synthetic year."
)
@click.option("--any-year", is_flag=True, help="Let the weather file's calendar days stand for those of any year.")
@click.option("--forecast", is_flag=True, help="Use Open-Meteo's public forecast (needs a network connection).")
@click.option("--time-limit", default=120.0, show_default=True, help="Seconds for all garages together.")
@click.option("--gap", default=1e-3, show_default=True, help="Relative gap at which a garage is planned well enough.")
@click.option("--workers", default=os.cpu_count() or 1, show_default=True, help="Processes to plan garages with.")
@click.option(
    "--lang", type=click.Choice(["ko", "en"]), default="en", show_default=True, help="Language of the answer."
)
@runs_option
@click.pass_context
def nightly(
    context: click.Context,
    /,
    folder: Path,
    service_date: datetime | None,
    district: str | None,
    scenario: str,
    weather: Path | None,
    runs: Path,
    lang: str,
    time_limit: float,
    gap: float,
    workers: int,
    *,
    any_year: bool,
    forecast: bool,
) -> None:
    """Plan a day for every garage, vehicle and battery, check it by AC power flow, and publish it.

    Asking again for the same day and inputs returns the run that is there.
    """
    city = read_city_folder(folder)
    day = service_date.date() if service_date else _tomorrow(city)
    store = RunStore(runs)
    job = NightlyJob(
        folder=city,
        scenario=scenario_of(city, scenario),
        district=None if district is None else district_code(city, district),
        service_date=day,
        weather=_weather(city, day, weather, runs, any_year=any_year, forecast=forecast),
        limits=ScheduleLimits(depots_s=time_limit, dispatch_s=60.0, gap=gap, workers=workers),
    )
    click.echo(f"{city.settings.name}, {day.isoformat()}, {job.scenario.name}; weather: {job.weather.description}")
    result = _run(job, store)
    _tell(result, store, lang)
    if result.record.state is RunState.DEGRADED:
        context.exit(exit_codes.DEGRADED)


def _run(job: NightlyJob, store: RunStore) -> NightlyResult:
    console = Console()
    with StopRequest() as stop:
        if not console.is_terminal:
            return run_nightly(job, store, PlainReporter(click.echo), stop)
        with BarReporter(console) as reporter:
            return run_nightly(job, store, reporter, stop)


def _tomorrow(city: CityFolder) -> date:
    return datetime.now(UTC).astimezone(city.settings.zone).date() + timedelta(days=1)


def _weather(city: CityFolder, day: date, path: Path | None, runs: Path, *, any_year: bool, forecast: bool) -> Weather:
    if path is not None and forecast:
        raise click.UsageError("give --weather or --forecast, not both")
    if forecast:
        return fetch_forecast(place_of(city), ForecastService(runs / "cache" / "forecast"))
    if path is None and city.settings.weather_source != "synthetic":
        path = city.path / city.settings.weather_source
    if path is None:
        return embedded_weather(city, day.year)
    weather = read_weather(path, place_of(city), day.year)
    return weather.mapped_to(day.year) if any_year else weather


def _tell(result: NightlyResult, store: RunStore, lang: str) -> None:
    folder = store.folder_of(result.record.run_id)
    summary = summary_from_json(json.loads((folder / SUMMARY_FILE).read_bytes()))
    click.echo()
    for sentence in answer_sentences(summary, lang):
        click.echo(sentence)
    click.echo()
    if result.reused:
        click.echo("This day was planned before with the same inputs; that run is shown.")
    click.echo(f"run     {result.record.run_id} ({result.record.state}: {result.record.message})")
    click.echo(f"report  {folder / f'report.{lang}.html'}")
