"""The garages of the embedded Seoul on one service day, as depot problems: what the fleet solver is measured on."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

import data
from data.city_folder import read_city_folder
from data.tariffs import tariffs_of
from optimizers.problem import DepotProblem
from twin.buses_day import garage_days
from twin.buses_model import bus_model
from twin.buses_rules import HORIZON_H, PlanningDay, depot_rules
from twin.city import embedded_weather

SERVICE_DATE = date(2026, 11, 24)


def seoul_garages(scenario: str) -> list[DepotProblem]:
    """Return the day's problem of every garage: scenario `today` is 2,451 buses, `full_fleet` all 7,383."""
    folder = read_city_folder(Path(data.__file__).parent / "seoul")
    settings = folder.settings
    start = datetime.combine(SERVICE_DATE, settings.day_start, tzinfo=settings.zone).astimezone(ZoneInfo("UTC"))
    first = np.datetime64(start.replace(tzinfo=None), "ns")
    steps = np.arange(round(HORIZON_H / settings.step_h)) * np.timedelta64(settings.step_min, "m")
    times = np.asarray(first + steps.astype("timedelta64[ns]"))
    weather = embedded_weather(folder, SERVICE_DATE.year).at(times, settings.step_h)
    day = PlanningDay(times, settings.step_h, settings.zone, folder.calendar, SERVICE_DATE, weather.temp_c)
    model, tariffs = bus_model(folder.tables, scenario), tariffs_of(folder.tables)
    garages = garage_days(model, tariffs, day, depot_rules(folder), settings.seed)
    return [garage.problem for garage in garages.values()]
