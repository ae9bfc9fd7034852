"""The tariff plan of a depot, taken from a city folder, or the demand charge of its own prices."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from data.calendar import Calendar
from data.city_folder import CityFolder, read_city_folder
from data.depot_clock import Times, local_time
from data.depot_settings import DEPOT_SETTINGS_FILE, SHIPPED_SEOUL, DepotSettings
from data.errors import InvalidInput, ProblemList
from data.tariffs import Tariff, tariffs_of

SEOUL = Path(__file__).parent / "seoul"


@dataclass(frozen=True)
class DepotTariff:
    """A tariff plan, the holidays it counts, and the content of the city folder both come from."""

    plan: Tariff
    calendar: Calendar
    content_sha256: str


def read_depot_tariff(
    path: Path, settings: DepotSettings, edges_utc: Times | None, problems: ProblemList, *, own_prices: bool
) -> DepotTariff | None:
    """Return the plan that `depot.toml` names, or None when the depot has its own prices or a problem was noted.

    Parameters
    ----------
    path
        The depot folder; a relative `tariff.city_folder` starts there.
    settings
        What `depot.toml` says.
    edges_utc
        (T+1,) edges of the horizon, on all of which the plan must be in force; None when they are not known.
    problems
        Takes what is wrong.
    own_prices
        Whether the folder holds a table of prices.
    """
    before = len(problems)
    named = bool(settings.text("tariff.plan") or settings.text("tariff.city_folder"))
    _check_choice(settings, problems, named=named, own_prices=own_prices)
    if len(problems) > before or not named:
        return None
    city = _city(path, settings.text("tariff.city_folder"), problems)
    if city is None:
        return None
    plans = tariffs_of(city.tables)
    name = settings.text("tariff.plan")
    if name not in plans:
        fix = "write one of: " + ", ".join(sorted(plans))
        problems.add(DEPOT_SETTINGS_FILE, f"there is no tariff plan '{name}'", fix, field="tariff.plan")
        return None
    plan = plans[name]
    if plan.steps:
        what = f"the plan {name} rises in steps with the energy of the month: it is one of households"
        problems.add(DEPOT_SETTINGS_FILE, what, "choose a time-of-use plan", field="tariff.plan")
        return None
    first = None if edges_utc is None else local_time(edges_utc[0], settings.zone).date()
    if first is not None and first < plan.effective_from:
        what = f"the prices of {name} begin on {plan.effective_from}, the horizon on {first}: the day is not covered"
        problems.add(DEPOT_SETTINGS_FILE, what, "use the prices of that day, in prices.csv", field="tariff.plan")
        return None
    return DepotTariff(plan, city.calendar, city.content_sha256)


def _check_choice(settings: DepotSettings, problems: ProblemList, *, named: bool, own_prices: bool) -> None:
    """Require a plan or own prices, never both, each with what belongs to it."""

    def wrong(field: str, what: str, fix: str) -> None:
        problems.add(DEPOT_SETTINGS_FILE, what, fix, field=field)

    if named and own_prices:
        wrong("tariff.plan", "a tariff plan is named and prices.csv is there as well", "remove one of them")
    elif not named and not own_prices:
        wrong("tariff", "there is no tariff", "name city_folder and plan, or add prices.csv")
    if not named:
        return
    for key in ("city_folder", "plan"):
        if not settings.text(f"tariff.{key}"):
            wrong(f"tariff.{key}", "the setting is missing", "name both city_folder and plan")
    if "tariff.sell_krw_per_kwh" not in settings.values:
        wrong("tariff.sell_krw_per_kwh", "the setting is missing", "write what a kWh sold earns, or 0")
    if settings.has("demand"):
        wrong("demand", "the tariff plan has its own demand charge", "remove the section")


def _city(path: Path, name: str, problems: ProblemList) -> CityFolder | None:
    folder = SEOUL if name == SHIPPED_SEOUL else (path / name)
    try:
        return read_city_folder(folder)
    except InvalidInput as refused:
        count = len(refused.problems)
        what = (
            f"the city folder '{name}' has {count} problem{'' if count == 1 else 's'}, the first: {refused.problems[0]}"
        )
        fix = f"run: twin city check {folder}, or write seoul for the tables that come with the program"
        problems.add(DEPOT_SETTINGS_FILE, what, fix, field="tariff.city_folder")
        return None
