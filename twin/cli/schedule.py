"""`twin schedule`: plan any scenario of a city under aims, inside the limits of its grid."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click

import data
from data.city_folder import CityFolder, read_city_folder
from data.errors import ProblemList
from data.weather import Weather
from data.weather_files import read_weather
from optimizers.fleet import FleetSettings
from optimizers.frontier import Frontier
from optimizers.plan import PlanStatus
from twin.aims import Aims, Objective, demand_call
from twin.aims_frontier import aims_frontier
from twin.city import build_city, district_code, embedded_weather, place_of
from twin.city_problem import city_problem
from twin.cli import exit_codes
from twin.cli.run_options import runs_option
from twin.day import CityDay, city_day
from twin.scenario import TODAY, scenario_of
from twin.schedule_answers import schedule_sentences, uncertain_sentences
from twin.schedule_files import write_schedule
from twin.schedule_scenario import PlannedScenario, depot_plans, plan_scenario
from twin.schedule_words import binding_sentences, place_sentences, shortfall_sentences
from twin.uncertain_plan import plan_under_uncertainty
from twin.uncertainty import protected

EMBEDDED_SEOUL = Path(data.__file__).parent / "seoul"
MOST_TOLD = 10
SURE = 0.95
"""Probability with which duties take no more energy than garages are planned for, under scenarios."""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=EMBEDDED_SEOUL)
@click.option("--district", help="Code or name of one district.")
@click.option("--date", "service_date", type=click.DateTime(["%Y-%m-%d"]), help="Service date.  [tomorrow]")
@click.option("--scenario", default=TODAY, show_default=True, help="Scenario of the city folder.")
@click.option("--weather", type=click.Path(path_type=Path), help="EPW or hourly CSV instead of the embedded year.")
@click.option(
    "--objective",
    type=click.Choice([str(one) for one in Objective]),
    default="cost",
    show_default=True,
    help="What is least.",
)
@click.option("--peak-cap", type=float, default=float("inf"), help="Most MW the city draws.")
@click.option(
    "--demand-response",
    "calls",
    multiple=True,
    metavar="HH:MM-HH:MM=MW",
    help="Draw so much less than without the call, in local time. May be repeated.",
)
@click.option("--carbon-budget", type=float, default=float("inf"), help="Most t of CO2 of the day.")
@click.option("--carbon-price", type=float, default=0.0, help="KRW for each kg of CO2.")
@click.option("--service-level", type=float, default=1.0, help="Least share of its energy every vehicle gets.")
@click.option("--fair", type=float, help="Most that any district loses of its charging and its solar power, a share.")
@click.option(
    "--scenarios", type=click.IntRange(min=1), help="Plan for so many drawn days, test on as many fresh ones."
)
@click.option(
    "--frontier", "against", type=click.Choice(["peak", "carbon"]), help="Draw what less of it costs, into the report."
)
@click.option("--points", type=click.IntRange(min=2), default=6, show_default=True, help="Plans of the frontier.")
@click.option("--time-limit", default=120.0, show_default=True, help="Seconds for each stage.")
@click.option("--gap", default=2e-3, show_default=True, help="Relative gap at which a plan is good enough.")
@click.option("--workers", default=os.cpu_count() or 1, show_default=True, help="Processes and threads.")
@click.option(
    "--lang", type=click.Choice(["ko", "en"]), default="en", show_default=True, help="Language of the answer."
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for plan, reasons and report.")
@runs_option
@click.pass_context
def schedule(
    context: click.Context,
    /,
    folder: Path,
    district: str | None,
    service_date: datetime | None,
    scenario: str,
    weather: Path | None,
    objective: str,
    peak_cap: float,
    calls: tuple[str, ...],
    carbon_budget: float,
    carbon_price: float,
    service_level: float,
    fair: float | None,
    scenarios: int | None,
    against: str | None,
    points: int,
    time_limit: float,
    gap: float,
    workers: int,
    lang: str,
    out: Path | None,
    runs: Path,
) -> None:
    """Plan every garage, vehicle, battery and flexible load of a city for a day, under the aims that are given.

    FOLDER is a city folder; without one, Seoul. Aims that contradict each other are refused together.
    """
    aims = _aims(objective, peak_cap, calls, carbon_budget, carbon_price, service_level, fair)
    city = read_city_folder(folder)
    when = service_date.date() if service_date else _tomorrow(city)
    code = None if district is None else district_code(city, district)
    built = build_city(city, scenario_of(city, scenario), runs / "cache", code)
    means = _weather(city, when, weather)
    day = city_day(built, when, means)
    click.echo(f"{city.settings.name}, {when.isoformat()}, {scenario}: {', '.join(aims.words())}")
    planned = plan_scenario(day, aims, time_limit, gap, workers, lambda phase: click.echo(f"  {phase}"))
    _tell(planned, lang)
    if scenarios is not None:
        _tell_uncertain(day, means, planned, scenarios, lang)
    frontier = None
    if against is not None:
        frontier = _frontier(planned, Objective(against), points)
    if out is not None:
        unit = "MW" if against == "peak" else "t"
        for path in write_schedule(planned, out, frontier, unit):
            click.echo(str(path))
    if planned.found.plan.status is PlanStatus.FAILED:
        context.exit(exit_codes.FAILED)


def _aims(
    objective: str,
    peak_cap_mw: float,
    calls: tuple[str, ...],
    carbon_budget_t: float,
    carbon_price: float,
    service_level: float,
    fair: float | None,
) -> Aims:
    """Return the aims; everything that is wrong with them is told at once."""
    problems = ProblemList()
    read = [demand_call(text, row, problems) for row, text in enumerate(calls, start=1)]
    aims = Aims(
        objective=Objective(objective),
        peak_cap_kw=peak_cap_mw * 1e3,
        calls=tuple(call for call in read if call is not None),
        carbon_limit_kg=carbon_budget_t * 1e3,
        carbon_krw_per_kg=carbon_price,
        service_level=service_level,
        fair_share=fair,
    )
    aims.note_problems(problems)
    problems.raise_if_any()
    return aims


def _tomorrow(city: CityFolder) -> date:
    return datetime.now(UTC).astimezone(city.settings.zone).date() + timedelta(days=1)


def _weather(city: CityFolder, day: date, path: Path | None) -> Weather:
    if path is None and city.settings.weather_source != "synthetic":
        path = city.path / city.settings.weather_source
    return embedded_weather(city, day.year) if path is None else read_weather(path, place_of(city), day.year)


def _tell_uncertain(day: CityDay, weather: Weather, planned: PlannedScenario, count: int, lang: str) -> None:
    click.echo(f"  {count} drawn days, {count} fresh ones")
    settings, seed = planned.settings, day.city.folder.settings.seed
    careful, factor = protected(day, SURE)
    fleet = FleetSettings(settings.time_limit_s / 4, settings.gap, settings.threads, seed)
    problem = city_problem(careful, depot_plans(careful, fleet), fleet)
    found = plan_under_uncertainty(careful, weather, problem, count, settings, seed, factor)
    click.echo()
    for sentence in uncertain_sentences(found, lang):
        click.echo(sentence)


def _frontier(planned: PlannedScenario, against: Objective, points: int) -> Frontier:
    click.echo(f"  frontier against {against}")
    found = aims_frontier(planned.tariffs, against, planned.system, planned.settings, points)
    unit = "MW" if against is Objective.PEAK else "t"
    click.echo()
    for point in found.points:
        click.echo(f"{point.quantity / 1e3:12,.2f} {unit} {point.cost_krw / 1e6:14,.3f} million KRW")
    return found


def _tell(planned: PlannedScenario, lang: str) -> None:
    click.echo()
    for sentence in schedule_sentences(planned, lang):
        click.echo(sentence)
    why = planned.why
    for sentences in (shortfall_sentences(why, lang), binding_sentences(why, lang), place_sentences(why, lang)):
        if sentences:
            click.echo()
        for sentence in sentences[:MOST_TOLD]:
            click.echo(f"- {sentence}")
