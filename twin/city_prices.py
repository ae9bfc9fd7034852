"""Prices of energy that a city's vehicles and batteries pay by."""

from __future__ import annotations

from data.tariffs import energy_price_krw_per_kwh
from twin.day import CityDay, Floats
from twin.ev_cohorts import Cohort

BATTERY_HOST_CLASS = "general"
"""Contract class whose most common plan stationary batteries pay and earn by."""


def tariff_price(day: CityDay, tariff: str) -> Floats:
    """Return the (T,) price of energy under a plan."""
    settings, calendar = day.city.folder.settings, day.planning.calendar
    return energy_price_krw_per_kwh(day.city.tariffs[tariff], day.planning.times_utc, settings.zone, calendar)


def cohort_tariffs(day: CityDay) -> dict[Cohort, str]:
    """Return the plan each cohort of vehicles pays by."""
    table = day.city.folder.tables["charging_tariffs"]
    of_name = {str(name): str(plan) for name, plan in zip(table["cohort"], table["tariff"], strict=True)}
    return {cohort: of_name[cohort.label] for cohort in Cohort}


def battery_tariff(day: CityDay) -> str:
    """Return the plan batteries pay by: the most common one of their hosts' class."""
    table = day.city.folder.tables["class_tariffs"]
    rows = table[table["contract_class"] == BATTERY_HOST_CLASS]
    return str(rows.loc[rows["energy_share"].idxmax(), "tariff"])
